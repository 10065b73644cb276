"""Damage for fuzz tests: what disks, transfers, spreadsheets and people do to files.

Seeded by name and number, so that every failure can be had again.
"""

from __future__ import annotations

import gzip
import os
import random
import time
from collections.abc import Callable, Sequence

N_INPUTS = int(os.environ.get("CORTICOLIMBIC_FUZZ", "500"))
"""Damaged inputs for each reader; make test-all asks for 2,000."""
SECONDS = 5.0
"""Longest that one input may take; more counts as a hang."""

_SNIPPETS = (
    b"\t", b"\n", b"\r\n", b"\r", b"\0", b'"', b"'", b",", b";", b"#", b" ", b"\t\t\t\t", b"\n\n\n",
    b"n/a", b"NaN", b"inf", b"-Infinity", b"1e999", b"1_0", b"1,5", b"0x1F", b"--1", b"1e", b"9" * 400,
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xed\xa0\x80", b"\x83\x36\xc7\x39", b"\x1f\x8b",
    "é".encode(), "疼痛".encode("gb18030"), "\u202e".encode(), "\u2028".encode(), "e\u0301".encode(),
    b"\x85", b"\x0b", b"\x1c", b"../", b"sub-", b"ses-", b"participant_id", b"session_id",
    b"framewise_displacement", b"{", b"[" * 3000, b'{"a":' * 500, b"\\ud800",
)  # fmt: skip


def damaged(valid: Sequence[bytes], rng: random.Random) -> bytes:
    """Return one of the valid contents after one to four accidents; sometimes compressed or plain noise."""
    if rng.random() < 0.03:
        return rng.randbytes(rng.randrange(300))
    data = rng.choice(valid)
    for _ in range(rng.choices([1, 2, 3, 4], [6, 3, 1, 1])[0]):
        data = rng.choice(_ACCIDENTS)(data, rng)
    if rng.random() < 0.03:
        data = gzip.compress(data, 1)[: rng.randrange(1, 400)]
    return data


def _flip(data: bytes, rng: random.Random) -> bytes:
    if not data:
        return data
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(_SNIPPETS) + data[place:]


def _remove(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randrange(1, 20) :]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start : start + rng.randrange(1, 200)] + data[start:]


def _exchange(data: bytes, rng: random.Random) -> bytes:
    old, new = rng.choice(
        [
            (b"\t", b","),
            (b"\n", b"\r\n"),
            (b"\n", b"\r"),
            (b".", b","),
            (b"\t", b" "),
            (b"1", b"n/a"),
            (b"-", b"_"),
        ]
    )
    return data.replace(old, new, rng.choice([1, -1]))


def _encode(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(
        rng.choice(["utf-16", "utf-16-le", "utf-8-sig", "gb18030", "utf-32", "utf-7"]), "replace"
    )


def _lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


_ACCIDENTS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _flip, _cut, _insert, _insert, _insert, _remove, _repeat, _exchange, _encode, _lines,
)  # fmt: skip


def each_survives(name: str, make: Callable[[random.Random], object], use: Callable[[object], None]) -> None:
    """Hand every input to ``use``, which raises where it should not; name the seed of the first failure."""
    for number in range(N_INPUTS):
        seed = f"{name}-{number}"
        made = make(random.Random(seed))
        start = time.perf_counter()
        try:
            use(made)
        except Exception as error:
            raise AssertionError(f"seed {seed!r}: {type(error).__name__}: {error}\n{made!r:.500}") from error
        assert time.perf_counter() - start < SECONDS, f"seed {seed!r} took more than {SECONDS} s"
