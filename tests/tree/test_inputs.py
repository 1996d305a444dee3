"""Inputs by descriptor: what is opened, and in which pieces it is read."""

import os
from pathlib import Path

import pytest

from compressor.tree.inputs import Hole, Input, InputError, open_input


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def opened(name: str, *, follow: bool = False) -> Input:
    return open_input(Path(name), follow=follow)


def pieces(source: Input, block_size: int) -> list[int]:
    """Return the length of each piece, that of holes negative."""
    found = source.pieces(block_size)
    lengths = [-piece.length if isinstance(piece, Hole) else len(piece) for piece in found]
    os.close(source.descriptor)
    return lengths


@pytest.mark.parametrize(
    ("size", "expected"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (20, [10, 10])]
)
def test_a_file_is_read_in_blocks_and_only_the_last_is_smaller(
    size: int, expected: list[int]
) -> None:
    Path("a").write_bytes(bytes(range(1, 256)) * 2 if size > 255 else b"x" * size)

    assert pieces(opened("a"), 10) == expected


def test_holes_are_told_and_small_ones_are_not() -> None:
    with Path("a").open("wb") as file:
        file.write(b"x" * 4096)
        file.seek(1 << 20)
        file.write(b"x" * 4096)
        file.seek((1 << 20) + 16384)
        file.write(b"x" * 4096)
        file.truncate(2 << 20)
    if Path("a").stat().st_blocks * 512 >= 1 << 20:
        pytest.skip("this file system stores zeros")

    lengths = pieces(opened("a"), 1 << 20)

    assert lengths[:2] == [4096, 4096 - (1 << 20)]
    assert lengths[2] == 16384 + 4096
    assert sum(map(abs, lengths)) == 2 << 20


def test_what_is_added_while_a_file_is_read_belongs_to_it() -> None:
    Path("a").write_bytes(b"x" * 10)
    source = opened("a")
    found = source.pieces(10)

    first = next(found)
    with Path("a").open("ab") as file:
        file.write(b"y")

    assert (first, list(found)) == (b"x" * 10, [b"y"])
    assert source.changed()
    os.close(source.descriptor)


def test_an_error_of_reading_is_one_of_ours() -> None:
    source = Input(os.open(".", os.O_RDONLY), Path().stat(), regular=False)

    with pytest.raises(InputError, match="can't be read: Is a directory"):
        list(source.pieces(10))
    os.close(source.descriptor)


def test_a_fifo_is_refused_without_waiting_for_its_writer() -> None:
    os.mkfifo("fifo")

    with pytest.raises(InputError, match="is a FIFO; -f reads it"):
        opened("fifo")


def test_a_link_to_a_folder_is_a_folder() -> None:
    Path("d").mkdir()
    Path("link").symlink_to("d")

    with pytest.raises(InputError):
        opened("link", follow=True)


def test_two_names_of_one_file_have_one_identity() -> None:
    Path("a").touch()
    os.link("a", "b")
    one, other = opened("a"), opened("b")

    assert one.identity == other.identity
    os.close(one.descriptor)
    os.close(other.descriptor)
