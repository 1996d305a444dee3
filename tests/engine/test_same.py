"""Tensors that are the same are stored once: in one file, under other names, in another version."""

import io
from pathlib import Path

import pytest

import compressor
from compressor.archive.forward import ForwardReader
from compressor.archive.schema import Head
from compressor.archive.source import Source
from tests.engine.conftest import from_pipe
from tests.engine.deltas import all_ways, blocks, packed, piped
from tests.tensors.states import COUNT, Tensor, safetensors, state, tensor

FEW = COUNT // 8  # elements of a short tensor: 16 KiB of bf16
OLD, NEW = "old.safetensors", "new.safetensors"


def reach(archive: bytes) -> int:
    """Return what the first HEAD declares."""
    events = ForwardReader(Source(io.BytesIO(archive))).events()
    return next(event.reach for event in events if isinstance(event, Head))


def tensors(*seeds: int, prefix: str = "", count: int = COUNT) -> dict[str, Tensor]:
    return {f"{prefix}{seed}": tensor(seed, 0, count=count) for seed in seeds}


# In one file


def test_tied_tensors_of_one_file_are_stored_once() -> None:
    once, twice = tensors(1, 2, 3), tensors(3, 1, 2, prefix="tied.")
    content = safetensors(once | twice)

    archive = piped({"model": content}, reach=0, alone=True, plain_limit=len(content))

    assert len(archive) < 1.02 * len(piped({"model": safetensors(once)}, reach=0))
    assert 0 < reach(archive) <= len(content)
    assert all_ways(archive) == [{"model": content}] * 2
    assert from_pipe(archive, 2).contents == {b"model": content}


def test_the_library_stores_tied_tensors_once_too() -> None:
    content = safetensors(tensors(1) | tensors(1, prefix="tied."))

    archive = compressor.compress(content)

    assert len(archive) < 0.4 * len(content)
    assert compressor.decompress(archive) == content


@pytest.mark.parametrize("same", [{}, {"a": ("BF16", [COUNT], bytes(2 * COUNT))}])
def test_a_file_without_tied_tensors_asks_nothing_of_readers(same: dict[str, Tensor]) -> None:
    constant = same | {f"other {name}": one for name, one in same.items()}
    content = safetensors(tensors(1, 2) | constant)

    archive = piped({"model": content}, reach=0, alone=True, plain_limit=len(content))

    assert reach(archive) == 0
    assert archive == piped({"model": content}, reach=0)


# Short ones


def test_short_tensors_are_stored_once_in_another_order_and_under_other_names(path: Path) -> None:
    first = safetensors(tensors(*range(12), count=FEW))
    second = safetensors(tensors(*reversed(range(12)), prefix="model.", count=FEW))

    archive = packed(path, {"first": first, "second": second})

    assert len(archive) < 1.05 * len(packed(path, {"first": first}))
    assert all_ways(archive) == [{"first": first, "second": second}] * 2


def test_of_a_block_of_short_tensors_only_the_new_ones_are_stored(path: Path) -> None:
    first = safetensors(tensors(*range(8), count=FEW))
    second = safetensors(tensors(0, 1, 90, 3, 91, 5, 6, 7, prefix="model.", count=FEW))

    archive = packed(path, {"first": first, "second": second})

    news = [block for block in blocks(archive)["second"] if len(block.pieces) == 2]
    assert [block.plain_size for block in news] == [2 * 2 * FEW]
    assert all_ways(archive) == [{"first": first, "second": second}] * 2


def test_what_is_new_of_such_a_block_is_a_difference_from_its_own_tensors(path: Path) -> None:
    first = tensors(*range(8), count=FEW)
    later = first | {name: (*first[name][:2], b"\x01" + first[name][2][1:]) for name in ("2", "5")}
    members = {"first": safetensors(first), "later": safetensors(later)}

    archive = packed(path, members)

    (new,) = [block for block in blocks(archive)["later"] if block.base]
    assert new.plain_size == 2 * 2 * FEW
    assert all_ways(archive) == [members] * 2


# In a version to come


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.cz"


def of_one_file(path: Path, content: bytes) -> int:
    """Make an archive that lists no pieces of numbers; return its size."""
    path.write_bytes(compressor.compress(content, name=OLD))
    return path.stat().st_size


def appended(path: Path, content: bytes) -> int:
    """Append a file; return what that took, once both were proven to be there."""
    with compressor.Archive(path) as archive:
        before, old = path.stat().st_size, archive.read(OLD)
    new = path.parent / NEW
    new.write_bytes(content)
    compressor.append(path, new)
    with compressor.Archive(path) as archive:
        assert (archive.read(OLD), archive.read(NEW)) == (old, content)
    assert all_ways(path.read_bytes()) == [{OLD: old, NEW: content}] * 2
    return path.stat().st_size - before


def test_a_state_under_other_names_is_stored_once_behind_an_archive_of_one_file(path: Path) -> None:
    of_one_file(path, safetensors(tensors(1, 2, 3)))

    took = appended(path, safetensors(tensors(3, 2, 1, prefix="model.")))

    assert took < 4000


def test_a_block_that_only_begins_like_an_old_one_is_stored(path: Path) -> None:
    name, shape, data = tensor(1, 0, "F32")
    changed = bytearray(data)
    changed[-4] ^= 1  # the lowest bit of the last mantissa: no size depends on it
    of_one_file(path, safetensors({"a": (name, shape, data)}))

    took = appended(path, safetensors({"b": (name, shape, bytes(changed))}))

    assert took > len(data) // 4


def test_a_later_state_behind_an_archive_of_one_file_is_still_a_difference(path: Path) -> None:
    of_one_file(path, state(0))

    appended(path, state(1))

    assert all(block.base for block in blocks(path.read_bytes())[NEW] if block.plain_size > COUNT)
