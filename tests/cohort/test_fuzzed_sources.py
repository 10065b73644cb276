"""Whatever bytes a clinical table holds, reading ends with a table and problems, never with a crash."""

from __future__ import annotations

from pathlib import Path

from cohort.clinical import DICTIONARY_HEADER, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corticolimbic.cohort import Source
from corticolimbic.features import schema
from corticolimbic.foundation import SettingsError

HEADER = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,pain,note,seen,a_complete\n"
)
FIELDS = (
    "record_id,a,,text,ID,,,,,,,\npain,a,,text,Pain,,,number,0,10,,[note] = 'x' or [seen] <> ''\n"
    "note,a,,notes,Note,,,,,,,\nseen,a,,text,Seen,,,date_ymd,,,,\n"
)
CELLS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "",
            "1",
            "01",
            "1.0E+03",
            "5",
            "-3",
            "99",
            "NASK",
            "n/a",
            "=1+1",
            "2020-01-01",
            "1/2/2019",
            "43101",
            '"',
            "a,b",
        ]
    ),
)
QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def survives(folder: Path, records: bytes) -> None:
    (folder / "r.csv").write_bytes(records)
    (folder / "d.csv").write_text(DICTIONARY_HEADER + FIELDS, encoding="utf-8")
    (folder / "m.yaml").write_text(
        "id: record_id\ndate: seen\ncolumns:\n  pain: {low: 0, high: 10}\n  note: {}\n", encoding="utf-8"
    )
    for source in (
        Source(
            kind="redcap",
            path=str(folder / "r.csv"),
            dictionary=str(folder / "d.csv"),
            date_column="seen",
            sex=("note",),
            birth=("seen",),
        ),
        Source(kind="redcap", path=str(folder / "r.csv")),
        Source(kind="table", path=str(folder / "r.csv"), mapping=str(folder / "m.yaml")),
    ):
        try:
            found = read(source)
        except SettingsError:
            continue
        schema("visits").check(found.visits)
        assert not found.visits["value"].str.match(r"[=@]").any()
        assert found.visits["missing"].ne("").equals(found.visits["value"].eq(""))


@QUICK
@given(data=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    survives(tmp_path, data)


@QUICK
@given(rows=st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=6), tail=st.binary(max_size=3))
def test_any_cells_under_the_right_header(tmp_path: Path, rows: list[list[str]], tail: bytes) -> None:
    body = "\n".join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows)
    survives(tmp_path, (HEADER + body + "\n").encode("utf-8", "replace") + tail)
