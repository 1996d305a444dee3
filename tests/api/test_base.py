"""What is a difference from a file outside is read by whoever is told where that file is: base=."""

import gc
import io
from collections.abc import Callable
from pathlib import Path

import pytest

import compressor
from tests.api.test_file import Pipe
from tests.conftest import descriptors
from tests.tensors.states import state

OLD, NEW = state(0), state(1)


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    (tmp_path / "old").write_bytes(OLD)
    (tmp_path / "new").write_bytes(NEW)
    compressor.pack(tmp_path / "new", tmp_path / "new.cz", base=tmp_path / "old")
    return (tmp_path / "new.cz").read_bytes()


def test_bytes_in_memory(packed: bytes, tmp_path: Path) -> None:
    assert compressor.decompress(packed, base=tmp_path / "old") == NEW
    assert compressor.decompress(packed, base=[tmp_path / "new.cz", tmp_path / "old"]) == NEW
    with pytest.raises(compressor.MissingBaseError):
        compressor.decompress(packed)


@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_a_file_that_is_opened(packed: bytes, tmp_path: Path, source: type[io.BytesIO]) -> None:
    with compressor.open(source(packed), base=str(tmp_path / "old")) as file:
        assert file.read() == NEW
    with compressor.open(source(packed)) as file, pytest.raises(compressor.MissingBaseError):
        file.read()


def test_a_part_of_a_file_that_is_opened(packed: bytes, tmp_path: Path) -> None:
    with compressor.open(tmp_path / "new.cz", base=tmp_path / "old") as file:
        file.seek(200_000)
        assert file.read(70_000) == NEW[200_000:270_000]


def test_writing_takes_no_base(tmp_path: Path) -> None:
    with pytest.raises(compressor.UsageError, match="base"):
        compressor.open(tmp_path / "new.cz", "wb", base=tmp_path)
    assert not (tmp_path / "new.cz").exists()


def _read(packed: bytes, base: Path) -> None:
    with compressor.open(io.BytesIO(packed), base=base) as file:
        file.read()


@pytest.mark.parametrize(
    "read", [lambda *given: compressor.decompress(given[0], base=given[1]), _read]
)
def test_a_base_that_is_an_archive_is_closed_at_once(
    packed: bytes, tmp_path: Path, read: Callable[[bytes, Path], object]
) -> None:
    compressor.pack(tmp_path / "old", tmp_path / "old.cz")
    gc.collect()
    gc.disable()
    before = descriptors()
    try:
        read(packed, tmp_path / "old.cz")
        assert descriptors() == before
    finally:
        gc.enable()
