"""Whatever bytes a file holds, a reader answers with data, a problem or an InputError, and soon."""

from __future__ import annotations

import gzip
import random
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from dataset.mutations import damaged, each_survives
from dataset.synthetic import table_text

from corticolimbic.dataset import (
    SeriesRun,
    read_description,
    read_motion,
    read_participants,
    read_series,
    read_sessions_tables,
    scan,
    validate,
)
from corticolimbic.foundation import (
    InputError,
    Problem,
    problem_codes,
    problem_rows,
    read_json,
    read_text_table,
)

SERIES = table_text(
    ["mPFC", "NAc_L", "Amygdala", "Hip"], np.random.default_rng(1).normal(size=(12, 4))
).encode()
GAPS = b"mPFC\tNAc\tVTA\n1.0\tn/a\t0\n2.5e-3\tn/a\t0\n-3\tn/a\tinf\n"
MOTION = b"framewise_displacement\trot_x\nn/a\tn/a\n0.1\t0.01\n0.25\t-0.2\n0.0\t0.3\n"
PEOPLE = (
    "participant_id\tsite\tage\tpain\nsub-01\tBochum\t25.5\t-0.3\nsub-02\tEssen\tn/a\t1\nsub-é\tSzeged\t40\t2\n".encode(),
    b"Participant_ID\tsite\n01\ta\n02\tb\n02\tb\n",
    b'"participant_id"\t"site"\n"sub-01"\t"a"\n',
)
SESSIONS = (
    b"session_id\tpain\tacq_time\nses-1\t6\t2020-01-01\nses-2\t3\tn/a\n",
    b"session_id\tpain\n1\t5\n1\t6\n",
)
JSON = (
    b'{"RepetitionTime": 2.0, "Name": "x", "License": "CC0", "Authors": ["a", "b"], "SamplingFrequency": 1}',
    b'{"Name": {"a": [1, 2, {"b": null}]}, "HowToAcknowledge": ["x", 3], "RepetitionTime": "TR"}',
    b'{"RepetitionTime": 1e400, "Name": "\\ud83d\\ude00", "Authors": "one"}',
)


def sound(rows: tuple[Problem, ...]) -> None:
    """Problems are rows that can be written: known codes, one line each, encodable."""
    for row in problem_rows(rows):
        assert row["code"] in problem_codes()
        for cell in row.values():
            cell.encode("utf-8")
            assert "\n" not in cell and "\t" not in cell


@pytest.mark.parametrize("name", ["table.tsv", "table.csv", "table.tsv.gz"])
def test_text_table_survives_damage(memory: Path, name: str) -> None:
    path = memory / name

    def use(data: bytes) -> None:
        path.write_bytes(gzip.compress(data, 1) if name.endswith(".gz") and len(data) % 4 else data)
        try:
            table = read_text_table(path)
        except InputError as error:
            assert error.problem.severity == "failed"
            sound((error.problem,))
            return
        sound(table.problems)
        assert len(set(table.columns)) == len(table.columns)
        assert len(table.numbers) == len(table.rows)
        assert all(len(row) == len(table.columns) for row in table.rows)
        "".join("".join(row) for row in (table.columns, *table.rows)).encode("utf-8")

    each_survives(name, lambda rng: damaged((SERIES, GAPS, MOTION, *PEOPLE), rng), use)


def test_json_survives_damage(memory: Path) -> None:
    path = memory / "dataset_description.json"

    def use(data: bytes) -> None:
        path.write_bytes(data)
        description = read_description(memory)
        sound(description.problems)
        f"{description.name}{description.licence}{description.how_to_cite}".encode()
        try:
            assert isinstance(read_json(path), dict)
        except InputError as error:
            sound((error.problem,))

    each_survives("json", lambda rng: damaged(JSON, rng), use)


def test_series_survive_damage(memory: Path) -> None:
    runs = [
        SeriesRun("sub-1", "ses-none", "rest", "n/a", "n/a", "n/a", "x", name, sidecars=("side.json",))
        for name in ("x.tsv", "x.tsv.gz")
    ]

    def make(rng: random.Random) -> tuple[SeriesRun, bytes, bytes]:
        return rng.choice(runs), damaged((SERIES, SERIES, GAPS), rng), damaged(JSON, rng)

    def use(made: tuple[SeriesRun, bytes, bytes]) -> None:
        run, data, sidecar = made
        (memory / run.series).write_bytes(gzip.compress(data, 1) if run.series.endswith("gz") else data)
        (memory / "side.json").write_bytes(sidecar)
        try:
            series = read_series(memory, run)
        except InputError as error:
            assert error.problem.file == run.series
            sound((error.problem,))
            return
        sound(series.problems)
        assert len(set(series.regions)) == len(series.regions) == series.values.shape[1] > 0
        whole = np.isfinite(series.values).all(axis=0) | np.isnan(series.values).all(axis=0)
        assert whole.all()
        assert series.repetition_time is None or series.repetition_time > 0

    each_survives("series", make, use)


def test_motion_survives_damage(memory: Path) -> None:
    run = SeriesRun("sub-1", "ses-1", "rest", "n/a", "n/a", "n/a", "x", "x.tsv", motion="m.tsv")

    def use(data: bytes) -> None:
        (memory / "m.tsv").write_bytes(data)
        try:
            motion = read_motion(memory, run, 4)
        except InputError as error:
            assert error.problem.file == "m.tsv"
            sound((error.problem,))
            return
        sound(motion.problems)
        values = motion.framewise_displacement
        assert values.shape == (4,)
        assert not (values < 0).any() and not np.isinf(values).any()

    each_survives("motion", lambda rng: damaged((MOTION, b"framewise_displacement\n\n1\n2\n3\n"), rng), use)


