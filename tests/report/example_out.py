"""Results folders as `corticolimbic run` leaves them, for the page's tests: made up, nobody's data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from corticolimbic.cohort import (
    CohortSettings,
    flow,
    follow_up,
    outcomes,
    pain_ratings,
    population_table,
    screening,
    sites,
    visits_table,
)
from corticolimbic.features import edge, schema, write_table
from corticolimbic.foundation import problem, problem_rows, write_json, write_text

REGIONS = [
    # id, name, side, x, y, z: rough MNI places, for drawing only
    ("mPFC", "medial prefrontal cortex", "M", 0, 52, -2),
    ("dmPFC", "dorsomedial prefrontal cortex", "M", 0, 40, 40),
    ("vmPFC", "ventromedial prefrontal cortex", "M", 0, 40, -14),
    ("dlPFC", "dorsolateral prefrontal cortex", "M", 0, 38, 30),
    ("OFC", "orbitofrontal cortex", "M", 0, 32, -18),
    ("rACC", "rostral anterior cingulate cortex", "M", 0, 38, 8),
    ("dACC", "dorsal anterior cingulate cortex", "M", 0, 12, 38),
    ("NAc", "nucleus accumbens", "M", 0, 12, -8),
    ("NAc_L", "nucleus accumbens, left", "L", -10, 12, -8),
    ("NAc_R", "nucleus accumbens, right", "R", 10, 12, -8),
    ("Amy", "amygdala", "M", 0, -4, -20),
    ("Amy_L", "amygdala, left", "L", -22, -4, -20),
    ("Amy_R", "amygdala, right", "R", 22, -4, -20),
    ("Hip", "hippocampus", "M", 0, -22, -16),
    ("Hip_L", "hippocampus, left", "L", -28, -22, -16),
    ("Hip_R", "hippocampus, right", "R", 28, -22, -16),
    ("VTA", "ventral tegmental area", "M", 0, -16, -12),
    ("PAG", "periaqueductal grey", "M", 0, -30, -10),
    ("aIns", "anterior insula", "M", 0, 20, 2),
    ("pIns", "posterior insula", "M", 0, -16, 14),
    ("Thal", "thalamus", "M", 0, -18, 8),
    ("PCC", "posterior cingulate cortex", "M", 0, -50, 28),
    ("S1", "primary somatosensory cortex", "M", 0, -30, 60),
]
PRIMARY = [
    ("NAc", "mPFC"),
    ("NAc_R", "mPFC"),
    ("NAc_L", "mPFC"),
    ("Hip", "mPFC"),
    ("Amy", "dmPFC"),
    ("Amy", "NAc"),
    ("NAc", "dmPFC"),
    ("VTA", "NAc"),
]
OTHERS = [
    ("PAG", "mPFC"),
    ("Amy_L", "mPFC"),
    ("Amy_R", "mPFC"),
    ("Hip_L", "Amy_L"),
    ("Hip_R", "Amy_R"),
    ("PCC", "mPFC"),
    ("S1", "pIns"),
    ("aIns", "dACC"),
    ("Thal", "S1"),
    ("VTA", "PAG"),
    ("vmPFC", "Amy"),
    ("OFC", "NAc"),
    ("rACC", "PAG"),
    ("dlPFC", "NAc"),
    ("Hip", "Amy"),
    ("PCC", "Hip"),
    ("Thal", "aIns"),
]
FOLLOWED = (
    "ratings",
    "trajectories",
    "mean_courses",
    "rates",
    "recovery",
    "misclassification",
    "completeness",
)
"""Tables about pain over time."""
STATISTICS = ("pearson", "ledoit_wolf", "partial")


def write_rpn(out: Path) -> Path:
    """Write a folder like the three-centre run's: an association, two populations, one marker."""
    rng = np.random.default_rng(11)
    plan = {
        "bochum": {"n": 41, "kept": 35, "rules": 35},
        "essen": {"n": 49, "kept": 37, "rules": 41},
        "szeged": {"n": 29, "kept": 19, "rules": 23},
    }
    people, members, outcomes, scores, sessions = [], [], [], [], []
    for site, sizes in plan.items():
        for number in range(sizes["n"]):
            person = f"sub-{site}{number + 801}"
            people.append((person, site))
            kept, ruled = number < sizes["kept"], number < sizes["rules"]
            lost = site == "bochum" and number == sizes["n"] - 1
            members += [
                _member(person, "kept_in_publication", site, kept, "not: kept_in_publication = 1"),
                _member(
                    person,
                    "motion_rules",
                    site,
                    ruled,
                    "not: mean FD ≤ 0.15 mm" if not lost else "no outcome",
                ),
            ]
            value = float(rng.normal(0, 1.1))
            noise = 0.05 if site == "bochum" else 0.5
            score = 0.07 + (0.9 if site == "bochum" else 0.15) * value + float(rng.normal(0, noise))
            if ruled and not kept:
                score = 0.07 - 0.2 * value
            outcomes.append(_outcome(person, "pain_sensitivity", "column", value if not lost else np.nan))
            scores.append(_score(person, site, score))
            fd = float(rng.gamma(9, 0.009)) if ruled else float(rng.uniform(0.15, 0.34))
            sessions.append(_session(person, site, fd, min(0.9, fd * float(rng.uniform(0.8, 1.9)))))
    evaluation = []
    for population, r, rho, skill in (
        ("kept_in_publication", (0.990, 0.430, 0.467), (0.978, 0.437, 0.477), (0.979, 0.232, -0.116)),
        ("motion_rules", (0.990, 0.238, -0.002), (0.978, 0.348, 0.174), (0.979, 0.093, -0.290)),
    ):
        for place, site in enumerate(plan):
            n = plan[site]["kept" if population == "kept_in_publication" else "rules"]
            for metric, values in (("pearson_r", r), ("spearman_rho", rho), ("skill", skill)):
                half = 1.9 / np.sqrt(n) * (1 - values[place] ** 2)
                row = _evaluation("spisak2020_rpn", population, site, metric, values[place], half, n)
                row["scheme"] = "in-sample" if site == "bochum" else "external"
                evaluation.append(row)
        n = 56 if population == "kept_in_publication" else 64
        value = 0.443 if population == "kept_in_publication" else 0.155
        evaluation.append(
            _evaluation("spisak2020_rpn", population, "all external sites", "pearson_r", value, 0.23, n)
        )
    populations = {"kept_in_publication": "kept in the publication", "motion_rules": "motion rules only"}
    _common(out, "RPN-signature three-centre resting-state sample", people, populations, members, sessions)
    write_table(schema("outcomes").table(outcomes), "outcomes", out / "cohort/outcomes.parquet")
    write_table(schema("scores").table(scores), "scores", out / "predict/scores.tsv")
    write_table(schema("evaluation").table(evaluation), "evaluation", out / "predict/evaluation.tsv")
    write_json(out / "predict/markers.json", [rpn_marker(), lacking_marker()])
    write_json(out / "predict/differences.json", _differences(outcomes, scores, members))
    effects = _effects(
        rng, list(populations), "slope of pain_sensitivity", "r per z", "partial r", (91, 99), 0.0
    )
    write_table(schema("effects").table(effects), "effects", out / "compare/effects.tsv")
    _declared(out, "pain_sensitivity", "slope of pain_sensitivity", "partial")
    _circuit(out, rng, {"kept_in_publication": 91, "motion_rules": 99})
    problems = [
        problem(
            "CL203",
            found="CER7b_l",
            participant_id=f"sub-bochum{number}",
            file=f"sub-bochum{number}/func/x.tsv",
        )
        for number in range(801, 809)
    ] + [problem("CL308", found="n/a", participant_id="sub-bochum841", file="participants.tsv", row=42)]
    problems += [
        problem(
            "CL204",
            found="199 motion rows, 200 volumes",
            participant_id="sub-szeged829",
            file="sub-szeged829/func/y.tsv",
        )
    ]
    write_table(schema("problems").table(problem_rows(problems)), "problems", out / "problems.tsv")
    return out


