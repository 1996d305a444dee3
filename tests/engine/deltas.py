"""Archives of states, packed as the command line packs files, and what their blocks say."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compressor.archive.leaf import Entry
from compressor.archive.record import Kind
from compressor.archive.schema import Block, unpack_block
from compressor.archive.source import GrowingSource
from compressor.engine.access import SeekableArchive
from compressor.engine.externals import Externals
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions, Sources
from compressor.engine.reading import NONE_GIVEN, External, UnpackOptions
from compressor.engine.unpack import unpack
from compressor.plan.numbers import codings_for
from compressor.stages.chain import parse
from tests.engine.conftest import MemorySink

DELTA = "floatdelta"
Members = Mapping[str, bytes]


def packed(
    path: Path, members: Members, externals: Externals | None = None, **options: Any
) -> bytes:
    """Pack members into a file that can be read again meanwhile, and return its bytes."""
    with path.open("w+b", buffering=0) as file:
        sources = Sources(GrowingSource(file.fileno()), externals)
        _pack(file.write, members, {"sources": sources} | options)
    return path.read_bytes()


def piped(members: Members, **options: Any) -> bytes:
    """Pack members to where nothing can be read again."""
    target = io.BytesIO()
    _pack(target.write, members, options)
    return target.getvalue()


def _pack(write: Any, members: Members, options: dict[str, Any]) -> None:
    given = {"codings": codings_for(3), "reach": None, "threads": 1} | options
    packer = Packer(write, PackOptions(parse("zstd"), **given))
    try:
        for name, data in members.items():
            entry = Entry(name.encode(), size=len(data))
            packer.add(entry, packer.content_in(memoryview(data)))
        packer.finish()
    finally:
        packer.close()


def blocks(archive: bytes) -> dict[str, list[Block]]:
    """Return what the blocks of each member say, those of the last version."""
    seekable = SeekableArchive(io.BytesIO(archive))
    found = {}
    for index, entry in seekable.entries():
        places = list(dict.fromkeys(offset for _, (offset, _, _) in index.spans(entry) if offset))
        records = [index.record(offset, Kind.BLOCK).checked() for offset in places]
        found[entry.name.decode()] = [
            unpack_block(meta, body, at) for at, (meta, body) in zip(places, records, strict=True)
        ]
    return found


def needs(archive: bytes) -> dict[str, int]:
    """Return how many blocks those of each member need, at most; -1: none of them is a difference."""
    return {
        name: max((block.needs for block in found if block.base), default=-1)
        for name, found in blocks(archive).items()
    }


def all_ways(archive: bytes, external: External = NONE_GIVEN) -> list[dict[str, bytes]]:
    """Return the contents, as each reader of a file gives them."""
    sink = MemorySink()
    options = UnpackOptions(2, external=external)
    unpack(io.BytesIO(archive), sink, options, seekable=True)
    assert sink.outcome.failures == []
    forward = {name.decode(): content for name, content in sink.contents.items()}
    seekable = SeekableArchive(io.BytesIO(archive), UnpackOptions(2, external=external))
    by_index = {
        entry.name.decode(): b"".join(seekable.pieces(index, entry))
        for index, entry in seekable.entries()
    }
    return [forward, by_index]
