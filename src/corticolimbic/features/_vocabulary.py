"""Words that several rooms share."""

from __future__ import annotations

from typing import Literal

Statistic = Literal["pearson", "ledoit_wolf", "partial"]
"""Estimators of functional connectivity."""

DRAWN = "drawn, not tested"
"""Begins the note of an effect that has no p: the feature defined the groups (METHODS M-1)."""