def write_demo(out: Path) -> Path:
    """Write a folder like the demo's: 36 simulated people, two groups, a planted difference."""
    rng = np.random.default_rng(7)
    people, members, outcomes, sessions = [], [], [], []
    for number in range(36):
        person, site = f"sub-{number + 1:03d}", ("north", "south", "west")[number % 3]
        people.append((person, site))
        group = number % 2
        missing = number == 35
        members.append(_member(person, "eligible", site, not missing, "no outcome"))
        outcome = _outcome(person, "persistent", "relative", np.nan if missing else group)
        outcome["label"] = "" if missing else ("persistent" if group else "recovered")
        outcomes.append(outcome)
        sessions.append(_session(person, site, float(rng.gamma(8, 0.012)), float(rng.uniform(0, 0.2))))
    _common(
        out,
        "Built-in demonstration (simulated people)",
        people,
        {"eligible": "everyone eligible"},
        members,
        sessions,
    )
    write_table(schema("outcomes").table(outcomes), "outcomes", out / "cohort/outcomes.parquet")
    effects = _effects(rng, ["eligible"], "persistent - recovered", "r", "Hedges g", (35,), 0.3)
    write_table(schema("effects").table(effects), "effects", out / "compare/effects.tsv")
    _declared(out, "persistent", "persistent - recovered", "pearson")
    _circuit(out, rng, {"eligible": 35})
    write_json(out / "predict/markers.json", [lacking_marker()])
    write_table(schema("problems").table([]), "problems", out / "problems.tsv")
    return out


