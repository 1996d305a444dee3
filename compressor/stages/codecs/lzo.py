"""LZO1X blocks: through python-lzo where it is installed, else through lzallright.

python-lzo (GPL-2.0-or-later, never a dependency) encodes about 90 times faster. Either reads the
other's blocks, which have no header: python-lzo's own five bytes are left out.
"""

import importlib
from importlib.metadata import version
from types import ModuleType

import lzallright

from compressor.errors import DamagedError, UnsupportedError, in_a_line
from compressor.stages.base import Bytes, Option, Provider, StageInfo

FAST, STRONG = 1, 9  # lzo1x_1 and lzo1x_999: the levels that exist
HEADER = False  # python-lzo's own, by position: it has no such keyword
BLOCK_MAX = 2**31 - 1  # bytes; python-lzo counts in C's int
EXPANSION_MAX = 255  # plain bytes that one packed byte stands for at most
EXCESS = 64 << 20  # bytes; what a lie about the size may cost with lzallright, see _bounded
INSTALL = "install python-lzo: pip install 'compressor-cz[lzo]'"


def _python_lzo() -> ModuleType | str:
    """Return the module, or what to do about it."""
    try:
        return importlib.import_module("lzo")
    except Exception as error:  # whatever goes wrong in another package, lzallright still works
        if isinstance(error, ModuleNotFoundError) and error.name == "lzo":
            return INSTALL
        return f"python-lzo is installed, but can't be loaded ({in_a_line(error)}): install it anew"


class Lzo:
    """Levels 1 and 9; 9 needs python-lzo."""

    block_size = 512 << 10  # bytes; decisions/0005-block-sizes.md

    def __init__(self, level: int = FAST) -> None:
        found = _python_lzo()
        if level != FAST and isinstance(found, str):
            raise UnsupportedError(f"lzo:level={level} is not available here; {found}")
        self._lzo = None if isinstance(found, str) else found
        self._level = level

    def encode(self, plain: Bytes) -> Bytes:
        """Return one block."""
        if self._lzo:
            packed: bytes = self._lzo.compress(_read_only(plain), self._level, HEADER)
        else:
            packed = lzallright.LZOCompressor().compress(plain)
        return packed

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one block of ``plain_size`` bytes."""
        if plain_size > BLOCK_MAX:
            raise DamagedError(f"an LZO block claims {plain_size} bytes")
        plain = self._decode(packed, plain_size)
        if len(plain) != plain_size:  # the libraries take the size for a limit, or for a hint
            raise DamagedError(f"an LZO block gave {len(plain)} bytes instead of {plain_size}")
        return plain

    def _decode(self, packed: Bytes, plain_size: int) -> bytes:
        if self._lzo:
            try:
                plain: bytes = self._lzo.decompress(_read_only(packed), HEADER, plain_size)
            except self._lzo.error as error:
                raise DamagedError(f"an LZO block is damaged ({error})") from error
            return plain
        if not _bounded(packed, plain_size + EXCESS):
            raise DamagedError(f"an LZO block holds more than its {plain_size} bytes")
        try:
            return lzallright.LZOCompressor.decompress(packed, plain_size)
        except lzallright.LZOError as error:
            raise DamagedError(f"an LZO block is damaged ({error.args[0]})") from error

    def encode_memory(self, plain_size: int) -> int:
        """Return the tables, data that does not shrink, and the copy that python-lzo may need."""
        return (4 << 20) + 2 * (plain_size + (plain_size >> 4))

    def decode_memory(self, plain_size: int) -> int:
        """Return the output, and the copy of its input that python-lzo may need."""
        return (1 << 20) + 2 * plain_size


def _read_only(data: Bytes) -> bytes:
    return data if isinstance(data, bytes) else bytes(data)  # all that python-lzo takes


def _bounded(packed: Bytes, limit: int) -> bool:
    """Tell whether a block stands for at most ``limit`` bytes, reading no more of it than needed.

    lzallright grows its output for as long as the block goes on. Blocks of usual size cannot go on
    for long enough to matter; of larger ones this adds up the instructions first, slowly. The end
    mark counts as 3 bytes.
    Source: "LZO stream format as understood by Linux's LZO decompressor", lzo.rst in Linux.
    """
    at, total, state = 0, 0, 0
    if packed and packed[0] > 17:
        total = packed[0] - 17
        at, state = 1 + total, min(total, 4)
    while total <= limit < total + EXPANSION_MAX * (len(packed) - at):
        try:
            at, gain, state = _instruction(packed, at, state)
        except IndexError:  # cut off: the library will say so
            break
        total += gain
    return total <= limit


def _instruction(packed: Bytes, at: int, state: int) -> tuple[int, int, int]:
    """Return where the next instruction is, the bytes that this one adds, and the next state.

    ``state``: the literals before this one; 0 to 3 belong to a match, 4 means a run of their own.
    """
    first = packed[at]
    if first < 16 and state == 0:
        at, length = _length(packed, at, 15)
        return at + length + 3, length + 3, 4
    if 16 <= first < 64:
        at, length = _length(packed, at, 31 if first >= 32 else 7)
        literals = packed[at] & 3
        return at + 2 + literals, length + 2 + literals, literals
    literals = first & 3
    length = (first >> 5) + 1 if first >= 64 else 2 if state < 4 else 3
    return at + 2 + literals, length + literals, literals


def _length(packed: Bytes, at: int, mask: int) -> tuple[int, int]:
    """Read a length: the masked bits; if they are 0, 255 for each zero byte, and one byte more."""
    length = packed[at] & mask
    at += 1
    if not length:
        start = at
        while packed[at] == 0:
            at += 1
        length = mask + EXPANSION_MAX * (at - start) + packed[at]
        at += 1
    return at, length


def _provider() -> Provider:
    found = _python_lzo()
    if isinstance(found, str):
        return Provider("lzallright", version("lzallright"), "MIT", found)
    return Provider("python-lzo", found.__version__.decode(), "GPL-2.0-or-later")


def _notice() -> str | None:
    found = _python_lzo()
    return f"lzo encodes slowly here, at about 6 MB/s; {found}" if isinstance(found, str) else None


STAGE = StageInfo(
    name="lzo",
    summary="LZO1X as in lzop and in kernels: fast, for what reads nothing else",
    make=Lzo,
    provider=_provider,
    options=(Option("level", FAST, FAST, STRONG, "fast (1) or small (9)", choices=(FAST, STRONG)),),
    notice=_notice,
)
