"""Codecs on the user's own data: size, speed both ways, memory. One thread, no files, no hashing."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from msgspec import Struct

from compressor.errors import CompressorError, DamagedError
from compressor.plan.levels import chain_for
from compressor.stages import chain as chains
from compressor.stages.chain import Chain

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

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
    "lz77",
    "lz78",
    "preset",
)
STDIN = Path("-")
STEP = 16 << 20  # bytes read at once
SAMPLE = 64 << 20  # bytes taken of the data at most, unless asked otherwise


SHORT = 0.1  # seconds; what takes less is done again, as the first time is much of it

T = TypeVar("T")


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
    def name(self) -> str:
        """What it is called in a table."""
        return self.chain

    @property
    def ratio(self) -> float:
        """Packed bytes for each plain byte."""
        return self.packed_size / self.plain_size


class Sample(Struct, frozen=True):
    """Contents of files, none of them empty; ``cut`` says whether the last one goes on."""

    files: list[bytearray]
    cut: bool

    @property
    def joined(self) -> bytearray:
        """All of them as one."""
        return self.files[0] if len(self.files) == 1 else bytearray().join(self.files)


def gather(paths: Sequence[Path], limit: int) -> Sample:
    """Return files, folders searched, in the order of names, as far as ``limit`` bytes go; ``-`` is stdin.

    Raises:
        CompressorError: there is nothing in them.
    """
    files: list[bytearray] = []
    for file in _files(paths):
        with _opened(file) as opened:
            data = _start(opened, limit)
            limit -= len(data)
            files += [data] if data else []
            if not limit:
                return Sample(files, cut=bool(opened.read(1)))
    if not files:
        raise CompressorError("there is nothing to measure: it is empty")
    return Sample(files, cut=False)


def _opened(path: Path) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if path == STDIN else path.open("rb")


def _start(file: BinaryIO, most: int) -> bytearray:
    """Return the first bytes of a file; of what is asked for beyond its end nothing is allocated."""
    data = bytearray()
    while piece := file.read(min(most - len(data), STEP)):
        data += piece
    return data


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*") if item.is_file())
        else:
            yield path


def measure(data: bytearray, texts: Sequence[str]) -> Iterator[Row | tuple[str, CompressorError]]:
    """Yield a row for each chain, or why there is none.

    Raises:
        DamagedError: a codec did not give back what it was given.
    """
    from concurrent.futures import ThreadPoolExecutor  # for those who ask for it

    # A codec may take half a minute for a block, and hears of no Ctrl-C meanwhile: who waits for it does.
    worker = ThreadPoolExecutor(1, "compressor")
    try:
        for text in texts:
            yield tried(text, partial(_awaited, worker, text, data))
    finally:
        worker.shutdown(wait=False, cancel_futures=True)


def _awaited(worker: "ThreadPoolExecutor", text: str, data: bytearray) -> Row:
    return worker.submit(_row, chain_for(text, None), data).result()


def tried(name: str, work: Callable[[], T]) -> T | tuple[str, CompressorError]:
    """Return the row that some work makes, or the name of what it tries and why there is none.

    Raises:
        DamagedError: something did not give back what it was given.
    """
    try:
        return work()
    except DamagedError:
        raise
    except CompressorError as error:
        return name, error


def least(work: Callable[[], T]) -> tuple[float, T]:
    """Return the least seconds that some work took, done again as long as it is short; and its result."""
    begun = time.perf_counter()
    best = None
    while True:
        last = time.perf_counter()
        result = work()
        now = time.perf_counter()
        best = now - last if best is None else min(best, now - last)
        if now - begun > SHORT:
            return best, result


def _row(chain: Chain, data: bytearray) -> Row:
    size = min(chain.block_size, len(data))
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    seconds_in, encoded = least(lambda: [chains.encode(chain, block) for block in blocks])
    packed = [item.parts[0] if len(item.parts) == 1 else b"".join(item.parts) for item in encoded]
    together = list(zip(packed, encoded, blocks, strict=True))
    seconds_out, again = least(
        lambda: [
            chains.decode(chain, body, item.sizes, len(block)) for body, item, block in together
        ]
    )
    if any(block != plain for block, plain in zip(blocks, again, strict=True)):
        raise DamagedError(f"{chain} did not give back what it was given: please report this")
    return Row(
        str(chain),
        size,
        len(data),
        sum(map(len, packed)),
        len(data) / seconds_in,
        len(data) / seconds_out,
        size + max(chain.encode_memory(size), chain.decode_memory(size)),
    )