def rpn_marker() -> dict:
    """Return the marker as the predicting step writes it."""
    return {
        "id": "spisak2020_rpn",
        "name": "Resting-state Pain susceptibility Network signature (RPN)",
        "citation": "Spisak T, Kincses B, Schlitt F, et al. Nature Communications 2020;11:187",
        "doi": "10.1038/s41467-019-13785-z",
        "state": "rest",
        "target": "pain sensitivity (composite of quantitative sensory testing thresholds)",
        "population": "35 healthy volunteers of one centre (Bochum); not patients",
        "direction": "higher score, higher pain sensitivity",
        "verified": [
            {
                "what": "r with observed sensitivity, study 1 (Bochum), nested cross-validation",
                "value": 0.45,
                "n": 35,
            },
            {"what": "r, study 2 (Essen), external", "value": 0.43, "n": 37},
            {"what": "r, study 3 (Szeged), external", "value": 0.47, "n": 19},
        ],
        "failures": [
            "Without excluding people whose thresholds were out of range, r is 0.24 (n 41) and 0.00 (n 23)."
        ],
        "needs": ["*_seg-MIST122_*timeseries.tsv", "*_motion.tsv"],
        "status": "ok",
        "note": "",
    }


def lacking_marker() -> dict:
    """Return a marker whose input is not there."""
    return {
        "id": "vachon2016",
        "name": "dmPFC-amygdala-accumbens module",
        "needs": ["diffusion tractography"],
        "status": "not computable: needs diffusion tractography",
    }


def _member(person: str, population: str, site: str, inside: bool, reason: str) -> dict:
    return {
        "participant_id": person,
        "population": population,
        "site": site,
        "member": int(inside),
        "reason": "" if inside else reason,
    }


def _outcome(person: str, name: str, family: str, value: float) -> dict:
    known = bool(np.isfinite(value))
    return {
        "participant_id": person,
        "outcome": name,
        "family": family,
        "role": "primary",
        "value": value,
        "label": "",
        "unit": "z",
        "status": "ok" if known else "missing",
        "reason": "" if known else "empty cell",
    }


