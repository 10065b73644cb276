"""Words that several rooms share."""

from __future__ import annotations

from typing import Literal

Statistic = Literal["pearson", "ledoit_wolf", "partial"]
"""Estimators of functional connectivity."""
