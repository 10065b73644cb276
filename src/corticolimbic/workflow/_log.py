"""The log as JSON lines, and progress with the time that remains."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO


class Log:
    """Appends events to ``log.jsonl``: one JSON object a line, flushed, ids but no participants' values.

    Parameters
    ----------
    path
        The file; None keeps no log (a dry run).
    """

    def __init__(self, path: Path | None) -> None:
        self._stream: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.open("a", encoding="utf-8")

    def write(self, event: str, **values: Any) -> None:
        """Append one event with the time in UTC."""
        if self._stream is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": event, **values}, ensure_ascii=False, default=str)
        self._stream.write(line + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()


class Progress:
    """Counts finished units on standard error: a moving bar on a terminal, else a line every few seconds.

    Parameters
    ----------
    quiet
        Say nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def say(self, text: str) -> None:
        """Print one line."""
        if not self._quiet:
            _tell(text)

    @contextmanager
    def count(self, title: str, total: int) -> Iterator[Any]:
        """Yield a function to be called once for each finished unit."""
        if self._quiet or total == 0:
            yield lambda: None
        elif sys.stderr.isatty():
            with _bar(title, total) as advance:
                yield advance
        else:
            yield _Lines(title, total).advance


@contextmanager
def _bar(title: str, total: int) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


class _Lines:
    def __init__(self, title: str, total: int, every: float = 5.0) -> None:
        self._title, self._total, self._every = title, total, every
        self._done = 0
        self._start = self._last = time.monotonic()

    def advance(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last < self._every or self._done == self._total:
            return
        self._last = now
        left = (now - self._start) / self._done * (self._total - self._done)
        _tell(f"{self._title}: {self._done} of {self._total}, about {left:.0f} s left")


def _tell(text: str) -> None:
    """Print to standard error, which may be closed by now (``2>&1 | head``): that must not end a run."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