def _score(person: str, site: str, value: float) -> dict:
    return {
        "participant_id": person,
        "session_id": "ses-none",
        "task": "rest",
        "run": "n/a",
        "site": site,
        "marker": "spisak2020_rpn",
        "score": value,
        "se": np.nan,
        "status": "ok",
    }


def _session(person: str, site: str, fd: float, censored: float) -> dict:
    return {
        "participant_id": person,
        "session_id": "ses-none",
        "site": site,
        "n_runs": 1,
        "mean_fd": fd,
        "censored_share": censored,
    }


def _evaluation(
    name: str, population: str, site: str, metric: str, value: float, half: float, n: int
) -> dict:
    return {
        "name": name,
        "kind": "marker",
        "outcome": "pain_sensitivity",
        "population": population,
        "scheme": "external",
        "site": site,
        "metric": metric,
        "value": value,
        "ci_low": value - half,
        "ci_high": min(1.0, value + half),
        "p": np.nan,
        "n": n,
    }


def _differences(outcomes: list[dict], scores: list[dict], members: list[dict]) -> list[dict]:
    outcome = {row["participant_id"]: row["value"] for row in outcomes}
    score = {row["participant_id"]: row["score"] for row in scores}
    inside = {(row["participant_id"], row["population"]): row["member"] for row in members}
    names = ["kept_in_publication", "motion_rules"]
    made = []
    for site, values, n in (("essen", (0.430, 0.238), (37, 41)), ("szeged", (0.467, -0.002), (19, 23))):
        only = [
            row["participant_id"]
            for row in members
            if row["site"] == site
            and row["population"] == names[1]
            and row["member"]
            and not inside[row["participant_id"], names[0]]
        ]
        made.append(
            {
                "marker": "spisak2020_rpn",
                "outcome": "pain_sensitivity",
                "site": site,
                "populations": names,
                "value": dict(zip(names, values, strict=True)),
                "n": dict(zip(names, n, strict=True)),
                "only_in": {names[0]: [], names[1]: only},
                "people": [
                    {
                        "participant_id": person,
                        "in": [names[1]],
                        "score": score[person],
                        "outcome": outcome[person],
                        "reason": "not: kept_in_publication = 1",
                        "r_without": values[1] + 0.06,
                    }
                    for person in only
                ],
            }
        )
    return made


def _effects(
    rng: np.random.Generator,
    populations: list[str],
    contrast: str,
    unit: str,
    kind: str,
    people: tuple[int, ...],
    planted: float,
) -> list[dict]:
    rows = []
    for population, n in zip(populations, people, strict=True):
        for statistic in STATISTICS:
            for first, second in PRIMARY + OTHERS:
                primary = (first, second) in PRIMARY
                hit = planted and {first, second} <= {"NAc", "NAc_R", "NAc_L", "mPFC"}
                size = float(rng.normal(1.1 if hit else 0, 0.9 / np.sqrt(n)))
                half = 2 / np.sqrt(n) if kind == "partial r" else 4 / np.sqrt(n)
                p = float(np.clip(np.exp(-abs(size / half) * 3.2), 1e-6, 1))
                rows.append(
                    {
                        "population": population,
                        "task": "rest",
                        "run": "n/a",
                        "acq": "n/a",
                        "space": "n/a",
                        "atlas": "MIST122",
                        "strategy": "as-given",
                        "measure": "fc",
                        "target": edge(first, second),
                        "statistic": statistic,
                        "definition": "fc-0123456789ab",
                        "analysis": "baseline",
                        "contrast": contrast,
                        "estimate": size * 0.12,
                        "estimate_unit": unit,
                        "se": half * 0.06,
                        "ci_low": (size - half) * 0.12,
                        "ci_high": (size + half) * 0.12,
                        "statistic_value": size / half * 2,
                        "df": n - 5.0,
                        "p": p,
                        "q": min(1.0, p * 6),
                        "p_fwe": np.nan,
                        "effect_size": size,
                        "es_low": size - half,
                        "es_high": size + half,
                        "es_kind": kind,
                        "n": n,
                        "n_visits": n,
                        "n_sites": 3,
                        "family": "primary" if primary else "exploratory",
                        "model": "feature ~ outcome + age + sex + mean_fd + site; OLS, HC3",
                    }
                )
    return rows


