"""Codecs on the user's own data: size, speed both ways, memory. One thread, no files, no hashing."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from compressor.engine.levels import chain_for
from compressor.errors import CompressorError, DamagedError
from compressor.stages import chain as chains
from compressor.stages.chain import Chain

CHAINS = (
    "store",
    "lz4",
    "lz4:level=9",
    "lzo",
    "zstd:level=-3",
    "zstd:level=1",
    "zstd:level=3",
    "zstd:level=9",
    "zstd:level=19",
    "zlib",
    "bz2",
    "lzma",
    "huffman",
    "lzw",
    "lz78",
    "preset",
)
SAMPLE = 64 << 20  # bytes taken of the data at most, unless asked otherwise


class Row(Struct, frozen=True):
    """One chain on the data; speeds in plain bytes a second, memory in bytes for one thread."""

    chain: str
    block_size: int
    plain_size: int
    packed_size: int
    encode_speed: float
    decode_speed: float
    memory: int

    @property
    def ratio(self) -> float:
        """Packed bytes for each plain byte."""
        return self.packed_size / self.plain_size


def gather(paths: Sequence[Path], limit: int) -> bytearray:
    """Return up to ``limit`` bytes of the files, folders searched, in the order of their names."""
    data = bytearray()
    for path in paths:
        files = (
            sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        )
        for file in files:
            with file.open("rb") as opened:
                data += opened.read(limit - len(data))
            if len(data) >= limit:
                return data
    return data


def measure(data: bytearray, texts: Sequence[str]) -> Iterator[Row | tuple[str, CompressorError]]:
    """Yield a row for each chain, or why there is none.

    Raises:
        DamagedError: a codec did not give back what it was given.
    """
    for text in texts:
        try:
            chain = chain_for(text, None)
            row = _row(chain, data)
        except DamagedError:
            raise
        except CompressorError as error:
            yield text, error
        else:
            yield row


def _row(chain: Chain, data: bytearray) -> Row:
    size = min(chain.block_size, len(data))
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    begun = time.perf_counter()
    encoded = [chains.encode(chain, block) for block in blocks]
    between = time.perf_counter()
    packed = [item.parts[0] if len(item.parts) == 1 else b"".join(item.parts) for item in encoded]
    restarted = time.perf_counter()
    again = [
        chains.decode(chain, body, item.sizes, len(block))
        for body, item, block in zip(packed, encoded, blocks, strict=True)
    ]
    ended = time.perf_counter()
    if any(block != plain for block, plain in zip(blocks, again, strict=True)):
        raise DamagedError(f"{chain} did not give back what it was given: please report this")
    return Row(
        str(chain),
        size,
        len(data),
        sum(map(len, packed)),
        len(data) / max(between - begun, 1e-9),
        len(data) / max(ended - restarted, 1e-9),
        size + max(chain.encode_memory(size), chain.decode_memory(size)),
    )
