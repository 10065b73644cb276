"""Declarations: what was frozen is what is checked, and nothing that was changed passes."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from corticolimbic.features import schema
from corticolimbic.foundation import InputError, SettingsError, hash_bytes, hash_json
from corticolimbic.predict import (
    ALL_SITES,
    EXTERNAL,
    IN_SAMPLE,
    K_FOLD,
    LEAVE_ONE_CENTRE_OUT,
    Criterion,
    Declaration,
    DeclaredMarker,
    DeclaredOutcome,
    DeclaredPopulation,
    Figure,
    ScoredRun,
    check_declaration,
    declared_metric,
    marker_hash,
    marker_text,
    person_hash,
    read_declaration,
    registered_verdict,
    write_declaration,
)

RPN = "spisak2020_rpn"
WHEN = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    "measure.fd_threshold": 0.15,
    "cohort.outcome.threshold": 0.2,
    "cohort.populations.kept.rules[0].at_most": 0.3,
    "dataset.tasks": ["rest"],
}


def declaration(**changes: Any) -> Declaration:
    values: dict[str, Any] = {
        "declared": WHEN,
        "deposited": "https://osf.io/abcde",
        "package": "0.1.0",
        "markers": (DeclaredMarker(id=RPN, content=marker_text(RPN), sha256=marker_hash(RPN)),),
        "outcome": DeclaredOutcome(name="pain", classes=False, rule={"family": "column", "column": "pain"}),
        "population": DeclaredPopulation(name="kept", rule={"name": "kept"}),
        "criterion": Criterion(metric="pearson_r", null=0, bound=0, expected=0.43, scheme=EXTERNAL),
        "minimum_people": 50,
        "settings": SETTINGS,
        "settings_sha256": hash_json(SETTINGS),
        "algorithms": {"measure": 3, "cohort": 5, "predict": 3},
    }
    return Declaration(**{**values, **changes})


def figure(value: float = 0.4, low: float = 0.2, high: float = 0.6, n: int = 80, **cells: Any) -> dict:
    return {
        "name": RPN, "kind": "marker", "outcome": "pain", "population": "kept", "scheme": EXTERNAL,
        "site": ALL_SITES, "metric": "pearson_r", "value": value, "ci_low": low, "ci_high": high, "n": n,
        **cells,
    }  # fmt: skip


def run(*rows: dict, **changes: Any) -> ScoredRun:
    values: dict[str, Any] = {
        "markers": {RPN: marker_hash(RPN)},
        "settings": SETTINGS,
        "algorithms": {"measure": 3, "cohort": 5, "predict": 3, "compare": 9},
        "evaluation": schema("evaluation").table(list(rows) or [figure()]),
        "people": {RPN: frozenset({"sub-01", "sub-02"})},
        **changes,
    }
    return ScoredRun(**values)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "declaration.json"
    write_declaration(path, declaration())
    return path


def changed(path: Path, change: Any, *, hashed: bool) -> Path:
    """Change a declaration as somebody would with an editor, or with a program that knows of the hash."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    change(raw)
    if hashed:
        raw.pop("sha256", None)
        raw["sha256"] = hash_json(raw)
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_declaration(path)
    return caught.value.problem.code


def test_what_was_written_is_read_with_its_hash(written: Path) -> None:
    found, own = read_declaration(written)
    assert found == declaration()
    assert own == json.loads(written.read_text(encoding="utf-8"))["sha256"]
    assert hash_bytes(found.markers[0].content.encode("utf-8")) == marker_hash(RPN)
    assert json.loads(found.markers[0].content)["id"] == RPN


def test_the_order_of_keys_and_the_form_of_the_text_do_not_matter(written: Path) -> None:
    raw = json.loads(written.read_text(encoding="utf-8"))
    written.write_text(json.dumps(dict(reversed(raw.items())), indent=4), encoding="utf-8")
    assert read_declaration(written)[0] == declaration()


def test_a_declaration_is_made_once(written: Path) -> None:
    before = written.read_bytes()
    with pytest.raises(SettingsError, match="made once"):
        write_declaration(written, declaration(minimum_people=20))
    assert written.read_bytes() == before