def _declared(out: Path, outcome: str, contrast: str, statistic: str) -> None:
    write_json(
        out / "compare/declared.json",
        {
            "outcome": outcome,
            "contrast": contrast,
            "covariates": ["age", "sex", "mean_fd", "site"],
            "statistic": statistic,
            "families": [
                {
                    "name": "primary",
                    "description": "The edges named by published findings.",
                    "n_tests": len(PRIMARY),
                },
                {
                    "name": "exploratory",
                    "description": "All other edges of the circuit.",
                    "n_tests": len(OTHERS),
                },
            ],
            "minimum_people": 10,
            "notes": ["Declared in config.yaml before the comparison ran."],
        },
    )


def _circuit(out: Path, rng: np.random.Generator, people: dict[str, int]) -> None:
    edges = PRIMARY + OTHERS
    means = []
    base = {pair: float(rng.normal(0.15, 0.2)) for pair in edges}
    for population, n in people.items():
        for statistic in STATISTICS:
            for pair in edges:
                mean = base[pair] * (0.4 if statistic == "partial" else 1) + float(rng.normal(0, 0.01))
                means.append(
                    {
                        "population": population,
                        "task": "rest",
                        "atlas": "MIST122",
                        "statistic": statistic,
                        "target": edge(*pair),
                        "mean": mean,
                        "sd": 0.2,
                        "ci_low": mean - 0.4 / np.sqrt(n),
                        "ci_high": mean + 0.4 / np.sqrt(n),
                        "n": n,
                        "unit": "r",
                    }
                )
    write_json(
        out / "circuit.json",
        {
            "regions": [
                dict(zip(("id", "name", "side", "x", "y", "z"), row, strict=True)) for row in REGIONS
            ],
            "edges": [{"target": edge(a, b), "a": a, "b": b, "primary": (a, b) in PRIMARY} for a, b in edges],
            "means": means,
        },
    )


