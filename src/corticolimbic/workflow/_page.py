"""The page as the last step: drawn again when what it shows changed, or when a drawing was cut short."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corticolimbic.foundation import InputError, hash_file, hash_json, read_json, write_json
from corticolimbic.workflow._log import Log, Progress
from corticolimbic.workflow._records import STATE, Record

PAGE = "report.html"
_SUMMARIES = ("problems.tsv", "manifest.json", "definitions.json", "config.yaml")


def update_page(out: Path, records: Sequence[Record], log: Log, progress: Progress, *, verify: bool) -> Path:
    """Draw the page unless it stands as it was drawn from the same tables.

    Parameters
    ----------
    out
        Results folder.
    records
        All finished units.
    log, progress
        Told when the page is drawn.
    verify
        Compare the page itself, not only what it was drawn from.
    """
    page, stamp = out / PAGE, out / STATE / "page.json"
    key = _key(out, records)
    known = _read(stamp)
    stands = page.is_file() and known.get("key") == key
    if stands and not (verify and known.get("sha256") != hash_file(page)):
        return page
    from corticolimbic.report import render

    progress.say("Drawing the page")
    render(out)
    write_json(stamp, {"key": key, "sha256": hash_file(page)})
    log.write("page", file=page.name)
    return page


def _key(out: Path, records: Sequence[Record]) -> str:
    outputs = {name: stamp["sha256"] for record in records for name, stamp in record.outputs.items()}
    summaries = {name: hash_file(out / name) for name in _SUMMARIES}
    return hash_json({"outputs": outputs, "summaries": summaries})


def _read(stamp: Path) -> dict[str, object]:
    try:
        return read_json(stamp)
    except InputError:
        return {}
