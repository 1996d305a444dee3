"""The window of a forward reader: what is within reach, and no more than that."""

import io
import tracemalloc

import pytest

from compressor.archive.source import Source
from compressor.engine.limits import INTERPRETER, Limits
from compressor.engine.reading import UnpackOptions
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import Unpacker
from compressor.errors import MemoryBudgetError
from tests.archive.forge import Forge, entry

MIB = 1 << 20


def archive(blocks: int, reach: int) -> bytes:
    """One member a block, each referred to where it stands."""
    forge = Forge()
    forge.head(block_size=MIB, decode_memory=MIB, reach=reach)
    plain = bytes(MIB)
    for number in range(blocks):
        at = forge.block(plain)
        forge.leaf([entry(b"%d" % number, plain, [[at, 0, MIB]])], last=number == blocks - 1)
    return bytes(forge.data)


class Pipe(io.BytesIO):
    """A copy of what is read, as a pipe gives it."""

    def read(self, size: int | None = -1, /) -> bytes:
        return bytes(bytearray(super().read(size)))


def test_blocks_out_of_reach_are_let_go_though_nothing_asks_for_them() -> None:
    data = archive(24, reach=MIB)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    # A sixteenth of memory is for what a version that may follow refers to.
    limits = Limits(memory=INTERPRETER + 10 * MIB)
    Unpacker(Source(Pipe(data)), NullSink(), UnpackOptions(limits=limits)).run()

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - before < 10 * MIB


def test_decoding_again_what_is_within_reach_is_in_the_budget() -> None:
    limits = Limits(memory=INTERPRETER + 5 * MIB)  # a task and two blocks take 4, without reach

    Unpacker(Source(io.BytesIO(archive(1, reach=0))), NullSink(), UnpackOptions(1, limits)).run()
    with pytest.raises(MemoryBudgetError):
        Unpacker(Source(io.BytesIO(archive(1, MIB))), NullSink(), UnpackOptions(1, limits)).run()
