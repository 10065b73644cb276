"""A parallel map over independent units of work, in processes, with results as they come."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parallel_map(
    function: Callable[[Item], Result], items: Sequence[Item], *, n_jobs: int
) -> Iterator[tuple[Item, Result]]:
    """Yield ``(item, function(item))`` in the order of completion.

    At most ``2 * n_jobs`` items are under way, so that memory does not grow with the number of items.

    Parameters
    ----------
    function
        A module-level function (it crosses a process border); it should not raise.
    items
        The units of work.
    n_jobs
        Processes; 1 runs here, without a pool.
    """
    if n_jobs <= 1 or len(items) <= 1:
        for item in items:
            yield item, function(item)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(n_jobs, len(items)), mp_context=context) as pool:
        queue = iter(items)
        pending = {}
        for item in queue:
            pending[pool.submit(function, item)] = item
            if len(pending) < 2 * n_jobs:
                continue
            yield from _collect(pending)
        while pending:
            yield from _collect(pending)


def _collect(pending: dict) -> Iterator[tuple]:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        yield pending.pop(future), future.result()
