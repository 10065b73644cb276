"""Files: atomic writing, bounded reading, hashing, paths that stay inside."""

from __future__ import annotations

import gzip
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corticolimbic.foundation import (
    InputError,
    atomic_path,
    hash_file,
    hash_json,
    inside,
    is_temporary,
    read_bytes,
    read_json,
    sweep_temporary,
    write_json,
    write_text,
)


def refused(code: str, function: object, *arguments: object, **named: object) -> InputError:
    with pytest.raises(InputError) as caught:
        function(*arguments, **named)  # type: ignore[operator]
    assert caught.value.problem.code == code
    return caught.value


class TestAtomicWriting:
    def test_a_failed_block_leaves_the_old_file_and_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "table.tsv"
        write_text(path, "old")
        for error in (RuntimeError, KeyboardInterrupt):
            with pytest.raises(error), atomic_path(path) as temporary:
                temporary.write_text("half a new one")
                raise error
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_finished_block_replaces_the_file_and_makes_folders(self, tmp_path: Path) -> None:
        path = tmp_path / "a" / "b" / "table.parquet"
        with atomic_path(path) as temporary:
            assert temporary.suffix == ".parquet"
            assert temporary.parent == path.parent
            assert is_temporary(temporary)
            assert not path.exists()
            temporary.write_text("new")
        assert path.read_text() == "new"
        assert not is_temporary(path)
        mask = os.umask(0o022)
        os.umask(mask)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask, (
            "others may read as the user's settings say"
        )

    def test_leftovers_of_killed_processes_are_swept(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        (tmp_path / ".part-a.tsv").write_text("x")
        (tmp_path / "deep" / ".part-b").write_text("x")
        (tmp_path / "deep" / "kept.part-c").write_text("x")
        assert sweep_temporary(tmp_path) == 2
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["kept.part-c"]

    def test_text_is_utf8_with_plain_line_ends(self, tmp_path: Path) -> None:
        write_text(tmp_path / "t", "é\n脑\n")
        assert (tmp_path / "t").read_bytes() == "é\n脑\n".encode()

    def test_equal_json_gives_equal_bytes_and_nan_is_refused(self, tmp_path: Path) -> None:
        write_json(tmp_path / "a", {"b": 1, "a": [1.5, None]})
        write_json(tmp_path / "b", {"a": [1.5, None], "b": 1})
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert json.loads((tmp_path / "a").read_text()) == {"a": [1.5, None], "b": 1}
        with pytest.raises(ValueError, match="JSON"):
            write_json(tmp_path / "a", {"value": float("nan")})
        assert json.loads((tmp_path / "a").read_text())["b"] == 1


class TestPathsStayInside:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret.tsv").write_text("x")
        (tmp_path / "root" / "sub").mkdir(parents=True)
        (tmp_path / "root" / "sub" / "file.tsv").write_text("x")
        return tmp_path / "root"

    @pytest.mark.parametrize("name", ["sub/file.tsv", "sub/../sub/file.tsv", "absent.tsv", ".", "sub/./x"])
    def test_what_stays_inside_is_resolved(self, root: Path, name: str) -> None:
        assert inside(root, name) == (root / name).resolve()

    @pytest.mark.parametrize(
        "name",
        ["..", "../outside/secret.tsv", "sub/../../outside", "/etc/passwd", "sub/" + "../" * 40, "a\0b"],
    )
    def test_what_leaves_is_refused(self, root: Path, name: str) -> None:
        refused("CL110", inside, root, name)

    def test_links_are_followed_before_judging(self, root: Path) -> None:
        (root / "out").symlink_to(root.parent / "outside")
        (root / "in").symlink_to(root / "sub")
        (root / "loop").symlink_to(root / "loop")
        refused("CL110", inside, root, "out/secret.tsv")
        refused("CL110", inside, root, "out")
        assert inside(root, "in/file.tsv") == (root / "sub" / "file.tsv").resolve()
        try:
            assert inside(root, "loop").is_relative_to(root.resolve())
        except InputError as error:
            assert error.problem.code == "CL110"

    def test_a_root_that_is_a_link_is_no_escape(self, root: Path) -> None:
        link = root.parent / "link"
        link.symlink_to(root)
        assert inside(link, "sub/file.tsv") == (root / "sub" / "file.tsv").resolve()

    def test_a_sibling_with_the_same_beginning_is_outside(self, root: Path) -> None:
        root.with_name("root-two").mkdir()
        refused("CL110", inside, root, "../root-two")


class TestBoundedReading:
    def test_plain_and_compressed_files_give_their_bytes(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"abc")
        (tmp_path / "a.gz").write_bytes(gzip.compress(b"ab") + gzip.compress(b"c"))
        assert read_bytes(tmp_path / "a") == read_bytes(tmp_path / "a.gz") == b"abc"
        assert read_bytes(tmp_path / "a", limit=3) == b"abc"

    @pytest.mark.parametrize("name", ["a", "a.gz"])
    def test_more_than_the_limit_is_refused(self, tmp_path: Path, name: str) -> None:
        data = b"x" * 1001
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
        assert "1,000 bytes" in refused("CL103", read_bytes, tmp_path / name, limit=1000).problem.found

    def test_a_bomb_is_not_unpacked(self, tmp_path: Path) -> None:
        import tracemalloc

        bomb = tmp_path / "bomb.tsv.gz"
        with gzip.open(bomb, "wb", compresslevel=6) as stream:
            for _ in range(64):
                stream.write(bytes(2**20))
        assert bomb.stat().st_size < 2**18
        tracemalloc.start()
        refused("CL103", read_bytes, bomb, limit=2**20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 * 2**20

    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: data[:-10],
            lambda data: data[:5],
            lambda data: b"no gzip at all",
            lambda data: data[:20] + bytes([data[20] ^ 255]) + data[21:],
            lambda data: data + b"rubbish",
        ],
    )
    def test_damaged_gzip_is_refused(self, tmp_path: Path, damage: object) -> None:
        path = tmp_path / "a.tsv.gz"
        path.write_bytes(damage(gzip.compress(os.urandom(500))))  # type: ignore[operator]
        refused("CL102", read_bytes, path)

    def test_what_is_no_file_is_refused_at_once(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.tsv")
        for path in (
            tmp_path,
            tmp_path / "pipe.tsv",
            tmp_path / "absent",
            tmp_path / "a\0b",
            Path("/dev/zero"),
        ):
            refused("CL101", read_bytes, path)
        (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
        refused("CL101", read_bytes, tmp_path / "dangling")


class TestJson:
    @pytest.mark.parametrize(
        "text",
        [
            "", "[1]", "null", "3", '"text"', "{", '{"a": }', "{'a': 1}", '{"a": 1} {"b": 2}', "\0",
            '{"a": 1,}', '{"a": ' * 100_000 + "1" + "}" * 100_000, "[" * 100_000 + "]" * 100_000,
            '{"a": ' + "9" * 5000 + "}",
        ],
    )  # fmt: skip
    def test_what_is_no_object_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "a.json"
        path.write_text(text)
        error = refused("CL109", read_json, path)
        assert len(error.problem.found) <= 300
        assert error.problem.file == "a.json"

    @pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "latin-1"])
    def test_other_encodings_are_refused(self, tmp_path: Path, encoding: str) -> None:
        (tmp_path / "a.json").write_bytes('{"é": 1}'.encode(encoding))
        refused("CL109", read_json, tmp_path / "a.json")

    def test_a_mark_nan_and_repeated_keys_are_read_as_python_does(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": NaN, "b": -Infinity, "c": 1, "c": 2}')
        value = read_json(tmp_path / "a.json")
        assert value["a"] != value["a"]
        assert (value["b"], value["c"]) == (float("-inf"), 2)

    def test_size_is_bounded(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text('{"a": "' + "x" * 2000 + '"}')
        refused("CL103", read_json, tmp_path / "a.json", limit=1000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


def shuffled(value: object) -> object:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(JSON, JSON)
def test_hash_of_json_ignores_the_order_of_keys_and_nothing_else(first: object, second: object) -> None:
    assert hash_json(first) == hash_json(shuffled(first))
    if json.dumps(first, sort_keys=True) != json.dumps(second, sort_keys=True):
        assert hash_json(first) != hash_json(second)


def test_hash_of_json_keeps_the_order_of_lists_and_kinds_apart() -> None:
    values = [[1, 2], [2, 1], [1.0, 2], ["1", 2], [True, 2], [None], [], {}, "", 0, False]
    assert len({hash_json(value) for value in values}) == len(values)
    assert hash_json((1, 2)) == hash_json([1, 2])
    assert len(hash_json("\udcff")) == 64, "names of files that are no UTF-8 can be hashed"


def test_hash_of_a_file_is_of_its_bytes_on_disk(tmp_path: Path) -> None:
    import hashlib

    data = gzip.compress(b"abc")
    (tmp_path / "a.gz").write_bytes(data)
    assert hash_file(tmp_path / "a.gz") == hashlib.sha256(data).hexdigest()