TAMPERED = {
    "date": lambda raw: raw.update(declared="2020-01-01T00:00:00Z"),
    "bound": lambda raw: raw["criterion"].update(bound=-1),
    "people": lambda raw: raw.update(minimum_people=10),
    "population": lambda raw: raw["population"].update(name="all"),
    "threshold": lambda raw: raw["settings"].update({"cohort.outcome.threshold": 0.3}),
    "marker": lambda raw: raw["markers"][0].update(content="{}"),
    "seen": lambda raw: raw.update(seen=["0" * 64]),
    "hash": lambda raw: raw.update(sha256="0" * 64),
    "no hash": lambda raw: raw.pop("sha256"),
    "more": lambda raw: raw.update(note="as discussed"),
}


@pytest.mark.parametrize("name", list(TAMPERED))
def test_a_declaration_that_was_changed_is_refused(written: Path, name: str) -> None:
    assert refused(changed(written, TAMPERED[name], hashed=False)) == "CL772"


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5])
def test_another_schema_version_is_refused(written: Path, version: object) -> None:
    assert refused(changed(written, lambda raw: raw.update(schema_version=version), hashed=True)) == "CL773"


WRONG = {
    "metric": lambda raw: raw["criterion"].update(metric="accuracy"),
    "metric without an interval": lambda raw: raw["criterion"].update(metric="pearson_r_pooled"),
    "metric of a class": lambda raw: raw["criterion"].update(metric="auc"),
    "marker": lambda raw: raw["markers"][0].update(id="smith2030_magic"),
    "path as marker": lambda raw: raw["markers"][0].update(id="../../secret"),
    "text of the marker": lambda raw: raw["markers"][0].update(content="{}"),
    "no marker": lambda raw: raw.update(markers=[]),
    "settings": lambda raw: raw["settings"].update({"measure.fd_threshold": 0.5}),
    "missing": lambda raw: raw.pop("outcome"),
    "unknown": lambda raw: raw.update(run_after="rm -rf /"),
    "direction": lambda raw: raw["criterion"].update(direction="either"),
    "people": lambda raw: raw.update(minimum_people=0),
    "time without a zone": lambda raw: raw.update(declared="2026-03-04T12:30:00"),
    "infinite bound": lambda raw: raw["criterion"].update(bound=float("inf")),
    "text as number": lambda raw: raw["criterion"].update(bound="zero"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_declaration_that_cannot_be_used_is_refused_though_its_hash_fits(written: Path, name: str) -> None:
    assert refused(changed(written, WRONG[name], hashed=True)) == "CL774"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"no json", b"\xff\xfe\x00", b"[" * 100_000, pickle.dumps({"a": 1})], ids=range(6)
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "declaration.json"
    path.write_bytes(data)
    assert refused(path) in {"CL109", "CL773"}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Figure(0.4, 0.2, 0.6, 80), "confirmed"),
        (Figure(0.4, 0.2, 0.6, 50), "confirmed"),
        (Figure(0.4, 0.2, 0.6, 49), "inconclusive"),
        (Figure(0.1, -0.1, 0.3, 80), "not confirmed"),
        (Figure(0.1, 0.0, 0.3, 80), "not confirmed"),
        (Figure(-0.4, -0.6, -0.2, 80), "not confirmed"),
        (Figure(), "inconclusive"),
        (Figure(0.4, n=80), "inconclusive"),
    ],
)
def test_the_verdict_follows_the_declared_criterion(found: Figure, verdict: str) -> None:
    rule = declaration().criterion
    assert registered_verdict(rule, 50, found, deviated=False) == verdict
    assert registered_verdict(rule, 50, found, deviated=True) == "deviated"
    turned = rule.model_copy(update={"direction": "less"})
    mirrored = Figure(-found.value, -found.high, -found.low, found.n)
    assert registered_verdict(turned, 50, mirrored, deviated=False) == verdict


def test_a_run_as_declared_is_confirmed() -> None:
    (found,) = check_declaration(declaration(), run())
    assert (found.verdict, found.deviations) == ("confirmed", ())
    assert found.figure == Figure(0.4, 0.2, 0.6, 80, ALL_SITES)
    assert (found.n_people, found.n_dated) == (2, 0)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("measure.fd_threshold", 0.2, "setting"),
        ("cohort.outcome.threshold", 0.3, "outcome"),
        ("cohort.populations.kept.rules[0].at_most", 0.5, "population"),
        ("dataset.tasks", ["rest", "rating"], "setting"),
        ("measure.new_setting", None, "setting"),
    ],
)
def test_each_setting_that_differs_is_named(name: str, value: object, kind: str) -> None:
    (found,) = check_declaration(declaration(), run(settings={**SETTINGS, name: value}))
    assert found.verdict == "deviated"
    (deviation,) = found.deviations
    assert (deviation.kind, deviation.name) == (kind, name)
    assert json.loads(deviation.found) == value
    assert deviation.declared == (json.dumps(SETTINGS[name]) if name in SETTINGS else "")


