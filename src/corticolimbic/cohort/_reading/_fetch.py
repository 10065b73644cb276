"""Fetching the export of a REDCap project (extra ``redcap``) into files, which are then read as any other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from corticolimbic.cohort._source_settings import RedcapApi, Source
from corticolimbic.foundation import (
    InputError,
    SettingsError,
    hash_bytes,
    one_line,
    package_version,
    read_bytes,
    write_json,
    write_text,
)

_TOKEN_LIMIT = 4096


@runtime_checkable
class RedcapClient(Protocol):
    """What is asked of a project: `redcap.Project` of PyCap, or a stand-in."""

    def export_records(
        self,
        *,
        format_type: str,
        raw_or_label: str,
        event_name: str,
        export_survey_fields: bool,
        export_data_access_groups: bool,
    ) -> str:
        """Return all records as CSV."""
        ...

    def export_metadata(self, *, format_type: str) -> str:
        """Return the data dictionary as CSV."""
        ...

    def export_instrument_event_mappings(self, *, format_type: str) -> str:
        """Return which form belongs to which event as CSV."""
        ...


@dataclass(frozen=True)
class Fetched:
    """What was fetched and where it lies.

    Parameters
    ----------
    files
        Files written.
    provenance
        JSON beside the export: address, time, hashes, versions; no token.
    """

    files: tuple[Path, ...]
    provenance: Path


def fetch_redcap(
    source: Source, client: RedcapClient | None = None, *, now: datetime | None = None
) -> Fetched:
    """Fetch the records of a project and write them, with dictionary and designations where these are named.

    Parameters
    ----------
    source
        With ``api``; its paths say where the files go.
    client
        The project; by default PyCap's, with the token from the environment variable or file that ``api``
        names.
    now
        Time for the provenance; by default the present.

    Raises
    ------
    SettingsError
        Where there is no token, PyCap is not installed, or a path lies in the dataset.
    InputError
        CL342 where the server does not answer with records. The message never holds the token.
    """
    if source.api is None:
        raise SettingsError(f"{source.path}: the source has no api to fetch from")
    wanted = {"records": source.path, "dictionary": source.dictionary, "designations": source.designations}
    inside = [name for name in wanted.values() if name is not None and name.startswith("dataset:")]
    if inside:
        raise SettingsError(f"{inside[0]}: exports are fetched to a folder of their own, not into a dataset")
    token = "" if client is not None else _token(source.api)
    ask = client or _client(source.api, token)
    calls: dict[str, Callable[[], str]] = {
        "records": lambda: ask.export_records(
            format_type="csv",
            raw_or_label="label" if source.labels else "raw",
            event_name="label" if source.labels else "unique",
            export_survey_fields=True,
            export_data_access_groups=True,
        ),
        "dictionary": lambda: ask.export_metadata(format_type="csv"),
        "designations": lambda: ask.export_instrument_event_mappings(format_type="csv"),
    }
    # All answers come before the first file: half an export is none.
    texts = {
        name: _asked(call, source.api, token) for name, call in calls.items() if wanted[name] is not None
    }
    files = []
    for name, text in texts.items():
        path = Path(str(wanted[name]))
        write_text(path, text.replace("\r\n", "\n"))
        files.append(path)
    provenance = Path(source.path + ".provenance.json")
    write_json(
        provenance,
        {
            "url": source.api.url,
            "fetched": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
            "created_with": f"corticolimbic {package_version()}",
            "labels": source.labels,
            "sha256": {path.name: hash_bytes(path.read_bytes()) for path in files},
        },
    )
    return Fetched(tuple(files), provenance)


def _token(api: RedcapApi) -> str:
    if api.token_file is not None:
        try:
            token = read_bytes(Path(api.token_file), limit=_TOKEN_LIMIT).decode("ascii").strip()
        except (InputError, UnicodeDecodeError) as error:
            raise SettingsError(f"the file of the token, {api.token_file}, cannot be read") from error
        where = api.token_file
    else:
        token, where = os.environ.get(api.token_variable, "").strip(), api.token_variable
    if not token:
        raise SettingsError(f"no token: put it into {where}")
    return token


def _client(api: RedcapApi, token: str) -> RedcapClient:
    try:
        import redcap
    except ImportError as error:
        raise SettingsError("fetching needs PyCap: pip install 'corticolimbic[redcap]'") from error
    client: RedcapClient = redcap.Project(api.url, token)
    return client


def _asked(call: Callable[[], str], api: RedcapApi, token: str) -> str:
    """Return the server's answer; say what went wrong without the token."""
    try:
        text = call()
    except Exception as error:  # whatever the client raises: network, rights, a wrong answer
        words = one_line(str(error))
        if token:
            words = words.replace(token, "(token)")
        raise InputError("CL342", file=api.url, found=f"{type(error).__name__}: {words}") from None
    if not isinstance(text, str) or not text.strip() or text.lstrip().startswith(("{", "<")):
        raise InputError("CL342", file=api.url, found="an answer that is no table")
    return text
