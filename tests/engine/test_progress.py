"""What is heard of a run: plain and packed bytes that belong together, though others are under way."""

import io
import random

import pytest

from compressor.archive.leaf import Entry
from compressor.engine.access import SeekableArchive
from compressor.engine.extract import Extraction
from compressor.engine.foreign import ForeignFile, foreign_in
from compressor.engine.foreignpack import ForeignOptions, ForeignPacker
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.engine.reading import UnpackOptions
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import unpack
from compressor.formats.table import format_by_name, writing_of
from compressor.stages.chain import parse
from tests.engine.conftest import cut

NOISE = random.Random(9)
BLOCK = 300_000  # bytes: more than is done at once
SMALL = 70_000  # bytes; some share a block
MEMBERS = {
    **{b"small %d" % number: NOISE.randbytes(SMALL) for number in range(9)},
    b"large": NOISE.randbytes(11 * BLOCK),
    b"more": NOISE.randbytes(3 * BLOCK + 1),
}
PLAIN = sum(map(len, MEMBERS.values()))
SPARE = 20_000  # bytes of all that is no content in such an archive


class Heard:
    """What a run told."""

    def __init__(self) -> None:
        self.all: list[tuple[int, int, int]] = []

    def __call__(self, read: int, plain: int, packed: int) -> None:
        self.all.append((read, plain, packed))

    def check(self, last: tuple[int, int]) -> None:
        """Stored bytes are as many as they were: so must those be that are said to belong together."""
        assert len(self.all) > 10
        assert all(0 <= packed - plain <= SPARE for _, plain, packed in self.all)
        assert self.all == sorted(self.all)
        assert self.all[-1][1:] == last


def packed_by(heard: Heard, threads: int, reach: int | None = 0) -> bytes:
    target = io.BytesIO()
    options = PackOptions(
        parse("store"),
        block_size=BLOCK,
        solid_size=BLOCK,
        threads=threads,
        reach=reach,
        progress=heard,
    )
    packer = Packer(target.write, options)
    for name, content in MEMBERS.items():
        packer.add(Entry(name), cut(content, BLOCK))
    packer.finish()
    return target.getvalue()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("reach", [0, None])
def test_what_was_written_is_told_with_what_it_was_made_of(threads: int, reach: int | None) -> None:
    heard = Heard()

    packed = packed_by(heard, threads, reach)

    heard.check((PLAIN, len(packed)))
    assert heard.all[-1][0] == PLAIN


@pytest.mark.parametrize("threads", [1, 3])
def test_what_was_given_is_told_with_what_it_came_from(threads: int) -> None:
    heard, by_index = Heard(), Heard()
    packed = packed_by(Heard(), 1)

    unpack(io.BytesIO(packed), NullSink(), UnpackOptions(threads, progress=heard), seekable=False)
    options = UnpackOptions(threads, progress=by_index)
    archive = SeekableArchive(io.BytesIO(packed), options)
    Extraction(archive, NullSink(), options).run(list(archive.entries()))

    heard.check((PLAIN, heard.all[-1][2]))
    by_index.check((PLAIN, by_index.all[-1][2]))


def test_of_other_programs_files_it_is_told_so_too() -> None:
    content = NOISE.randbytes(3_000_000)
    heard, read = Heard(), Heard()
    target = io.BytesIO()
    how = format_by_name("bz2"), writing_of("bz2"), None, 3, 1 << 30, heard
    packer = ForeignPacker(target.write, ForeignOptions(*how))

    packer.add(Entry(b""), cut(content, 1 << 20))
    packed = target.getvalue()
    file = foreign_in(io.BytesIO(packed), seekable=True)
    assert isinstance(file, ForeignFile)
    file.unpack(NullSink(), UnpackOptions(3, progress=read))

    for told in (heard.all, read.all):
        assert len(told) >= 4
        assert all(0 <= packed - plain <= 0.01 * plain for _, plain, packed in told)
        assert told[-1][1:] == (len(content), len(packed))
