"""Levels on the user's own data: whole archives in memory, and what their blocks became."""

import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct

from compressor.archive.leaf import Entry
from compressor.archive.source import Source
from compressor.engine.benchmark import Row, Sample, least, tried
from compressor.engine.glance import ChainUse
from compressor.engine.limits import UNLIMITED
from compressor.engine.numbers import content_from
from compressor.engine.pack import Packer
from compressor.engine.packfile import pack_all
from compressor.engine.packoptions import SOLID_SIZE, PackOptions
from compressor.engine.reading import UnpackOptions
from compressor.engine.sinks import NullSink
from compressor.engine.survey import survey
from compressor.engine.trees import Tally
from compressor.engine.unpack import unpack
from compressor.errors import CompressorError
from compressor.plan.levels import SOLID_SIZES, chain_for, trials_for
from compressor.plan.numbers import codings_for
from compressor.stages.base import Bytes
from compressor.stages.chain import parse

LEVELS = (1, 3, 5, 7, 9)
"""The levels that are tried unless others are asked for."""


class LevelUse(Struct):
    """Bytes of a level's blocks, before and after, that one stage packed first."""

    level: int
    packed_by: str
    plain_size: int = 0
    packed_size: int = 0


class LevelRow(Row, frozen=True):
    """A level on the data, as one archive with all its checks; ``uses`` says what blocks became."""

    level: int
    uses: Sequence[LevelUse]

    @property
    def name(self) -> str:
        """What the level is called in a command."""
        return f"-{self.level}"


def measure(
    sample: Sample, levels: Sequence[int]
) -> Iterator[LevelRow | tuple[str, CompressorError]]:
    """Yield a row for each level, or why there is none.

    Raises:
        DamagedError: the archive does not hold what it was given.
    """
    for level in levels:
        yield tried(f"-{level}", partial(_row, sample, level))


def _row(sample: Sample, level: int) -> LevelRow:
    size = sum(map(len, sample.files))
    options = _options(level, size, several=len(sample.files) > 1)
    seconds_in, packed = least(lambda: _packed(sample, options))
    seconds_out, sink = least(lambda: _unpacked(packed))
    for _, error in sink.outcome.failures:
        raise error
    (found,) = survey(Source(io.BytesIO(packed)), options.memory)
    block_size = min(options.chain.block_size, size)
    return LevelRow(
        str(options.chain),
        block_size,
        size,
        found.size,
        size / seconds_in,
        size / seconds_out,
        options.per_task(block_size),
        level,
        _uses(level, found.chains),
    )


def _options(level: int, size: int, *, several: bool) -> PackOptions:
    """Return what `compress` has at a level, of one file, or of a folder with several."""
    return PackOptions(
        chain_for(None, level),
        solid_size=SOLID_SIZES.get(level, SOLID_SIZE),
        threads=1,
        reach=None if several else 0,
        alone=not several,
        codings=codings_for(level),
        trials=trials_for(level),
        plain_limit=size,
    )


def _packed(sample: Sample, options: PackOptions) -> bytes:
    parts: list[Bytes] = []
    pack_all(parts.append, options, lambda packer: _pack(packer, sample, options))
    return b"".join(parts)


def _unpacked(packed: bytes) -> NullSink:
    sink = NullSink()
    unpack(io.BytesIO(packed), sink, UnpackOptions(1, UNLIMITED), seekable=True)
    return sink


def _pack(packer: Packer, sample: Sample, options: PackOptions) -> Tally:
    for number, content in enumerate(sample.files, 1):
        entry = Entry(f"{number:08}".encode())
        if sample.cut and number == len(sample.files):  # a pipe's beginning is as good as a file's
            packer.add(entry, content_from(io.BytesIO(content).read, options, packer.piece_size))
        elif len(content) <= packer.small_size:
            packer.add_small(entry, content)
        else:
            packer.add(entry, packer.content_in(memoryview(content)))
    return Tally()


def _uses(level: int, chains: Mapping[str, ChainUse]) -> list[LevelUse]:
    """Return what chains were used for, by what begins them, and the type of the numbers in them."""
    found: dict[str, LevelUse] = {}
    for text, use in sorted(chains.items()):
        chain = parse(text)
        name = f"{chain.info.name} {dict(chain.options).get('dtype', '')}".rstrip()
        sum_ = found.setdefault(name, LevelUse(level, name))
        sum_.plain_size += use.plain_size
        sum_.packed_size += use.packed_size
    return list(found.values())
