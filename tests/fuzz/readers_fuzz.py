"""A coverage-guided fuzzer of both readers and of recover: python tests/fuzz/readers_fuzz.py CORPUS.

Most mutations break a check at once; so four of five get their checks mended, and reach what lies
behind. Whatever comes, a reader gives sound bytes or one of our errors.
"""

import io
import random
import struct
import sys
from contextlib import suppress
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["compressor.archive", "compressor.engine"]):
    from compressor.archive import record
    from compressor.archive.schema import FILE
    from compressor.archive.source import Source
    from compressor.engine.access import SeekableArchive
    from compressor.engine.extract import Extraction
    from compressor.engine.history import versions_of
    from compressor.engine.limits import Limits
    from compressor.engine.reading import UnpackOptions
    from compressor.engine.recover import recover
    from compressor.engine.sinks import NullSink
    from compressor.engine.unpack import Unpacker, unpack
    from compressor.errors import CompressorError

from xxhash import xxh3_64_intdigest

from tests.engine.growing import Growing

LIMITS = Limits(max_output=1 << 22, max_expansion=None, memory=160 << 20)


class CheckedSink(NullSink):
    """Notes what closed members gave, so that their hash can be taken again."""

    def opened(self, name: bytes, entry) -> None:
        self.size = 0

    def data(self, piece: bytes) -> None:
        self.size += len(piece)

    def hole(self, length: int) -> None:
        self.size += length

    def closed(self, entry) -> None:
        assert self.size == entry.size, entry
        super().closed(entry)


def read_forward(data: bytes) -> None:
    with suppress(CompressorError):
        options = UnpackOptions(threads=1, limits=LIMITS)
        Unpacker(Source(io.BytesIO(data)), CheckedSink(), options).run()
    with suppress(CompressorError):
        unpack(io.BytesIO(data), CheckedSink(), options, seekable=True)


def read_seekable(data: bytes) -> None:
    with suppress(CompressorError):
        archive = SeekableArchive(io.BytesIO(data), UnpackOptions(limits=LIMITS), salvage=True)
        versions_of(archive.indexes)
        files = [item for item in archive.entries() if item[1].kind == FILE]
        for count, (index, entry) in enumerate(files):
            if entry.size < 1 << 20 and count < 64:
                archive.copy(index, entry, lambda piece: None)
            archive.read(index, entry, 1, min(entry.size, 4096))
        Extraction(archive, CheckedSink(), UnpackOptions(threads=1, limits=LIMITS)).run(files[:64])


def recover_it(data: bytes) -> None:
    with suppress(CompressorError):
        recover(io.BytesIO(data), Growing())


def mend(data: bytearray) -> bytearray:
    """Make every check fit that can be found by following the sizes."""
    at = start = 0
    while at < len(data):
        if data[at : at + 8] == record.MAGIC or not at:
            start, at = at, at + 8
            continue
        if at + 32 > len(data):
            break
        meta, body = struct.unpack_from("<II", data, at + 8)
        end = at + 32 + meta + body + 8
        struct.pack_into("<Q", data, at + 16, at - start)
        struct.pack_into("<Q", data, at + 24, xxh3_64_intdigest(data[at : at + 24]))
        if end > len(data):
            break
        struct.pack_into("<Q", data, end - 8, xxh3_64_intdigest(data[at + 32 : end - 8]))
        at = end
    return data


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    changed = bytearray(atheris.Mutate(data, max_size))
    return bytes(mend(changed) if random.Random(seed).random() < 0.8 else changed)


def test_one_input(data: bytes) -> None:
    read_forward(data)
    read_seekable(data)
    recover_it(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutate)
    atheris.Fuzz()