def _common(
    out: Path,
    name: str,
    people: list[tuple[str, str]],
    populations: dict[str, str],
    members: list[dict],
    sessions: list[dict],
) -> None:
    table = pd.DataFrame(members)
    sites = pd.Series(dict(people))
    everyone = sites.value_counts().sort_index().to_dict()
    lost = table[table["reason"] == "no outcome"]["participant_id"].unique()
    with_outcome = sites.drop(lost).value_counts().sort_index().to_dict()
    counted = {
        "stages": [
            {
                "id": "listed",
                "label": "in the participants table",
                "n": len(people),
                "by_site": everyone,
                "removed": [],
            },
            {
                "id": "with_files",
                "label": "with image-derived files",
                "n": len(people),
                "by_site": everyone,
                "removed": [],
            },
            {
                "id": "measured",
                "label": "with at least one usable run",
                "n": len(people),
                "by_site": everyone,
                "removed": [],
            },
            {
                "id": "outcome",
                "label": "with an outcome",
                "n": len(people) - len(lost),
                "by_site": with_outcome,
                "removed": [{"reason": "no outcome", "code": "CL308", "n": len(lost)}],
            },
        ],
        "populations": [],
        "outcome": {
            "name": "pain_sensitivity",
            "family": "column",
            "unit": "z",
            "label": "pain sensitivity",
            "description": "Composite of heat, cold and mechanical pain thresholds.",
        },
    }
    for key, label in populations.items():
        rows = table[table["population"] == key]
        inside = rows[rows["member"] == 1]
        gone = rows[rows["member"] == 0]["reason"].value_counts()
        counted["populations"].append(
            {
                "name": key,
                "label": label,
                "description": f"The people of {label}, by the stated rules.",
                "n": len(inside),
                "by_site": inside["site"].value_counts().sort_index().to_dict(),
                "removed": [{"reason": reason, "n": int(n)} for reason, n in gone.items()],
            }
        )
    write_json(out / "cohort/flow.json", counted)
    write_table(schema("populations").table(members), "populations", out / "cohort/populations.parquet")
    write_table(schema("sessions").table(sessions), "sessions", out / "sessions.parquet")
    _quality(out, sessions)
    write_text(out / "config.yaml", "dataset:\n  tasks: [rest]\nmeasure:\n  fd_threshold: 0.15\n")
    nodes = [f"node{number}" for number in range(123)]
    write_json(
        out / "definitions.json",
        {
            "fc-0123456789ab": {
                "measure": "fc",
                "algorithm": 1,
                "settings": {"fd_threshold": 0.15},
                "atlas": "MIST122",
                "atlas_hash": "ab" * 32,
                "nodes": nodes,
            }
        },
    )
    write_json(
        out / "manifest.json",
        {
            "dataset": {
                "name": name,
                "path_name": "rpn",
                "licence": "BSD-3-Clause",
                "how_to_cite": "Spisak et al. 2020, Nature Communications 11:187",
            },
            "command": "corticolimbic run rpn OUT --config examples/rpn.yaml",
            "environment": {"corticolimbic": "0.1.0", "python": "3.11.7", "numpy": "2.1.0"},
            "steps": [{"name": "measure", "algorithm": 1, "units": len(people), "seconds": 21.5}],
            "inputs": {"n_files": 238, "hash": "cd" * 32},
            "created_with": "corticolimbic 0.1.0",
            "problems": {"info": 8, "excluded": 1, "failed": 1},
        },
    )


def _quality(out: Path, sessions: list[dict]) -> None:
    """Write grades as the rules would give them, and the signal of a few regions."""
    rng = np.random.default_rng(5)
    made = {"task": "rest", "acq": "n/a", "space": "n/a", "atlas": "MIST122", "strategy": "as-given"}
    rows = []
    for session in sessions:
        broken = []
        if session["mean_fd"] > 0.25:
            broken.append(f"amber: mean_fd {session['mean_fd']:.3g} above 0.25 mm")
        if session["censored_share"] > 0.2:
            level = "red" if session["censored_share"] > 0.5 else "amber"
            limit = "0.5" if level == "red" else "0.2"
            broken.append(f"{level}: censored_share {session['censored_share']:.3g} above {limit}")
        broken.sort(key=lambda text: not text.startswith("red"))
        rows.append(
            {
                **{name: session[name] for name in ("participant_id", "session_id", "site", "mean_fd")},
                **made,
                "run": "n/a",
                "grade": broken[0].partition(":")[0] if broken else "green",
                "reasons": "; ".join(broken),
                "max_fd": 4 * session["mean_fd"],
                "censored_share": session["censored_share"],
                "n_volumes": round(200 * (1 - session["censored_share"])),
                "dof": 150.0,
                "tsnr": float(rng.normal(55, 8)),
                "global_signal_share": 0.1,
                "n_regions": 4,
                "n_lost": 0,
            }
        )
    write_table(schema("quality").table(rows), "quality", out / "quality.tsv")
    regions = [
        {
            **made,
            "region": region,
            "site": site,
            "n_runs": len(rows),
            "n_lost": lost,
            "tsnr_median": ratio,
            "tsnr_low": 0.7 * ratio,
            "coverage_median": covered,
            "coverage_low": covered * 0.8,
        }
        for region, ratio, covered, lost in (
            ("mPFC", 52.3, 1.0, 0),
            ("NAc", 31.6, 0.94, 1),
            ("OFC", 18.2, 0.71, 7),
            ("VTA", 24.9, 0.99, 0),
        )
        for site in ("all", sessions[0]["site"])
    ]
    write_table(schema("region_quality").table(regions), "region_quality", out / "region_quality.tsv")