def test_all_deviations_are_listed_at_once() -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "dataset.tasks"}
    (found,) = check_declaration(
        declaration(seen=(person_hash("sub-02", WHEN), person_hash("sub-99", WHEN))),
        run(
            markers={RPN: "0" * 64},
            settings=settings,
            algorithms={"measure": 4, "cohort": 5},
            dates={"sub-01": date(2026, 3, 4), "sub-02": date(2026, 3, 5), "sub-77": date(2020, 1, 1)},
        ),
    )
    assert found.verdict == "deviated"
    assert [(item.kind, item.name) for item in found.deviations] == [
        ("marker", RPN),
        ("setting", "dataset.tasks"),
        ("algorithm", "measure"),
        ("algorithm", "predict"),
        ("seen before", RPN),
        ("dated before", RPN),
    ]
    told = {item.kind: item.found for item in found.deviations}
    assert told["seen before"] == "1 people (sub-02)"
    assert told["dated before"] == "1 people (sub-01)"
    assert found.n_dated == 2
    assert found.figure.value == 0.4, "the figure is told all the same"


def test_figures_of_training_people_and_of_sites_that_nobody_combined_are_not_the_declared_one() -> None:
    (found,) = check_declaration(declaration(), run(figure(scheme=IN_SAMPLE, site="a")))
    assert [item.kind for item in found.deviations] == ["training"]
    (found,) = check_declaration(declaration(), run(figure(site="a"), figure(site="b")))
    assert (found.verdict, found.figure.n) == ("inconclusive", 0)
    (found,) = check_declaration(
        declaration(), run(figure(site="a", n=60), figure(0.99, site="b", scheme=IN_SAMPLE))
    )
    assert (found.verdict, found.figure.site) == ("confirmed", "a")


@pytest.mark.parametrize(
    "cells",
    [{"population": "all"}, {"outcome": "change"}, {"metric": "skill"}, {"name": "other"},
     {"kind": "baseline"}, {"scheme": LEAVE_ONE_CENTRE_OUT}],
)  # fmt: skip
def test_a_figure_of_something_else_is_none(cells: dict) -> None:
    (found,) = check_declaration(declaration(), run(figure(**cells)))
    assert found.verdict == "inconclusive"


def test_several_markers_are_judged_each_by_itself() -> None:
    other = DeclaredMarker(id="other", content="x", sha256=hash_bytes(b"x"))
    rows = [figure(), figure(0.1, -0.1, 0.3, name="other")]
    markers = {RPN: marker_hash(RPN), "other": hash_bytes(b"x")}
    found = check_declaration(
        declaration(markers=(*declaration().markers, other)), run(*rows, markers=markers, people={})
    )
    assert {item.marker: item.verdict for item in found} == {RPN: "confirmed", "other": "not confirmed"}


@pytest.mark.parametrize(
    "name", ["accuracy", "", "pearson_r_pooled", "auc|age", "association|", "association| "]
)
def test_unknown_metrics_are_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(SettingsError, match="pearson_r, spearman_rho"):
        declared_metric(name)


def test_an_empty_evaluation_has_no_figure() -> None:
    empty: pd.DataFrame = schema("evaluation").table([])
    (found,) = check_declaration(declaration(), run(evaluation=empty))
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize("schemes", [[LEAVE_ONE_CENTRE_OUT], [K_FOLD], [K_FOLD, LEAVE_ONE_CENTRE_OUT]])
def test_a_metric_out_of_fold_is_found_as_these_people_were_judged(schemes: list[str]) -> None:
    metric = declared_metric("brier_skill_prevalence")
    rule = Criterion(metric=metric.name, null=metric.null, bound=0, scheme=metric.scheme)
    made = declaration(criterion=rule, outcome=DeclaredOutcome(name="pain", classes=True, rule={}))
    rows = [
        figure(0.1 if scheme == K_FOLD else 0.2, 0.05, 0.3, metric=metric.name, scheme=scheme)
        for scheme in schemes
    ]
    (found,) = check_declaration(made, run(*rows))
    assert found.verdict == "confirmed"
    assert found.figure.value == (0.1 if schemes == [K_FOLD] else 0.2)
