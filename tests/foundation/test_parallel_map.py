"""The parallel map: complete, with the item beside its result, and honest about failures."""

from __future__ import annotations

import os
import time

import pytest

from corticolimbic.foundation import InputError, SettingsError, available_cores, parallel_map


def square(item: int) -> tuple[int, int]:
    time.sleep(0.01 * (item % 3))
    return item * item, os.getpid()


def fails_on_three(item: int) -> int:
    if item == 3:
        raise InputError("CL201", found="three", file="x.tsv", row=3)
    return item


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_item_comes_once_beside_its_own_result(n_jobs: int) -> None:
    items = list(range(13))
    found = list(parallel_map(square, items, n_jobs=n_jobs))
    assert sorted(item for item, _ in found) == items
    assert all(value == item * item for item, (value, _) in found)
    elsewhere = {process for _, (_, process) in found} - {os.getpid()}
    assert bool(elsewhere) == (n_jobs > 1)
    if n_jobs == 1:
        assert [item for item, _ in found] == items


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_exception_reaches_the_caller_whole(n_jobs: int) -> None:
    with pytest.raises(InputError) as caught:
        list(parallel_map(fails_on_three, [1, 2, 3, 4], n_jobs=n_jobs))
    assert (caught.value.problem.code, caught.value.problem.row) == ("CL201", "3")


@pytest.mark.parametrize("n_jobs", [0, 1, 8])
def test_nothing_and_one_item_need_no_pool(n_jobs: int) -> None:
    assert list(parallel_map(square, [], n_jobs=n_jobs)) == []
    assert list(parallel_map(square, [3], n_jobs=n_jobs)) == [(3, (9, os.getpid()))]


def test_items_are_taken_lazily_here() -> None:
    found = parallel_map(fails_on_three, [1, 3], n_jobs=1)
    assert next(found) == (1, 1)
    with pytest.raises(InputError):
        next(found)


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    assert issubclass(InputError, Exception)
    assert not issubclass(InputError, SettingsError)