def write_followed(out: Path) -> Path:
    """Write a folder like the demo's whose people were also rated six times over a year, at dated visits."""
    write_demo(out)
    rng = np.random.default_rng(23)
    plan = {"ses-baseline": 0, "ses-week02": 14, "ses-week06": 42, "ses-week12": 84, "ses-month06": 182,
            "ses-month12": 365}  # fmt: skip
    names = ["north", "south", "west"]
    people = pd.DataFrame(
        {"site": [names[number % 3] for number in range(90)]},
        index=pd.Index([f"sub-{number + 1:03d}" for number in range(90)], name="participant_id", dtype="str"),
    )
    rows = []
    for number, person in enumerate(people.index):
        first, kind = rng.uniform(4, 8), rng.integers(5)
        start = pd.Timestamp("2024-01-08") + pd.Timedelta(days=int(rng.integers(0, 200)))
        gone = rng.integers(2, 7) if number % 4 == 0 else 6
        for place, (session, day) in enumerate(plan.items()):
            share = (np.exp(-day / 6), np.exp(-day / 40), 0.5 + 0.5 * np.exp(-day / 50),
                     (1, 0.3, 0.1, 0.8, 0.5, 0.9)[place], 1.0)[kind]  # fmt: skip
            pain = float(np.clip(np.round(first * share + 0.6 * rng.normal()), 0, 10))
            date = start + pd.Timedelta(days=day + int(rng.integers(-3, 4)) * (place > 0))
            there = place < gone and date < pd.Timestamp("2025-06-01")
            rows.append((person, session, f"{pain:g}" if there else "", f"{date:%Y-%m-%d}" if there else ""))
    sessions = pd.DataFrame(
        rows, columns=["participant_id", "session_id", "pain_nrs", "visit_date"], dtype="str"
    )
    told = CohortSettings.from_mapping(
        {
            "outcome": {"family": "relative", "pain_column": "pain_nrs", "baseline_session": "ses-baseline",
                        "final_session": "ses-month12", "label": "pain after 12 months"},
            "trajectories": {
                "schedule": [{"session": name, "day": day, "after": 30, "label": name[4:]}
                             for name, day in plan.items()],
                "date_variable": "visit_date",
                "eligibility": [{"variable": "pain_nrs", "at_least": 5, "label": "pain of at least 5"}],
            },
        }
    )  # fmt: skip
    visits, place = visits_table(people, sessions), sites(people, told)
    rated, _ = pain_ratings(visits, place, told)
    found = outcomes(people, sessions, told.outcome, rated)
    screened = screening(visits, people.index, told.trajectories, "ses-baseline")
    tables = follow_up(visits, rated, found, place, told, screened.barred)
    for name in FOLLOWED:
        write_table(getattr(tables, name), name, out / f"cohort/{name}.parquet")
    measured = pd.DataFrame({"mean_fd": 0.1, "censored_share": 0.0}, index=people.index[:80])
    rows_of = found.table[found.table["outcome"] == found.primary].set_index("participant_id")
    outcome = rows_of["value"].where(rows_of["status"] == "ok")
    populations = population_table(people, measured, outcome, told, screened.barred)
    counts = flow(
        populations, told, with_files=frozenset(people.index[:84]), measured=frozenset(measured.index),
        outcome=outcome, screened=screened, visits=visits,
    )  # fmt: skip
    chosen = told.outcome
    counts["outcome"] = {"name": found.primary, "family": "relative", "unit": "NRS", "label": chosen.label,
                         "threshold": chosen.threshold}  # fmt: skip
    write_json(out / "cohort/flow.json", counts)
    write_table(populations, "populations", out / "cohort/populations.parquet")
    write_table(found.table, "outcomes", out / "cohort/outcomes.parquet")
    return out