def test_participants_survive_damage(memory: Path) -> None:
    def use(data: bytes) -> None:
        (memory / "participants.tsv").write_bytes(data)
        people = read_participants(memory)
        sound(people.problems)
        assert list(people.table.index) == list(people.ids) == sorted(set(people.ids))
        assert list(people.table.columns) == list(people.columns)
        assert all(person.startswith("sub-") and "/" not in person for person in people.ids)
        assert not set(people.set_aside) & set(people.ids)
        people.table.to_csv().encode("utf-8")

    each_survives("participants", lambda rng: damaged(PEOPLE, rng), use)


def test_sessions_survive_damage(memory: Path) -> None:
    (memory / "sub-01").mkdir()
    common = (b"participant_id\tsession_id\tx\nsub-01\tses-1\t3\nsub-02\tses-1\t4\n",)

    def make(rng: random.Random) -> tuple[bytes, bytes]:
        return damaged(SESSIONS, rng), damaged(common, rng)

    def use(made: tuple[bytes, bytes]) -> None:
        (memory / "sub-01" / "sub-01_sessions.tsv").write_bytes(made[0])
        (memory / "sessions.tsv").write_bytes(made[1])
        tables = read_sessions_tables(memory)
        sound(tables.problems)
        assert not tables.table.duplicated(["participant_id", "session_id"]).any()
        tables.table.to_csv().encode("utf-8")

    each_survives("sessions", make, use)


_LABELS = (
    "01",
    "1",
    "x",
    "é",
    "e\u0301",
    "疼",
    "..",
    "",
    "a b",
    "-",
    "a-b",
    "\udcff",
    "\u202e",
    "A" * 60,
    "\n",
    "\\",
    "*",
    "rest",
    "MIST",
)
_KEYS = ("sub", "ses", "task", "acq", "run", "space", "seg", "stat", "desc", "atlas", "SUB", "", "x-y")
_ENDS = (
    "_timeseries.tsv",
    "_timeseries.tsv.gz",
    "_motion.tsv",
    "_timeseries.json",
    "_timeseries.csv",
    "_TIMESERIES.TSV",
    ".tsv",
    "",
)


def _name(rng: random.Random) -> str:
    keys = ["sub", "task", "seg"] if rng.random() < 0.6 else rng.choices(_KEYS, k=rng.randrange(5))
    parts = [f"{key}-{rng.choice(_LABELS)}" for key in keys]
    if rng.random() < 0.2:
        rng.shuffle(parts)
    name = "_".join(parts) + rng.choice(_ENDS)
    if rng.random() < 0.2:
        place = rng.randrange(len(name) + 1)
        name = name[:place] + rng.choice(["_", "-", ".", "\t", "é", "__", "\udc80"]) + name[place:]
    return name.replace("/", "").replace("\0", "")[:120]


def _tree(rng: random.Random) -> list[tuple[str, str, str]]:
    entries = []
    for _ in range(rng.randrange(1, 7)):
        if rng.random() < 0.5:  # a sound one, so that damage stands beside it
            label, session = rng.choice(["01", "02", "é", "e\u0301"]), rng.choice(["", "_ses-1"])
            stem = f"sub-{label}{session}"
            end = rng.choice(
                ["_seg-MIST_timeseries.tsv", "_seg-MIST_timeseries.tsv.gz", "_motion.tsv", "_timeseries.json"]
            )
            entries.append((f"{stem.replace('_', '/')}/func", f"{stem}_task-rest{end}", "file"))
            continue
        folder = rng.choice(
            [
                "",
                f"sub-{rng.choice(_LABELS)}",
                "sub-01/ses-1/func",
                "sub-01/func",
                "sub-é/func",
                ".hidden",
                "a/b/c",
            ]
        )
        kind = rng.choice(["file"] * 6 + ["folder", "link out", "link in", "broken", "loop"])
        entries.append((folder, _name(rng), kind))
    return entries


def _grow(root: Path, entries: list[tuple[str, str, str]]) -> None:
    root.mkdir()
    for folder, name, kind in entries:
        path = root / folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "file":
                path.write_bytes(SERIES if "timeseries" in name else MOTION)
            elif kind == "folder":
                path.mkdir()
            else:
                goals = {"link out": "/etc/hostname", "link in": root, "broken": root / "gone", "loop": path}
                path.symlink_to(goals[kind])
        except (OSError, ValueError):
            continue  # the file system refuses the name: no such input


def test_scan_survives_any_names(memory: Path) -> None:
    trees = count()

    def use(entries: list[tuple[str, str, str]]) -> None:
        root = memory / str(next(trees))
        _grow(root, entries)
        found = scan(root)
        sound(found.problems)
        assert list(found.sessions) == sorted(
            found.sessions, key=lambda session: (session.participant_id, session.session_id)
        )
        for run in found.runs:
            assert (root / run.series).resolve().is_relative_to(root.resolve())
            "".join((run.participant_id, run.session_id, *run.files)).encode("utf-8")
        assert bool(found.runs) != any(row.code == "CL802" for row in found.problems)
        sound(validate(root))

    each_survives("scan", _tree, use)
