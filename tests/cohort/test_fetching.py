"""Fetching an export: a stand-in for the server, and what must never be written."""

from __future__ import annotations

import json
import sys
import types
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cohort.clinical import cells, read

from corticolimbic.cli import main
from corticolimbic.cohort import NO_SESSION, RedcapApi, Source, fetch_redcap
from corticolimbic.foundation import InputError, SettingsError

TOKEN = "0123456789ABCDEF0123456789ABCDEF"
METADATA = (
    "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,"
    "text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,"
    "branching_logic,required_field\n"
    "record_id,a,,text,ID,,,,,,,,\npain,a,,text,Pain,,,number,0,10,,,\n"
)


class Server:
    """A project that answers from memory, and remembers how it was asked."""

    def __init__(self, url: str = "", token: str = "", answer: str | Exception = "") -> None:
        self.url, self.token, self.asked = url, token, []
        self.answer = answer or "record_id,pain,a_complete\r\n1,5,2\r\n"

    def export_records(self, **options: object) -> str:
        self.asked.append(options)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def export_metadata(self, *, format_type: str) -> str:
        return METADATA

    def export_instrument_event_mappings(self, *, format_type: str) -> str:
        return "arm_num,unique_event_name,form\n"


def source(folder: Path, **more: object) -> Source:
    api = RedcapApi(url="https://redcap.example.org/api/", **more)
    return Source(
        kind="redcap", path=str(folder / "r.csv"), dictionary=str(folder / "d.csv"), api=api
    )  # fmt: skip


def test_what_is_fetched_is_read_like_any_export(tmp_path: Path) -> None:
    server = Server()
    fetched = fetch_redcap(source(tmp_path), server, now=datetime(2026, 1, 2, tzinfo=UTC))
    assert server.asked[0]["export_data_access_groups"] is True
    assert [path.name for path in fetched.files] == ["r.csv", "d.csv"]
    assert cells(read(source(tmp_path)))["sub-1", NO_SESSION, "pain", "n/a"] == "5"
    said = json.loads(fetched.provenance.read_text(encoding="utf-8"))
    assert (said["url"], said["fetched"]) == ("https://redcap.example.org/api/", "2026-01-02T00:00:00+00:00")
    assert len(said["sha256"]["r.csv"]) == 64


def test_the_token_comes_from_the_environment_or_a_file_and_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Server] = []

    def project(url: str, token: str) -> Server:
        made.append(Server(url, token))
        return made[-1]

    module = types.ModuleType("redcap")
    module.Project = project  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "redcap", module)
    monkeypatch.setenv("REDCAP_API_TOKEN", TOKEN)
    (tmp_path / "token.txt").write_text(TOKEN[::-1] + "\n", encoding="utf-8")
    config = tmp_path / "c.yaml"
    config.write_text(
        f"cohort:\n  sources:\n    - kind: redcap\n      path: {tmp_path / 'r.csv'}\n"
        "      api: {url: 'https://redcap.example.org/api/'}\n",
        encoding="utf-8",
    )
    assert main(["fetch", "--config", str(config)]) == 0
    fetch_redcap(source(tmp_path, token_file=str(tmp_path / "token.txt")))
    assert [server.token for server in made] == [TOKEN, TOKEN[::-1]]
    written = "".join(
        path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.name != "token.txt"
    )
    told = capsys.readouterr()
    for secret in (TOKEN, TOKEN[::-1]):
        assert secret not in written + told.out + told.err


def test_a_server_that_fails_leaves_no_file_and_no_token_in_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("redcap")
    broken = Server(answer=RuntimeError(f"403 for token={TOKEN}"))
    module.Project = lambda url, token: broken  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "redcap", module)
    monkeypatch.setenv("REDCAP_API_TOKEN", TOKEN)
    with pytest.raises(InputError, match="CL342") as caught:
        fetch_redcap(source(tmp_path))
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", ["  ", '{"error": "no rights"}', "<html></html>"])
def test_an_answer_that_is_no_table_is_refused(tmp_path: Path, answer: str) -> None:
    with pytest.raises(InputError, match="CL342"):
        fetch_redcap(source(tmp_path), Server(answer=answer))
    assert list(tmp_path.iterdir()) == []


def test_without_token_or_pycap_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDCAP_API_TOKEN", raising=False)
    with pytest.raises(SettingsError, match="REDCAP_API_TOKEN"):
        fetch_redcap(source(tmp_path))
    monkeypatch.setenv("REDCAP_API_TOKEN", TOKEN)
    monkeypatch.setitem(sys.modules, "redcap", None)
    with pytest.raises(SettingsError, match="PyCap"):
        fetch_redcap(source(tmp_path))
    with pytest.raises(SettingsError, match="no api"):
        fetch_redcap(Source(kind="redcap", path="r.csv"))
    with pytest.raises(SettingsError, match="cannot be read"):
        fetch_redcap(source(tmp_path, token_file=str(tmp_path / "none")))


def test_a_plain_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="https"):
        RedcapApi.from_mapping({"url": "http://redcap.example.org/api/"})
