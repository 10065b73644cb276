"""What the page says of a marker: itself, how many it scored here, and how far this run is its recipe."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from corticolimbic.predict import Marker, Scored, marker_hash, marker_ids
from corticolimbic.workflow._config import Config


def marker_card(item: Marker, scored: Scored, config: Config, *, judged_as_new: bool) -> dict[str, Any]:
    """Return one object of ``predict/markers.json``.

    Parameters
    ----------
    item
        The marker.
    scored
        Its scores here.
    config
        All settings.
    judged_as_new
        Whether the settings name nobody whom it was trained on.
    """
    used = config.measure.fd_threshold
    notes = []
    if item.recipe_fd_threshold is not None and item.recipe_fd_threshold != used:
        notes.append(
            f"The published recipe drops volumes above {item.recipe_fd_threshold:g} mm; this run used "
            f"{'no censoring' if used is None else f'{used:g} mm'}: a variant, not the published marker."
        )
    if judged_as_new:
        notes.append(
            "The settings name no training people: everybody is judged as somebody whom the marker never "
            "saw, which is wrong for people who trained it."
        )
    card = asdict(item)
    card.pop("terms")
    n_scored = int(scored.table.loc[scored.table["status"] == "ok", "participant_id"].nunique())
    known = scored.reliability
    return {
        **card,
        "sha256": marker_hash(item.id) if item.id in marker_ids() else "",
        "target": target_words(item),
        "n_scored": n_scored,
        "status": "ok" if n_scored else "not computable: needs " + "; ".join(item.needs),
        "note": " ".join(notes),
        "reference_ids": sorted(scored.fitted),
        "icc": None if known is None else known.icc,
        "icc_source": "" if known is None else known.source,
    }


def target_words(item: Marker) -> str:
    """Return what a marker is made of, in a few words."""
    if item.weights is not None and not item.terms:
        return f"{item.weights.applied_to} ({item.weights.form} of weights)"
    if item.clinical is not None:
        return "a clinical value"
    targets = item.targets
    measures = ", ".join(dict.fromkeys(key.measure for key in item.keys))
    if len(targets) > 4:
        return f"{len(targets)} connections" if measures == "fc" else f"{measures} of {len(targets)} targets"
    return f"{measures} of {', '.join(targets)}"
