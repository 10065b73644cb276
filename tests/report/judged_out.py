"""A results folder in which many markers were judged, one for each kind of verdict: made up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from predict.judged_markers import class_rows, evaluation, row, tables

from corticolimbic.features import schema, write_table
from corticolimbic.foundation import write_json
from corticolimbic.predict import MarkerFacts, VerdictSettings, verdicts

GOOD, CRUDE, GONE = (0.66, 0.60, 0.72), (0.60, 0.35, 0.85), (0.02, -0.2, 0.24)
COVARIATES = ("age+sex", "motion", "site", "medication", "baseline_pain", "all")
STEADY, LOST = ((0.65, 0.59, 0.71),) * 4, ((0.52, 0.46, 0.58),) * 4
NULL = (0.51, 0.46, 0.56)


def given(**changed) -> dict:
    return {**dict.fromkeys(COVARIATES, (0.55, 0.28, 0.82)), **changed}


MARKERS = {
    "truly": ("prognostic", class_rows(GOOD, 1e-4, crude=CRUDE, given=given(), sweep=STEADY, name="truly")),
    "moving": (
        "prognostic",
        class_rows(GOOD, 1e-4, crude=CRUDE, given=given(motion=GONE, all=GONE), sweep=STEADY, name="moving"),
    ),
    "sited": (
        "prognostic",
        class_rows(NULL, 0.8, pooled=(0.68, 0.62, 0.74), crude=CRUDE, given=given(all=GONE), name="sited"),
    ),
    "edgy": ("prognostic", class_rows(GOOD, 1e-4, crude=CRUDE, given=given(), sweep=LOST, name="edgy")),
    "nothing": ("prognostic", class_rows(NULL, 0.8, name="nothing")),
    "unsure": ("prognostic", class_rows((0.55, 0.42, 0.68), 0.4, name="unsure")),
    "in-pain": ("state", class_rows(GOOD, 1e-4, crude=CRUDE, given=given(), sweep=STEADY, name="in-pain")),
    "few": ("prognostic", class_rows(GOOD, 1e-4, n=20, name="few")),
    "lacking": ("prognostic", []),
}
BASELINE = {"scheme": "leave-one-centre-out", "kind": "baseline", "name": "baseline: motion"}


def write_judged(out: Path) -> pd.DataFrame:
    """Write the folder; return its verdicts. Few markers were judged in the second population."""
    rows = [one for _, made in MARKERS.values() for one in made]
    rows += [row("auc_ceiling", (0.87, 0.87, 0.87), name=name) for name in MARKERS if name != "lacking"]
    second = [
        {**one, "population": "kept", "n": one["n"] // 2}
        for one in rows
        if one["name"] in {"truly", "nothing"}
    ]
    baseline = [row("auc", (0.57, 0.51, 0.63), **BASELINE)]
    judged = evaluation(rows + second + baseline)
    scores, outcomes, populations = tables(names=tuple(name for name in MARKERS if name != "lacking"))
    both = pd.concat([populations, populations.assign(population="kept")], ignore_index=True)
    facts = [
        MarkerFacts(name, role, 1, ("diffusion <tractography>",) if name == "lacking" else ())
        for name, (role, _) in MARKERS.items()
    ]
    found, _ = verdicts(judged, scores, outcomes, both, facts, VerdictSettings())
    points = [
        {"name": "truly", "outcome": "persistent_20", "population": "everyone", "scheme": "k-fold",
         "site": "all external sites", "curve": curve, "x": x, "y": y, "low": y - 0.1, "high": y + 0.1,
         "n": 40}
        for curve in ("calibration", "decision", "decision_all", "decision_baseline_pain", "roc")
        for x, y in ((0.1, 0.2), (0.5, 0.4), (0.9, 0.7))
    ]  # fmt: skip
    for name, table in (
        ("outcomes", outcomes), ("populations", both), ("scores", scores), ("evaluation", judged),
        ("verdicts", found), ("curves", schema("curves").table(points)),
    ):  # fmt: skip
        folder, suffix = ("cohort", "parquet") if name in {"outcomes", "populations"} else ("predict", "tsv")
        write_table(table, name, out / folder / f"{name}.{suffix}")
    write_json(out / "predict/markers.json", [_card(fact) for fact in facts])
    return found


def _card(fact: MarkerFacts) -> dict:
    verified = [{"what": "AUC, validation sample", "value": 0.81, "n": 39, "effect": "E001"}]
    return {
        "id": fact.id,
        "name": f"Marker {fact.id} & <co>",
        "state": "rest",
        "role": fact.role,
        "sign": fact.sign,
        "needs": list(fact.needs),
        "verified": verified if fact.id == "truly" else [],
        "status": "ok" if fact.id != "lacking" else "not computable: needs diffusion",
    }
