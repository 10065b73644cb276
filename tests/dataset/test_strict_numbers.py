"""The fast way into a table of numbers never differs from the explaining one."""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import numpy as np
import pytest
from dataset.mutations import N_INPUTS, damaged
from dataset.synthetic import table_text

from corticolimbic.dataset._numbers import number, plain_table
from corticolimbic.dataset._series import _explained
from corticolimbic.foundation import InputError, Problem, read_text_table


def explained(path: Path) -> tuple[tuple[str, ...], np.ndarray, list[Problem]]:
    problems: list[Problem] = []
    return *_explained(read_text_table(path), path.name, problems), problems


def test_what_the_fast_path_takes_the_explaining_path_reads_to_the_same_bits(memory: Path) -> None:
    rng = np.random.default_rng(5)
    tables = [
        table_text(["a", "b", "c"], rng.normal(size=(6, 3))).encode(),
        b"a\tb\n1e308\t-1.7976931348623157e308\n5e-324\t0.1\n.5\t5.\n+1\t-0\n",
        "\n".join(["x\ty", *(f"{a!r}\t{b:.25e}" for a, b in rng.normal(size=(5, 2)).tolist())]).encode(),
        b"a\n1\n2\n3\n",
    ]
    taken = 0
    for seed in range(N_INPUTS):
        data = damaged(tables, random.Random(f"numbers-{seed}"))
        fast = plain_table(data)
        if fast is None:
            continue
        taken += 1
        (memory / "t.tsv").write_bytes(data)
        regions, values, problems = explained(memory / "t.tsv")
        assert fast[0] == regions, seed
        np.testing.assert_array_equal(fast[1], values)
        assert fast[1].tobytes() == values.tobytes(), seed
        assert problems == [], seed
    assert taken > N_INPUTS / 20  # else the comparison says nothing


@pytest.mark.parametrize(
    "text",
    [
        "a\tb\n1\t2\t3\n",
        "a\tb\n1\t2\n3\n",
        "a\tb\n1\t2\n3\t4\t5\t6\n",
        "a\tb\n1\t\n",
        'a\tb\n"1"\t2\n',
        "a\tb\n#1\t2\n",
        "# a comment\na\tb\n1\t2\n",
        "a\tb\n1\t2 # comment\n",
        "a\ta\n1\t2\n",
        "a\t\n1\t2\n",
        "a b\n1 2\n",
        "a\tb\n1 2\n",
        "a\tb\n1_0\t2\n",
        "a\tb\n1e999\t2\n",
        "a\tb\n1\t2\n\n3\t4\n",
        "a\tb\n",
        "a\n",
        "",
        "0.5\t1.5\n1\t2\n",
        '"a"\tb\n1\t2\n',
        "a\tb\r\n1\t2\r\n",
        "\ufeffa\tb\n1\t2\n",
        "a\tb\n1-2\t3\n",
        "a\tb\n1e5e5\t3\n",
        "a\tb\n-\t3\n",
        "a\tb\ninf\t3\n",
    ],
)
def test_fast_path_leaves_everything_doubtful_alone(text: str) -> None:
    assert plain_table(text.encode()) is None


@pytest.mark.parametrize("cell", ["1", "-1", "+1.5", "1.", ".5", "1e5", "1E-5", "-0", "00012", "1e-999"])
def test_numbers_are_floats_to_the_bit(cell: str) -> None:
    assert number(cell) == float(cell)
    assert math.copysign(1, number(cell)) == math.copysign(1, float(cell))


@pytest.mark.parametrize(
    "cell", ["1_0", "١", "1,0", "0x1", "e5", ".", "+", "1e", "nan(1)", "infinit", "1d5", "½", "1 "]
)
def test_liberties_of_float_and_fortran_are_refused(cell: str) -> None:
    with pytest.raises(ValueError):
        number(cell)


def test_a_table_of_one_run_is_read_in_milliseconds() -> None:
    data = table_text(
        [f"r{i}" for i in range(123)], np.random.default_rng(0).normal(size=(290, 123))
    ).encode()
    times = []
    for _ in range(5):
        start = time.process_time()
        assert plain_table(data) is not None
        times.append(time.process_time() - start)
    assert min(times) < 0.05  # about 4 ms here; the explaining path takes ten times as long


def test_refusal_has_the_reason_even_where_the_fast_path_saw_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("a\tb\n1\t2\n3\t4,5\n")
    with pytest.raises(InputError, match="decimal comma"):
        explained(tmp_path / "t.tsv")
