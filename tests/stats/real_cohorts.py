"""The declared comparison of docs/real-cohorts.md, on public tables of two cohorts.

``python tests/stats/real_cohorts.py FOLDER`` prints the tables of the page.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from corticolimbic.stats import ModelError, aligned, association, design, false_discovery

MOTION = ("fd_mean", "log_fd_mean", "fd_perc", "dvars_std", "tsnr")


@dataclass(frozen=True)
class Declared:
    """One cohort's part of the declaration."""

    group: str
    reference: str
    names: dict[str, str]
    clinical: tuple[str, ...]
    within: tuple[tuple[str, str], ...]


DECLARED = {
    "ds001928": Declared(
        "group", "HC", {}, ("age", "pcs", "state", "trait", "cesd", "psp"), (("pi", "slope"),)
    ),
    "ds000208": Declared(
        "type",
        "control",
        {"Age": "age", "gender": "sex", "% Analsesia VAS": "analgesia_vas", "Response": "response"},
        ("age",),
        (("response", "difference"), ("analgesia_vas", "slope")),
    ),
}


def cohort_table(cohorts: Path, name: str) -> pd.DataFrame:
    """Return one row a person: what is declared of the clinic, and the mean of the runs' quality figures."""
    declared = DECLARED[name]
    with (cohorts / name / "participants.tsv").open(encoding="utf-8", newline="") as lines:
        people = [row for row in csv.DictReader(lines, delimiter="\t") if row["participant_id"]]
    table = pd.DataFrame(people).set_index("participant_id").rename(columns=declared.names)
    assert table.index.is_unique
    numbers = {*declared.clinical, *(column for column, _ in declared.within)}
    for column in numbers:
        table[column] = pd.to_numeric(table[column].replace("n/a", np.nan))
    runs = []
    for path in sorted((cohorts / f"{name}-mriqc").glob("sub-*/func/*_bold.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        row = {measure: found[measure] for measure in MOTION if measure in found}
        runs.append({"participant_id": path.parts[-3], **row})
    quality = pd.DataFrame(runs).groupby("participant_id").mean()
    quality["log_fd_mean"] = np.log(quality["fd_mean"])
    return table.join(quality)


def declared_rows(cohorts: Path, name: str) -> pd.DataFrame:
    """Run every declared model of a cohort."""
    declared, table = DECLARED[name], cohort_table(cohorts, name)
    parts = []
    for family, features in (("clinical", declared.clinical), ("motion", MOTION)):
        for adjusted in ((), ("age", "sex")):
            parts.append(_rows(table, declared, declared.group, family, features, adjusted))
    given = ("log_fd_mean",)
    parts.append(_rows(table, declared, declared.group, "clinical", declared.clinical, given))
    patients = table[table[declared.group] != declared.reference]
    for column, _ in declared.within:
        parts.append(_rows(patients, declared, column, "within patients", ("log_fd_mean",), ()))
    rows = pd.concat(parts, ignore_index=True)
    rows["q"] = false_discovery(rows["p"].to_numpy(), (rows["family"] + "|" + rows["covariates"]).tolist())
    return rows


def _rows(
    table: pd.DataFrame,
    declared: Declared,
    tested: str,
    family: str,
    features: tuple[str, ...],
    covariates: tuple[str, ...],
) -> pd.DataFrame:
    rows = []
    for feature in features:
        others = tuple(column for column in covariates if column != feature)
        model = design(
            table, tested, others, reference=declared.reference if tested == declared.group else None
        )
        try:
            found = association(aligned(table[[feature]], model), model, minimum_group=5)
        except ModelError as refusal:
            raise AssertionError(f"{feature}: {refusal.reason}") from refusal
        names = ("estimate", "se", "ci_low", "ci_high", "df", "p", "effect_size", "es_low", "es_high", "n")
        rows.append(
            {
                "family": family,
                "feature": feature,
                "contrast": model.contrast,
                "covariates": ", ".join(covariates) or "none",
                "used": others,
                "es_kind": found.es_kind,
                **{item: getattr(found, item)[0] for item in names},
            }
        )
    return pd.DataFrame(rows)


def as_text(rows: pd.DataFrame) -> str:
    """Return the rows as the page has them."""
    lines = [
        "| family | measure | contrast | covariates | n | difference or slope | effect size | p | q |",
        "|---|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows.to_dict("records"):
        kind = "g" if row["es_kind"] == "Hedges g" else "r"
        effect = f"{kind} {row['effect_size']:.2f} [{row['es_low']:.2f}, {row['es_high']:.2f}]"
        estimate = f"{row['estimate']:.3g} [{row['ci_low']:.3g}, {row['ci_high']:.3g}]"
        p, q = (f"{row[name]:.3f}" if row[name] >= 0.001 else "< 0.001" for name in ("p", "q"))
        cells = (row["family"], row["feature"], row["contrast"], row["covariates"])
        lines.append("| " + " | ".join([*cells, str(row["n"]), estimate, effect, p, q]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    for cohort in DECLARED:
        print(f"\n### {cohort}\n\n{as_text(declared_rows(Path(sys.argv[1]), cohort))}")
