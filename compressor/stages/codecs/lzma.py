"""Raw LZMA2 through the standard library: strong, slow to encode; no header, no check of its own.

The dictionary is not on the wire: a decoder takes max(4096, plain size), an encoder never more.
"""

import lzma
import platform

from compressor.errors import DamagedError
from compressor.stages.base import Bytes, Option, Provider, StageInfo, word_option
from compressor.stages.streams import decode_stream

DICT_MIN = 4096  # bytes; liblzma's
DICT_MAX = 2**32 - 1  # bytes; liblzma's
PRESET_DICTS = (18, 20, 21, 22, 22, 23, 23, 24, 25, 26)  # log2 bytes, by level; xz(1)
BLOCK_MAX = 24 << 20  # bytes; two threads then pack with level 9 in 1 GiB
TUNES = {
    "any": {},
    "text": {"lc": 4, "pb": 0},
    "numbers": {"lc": 2, "lp": 2},
}
"""What literals are told apart by: bits of the byte before (lc), and of the position (lp, pb)."""
DEPTH = 48  # matches looked at where a length is given, as by levels 6 to 9; more gains little
HASH_CHAIN_LEVELS = 3  # levels 0 to 3 find matches by hash chains unless extreme, others by trees
SLACK = 2 << 20  # bytes; the coder's models and buffers, and the allocator's


class Lzma:
    """Levels 0 to 9; ``extreme`` tries harder at the same memory.

    ``nice`` is the length of a match (bytes) that is taken without looking further, 0: the level's.
    """

    def __init__(self, level: int = 6, extreme: int = 0, nice: int = 0, tune: str = "any") -> None:
        self._level = level
        self._extreme = extreme
        self._own = TUNES[tune] | ({"nice_len": nice, "depth": DEPTH} if nice else {})

    @property
    def block_size(self) -> int:
        """Measured, and so that level 9 fits twice into 1 GiB: decisions/0018-largest-blocks.md."""
        return min(max(4 << 20, 2 << PRESET_DICTS[self._level]), BLOCK_MAX)

    def encode(self, plain: Bytes) -> Bytes:
        """Return one raw LZMA2 stream."""
        preset = self._level | (lzma.PRESET_EXTREME if self._extreme else 0)
        own = {
            "id": lzma.FILTER_LZMA2,
            "preset": preset,
            "dict_size": self._dict_size(len(plain)),
            **self._own,
        }
        return lzma.compress(plain, format=lzma.FORMAT_RAW, filters=[own])

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one raw LZMA2 stream of ``plain_size`` bytes."""
        own = {"id": lzma.FILTER_LZMA2, "dict_size": min(max(DICT_MIN, plain_size), DICT_MAX)}
        try:
            stream = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=[own])
            return decode_stream(stream, packed, plain_size)
        except lzma.LZMAError as error:
            raise DamagedError(f"an LZMA2 stream is damaged ({error})") from error

    def encode_memory(self, plain_size: int) -> int:
        """Return what liblzma's lz_encoder.c adds up, and the output in pieces, then joined."""
        dictionary = self._dict_size(plain_size)
        history = dictionary + dictionary // 2 + (1 << 20)
        hashes = 4 * (1 << (dictionary - 1).bit_length() >> 1) + (1 << 19)
        tree = self._extreme or self._level > HASH_CHAIN_LEVELS
        links = (8 if tree else 4) * dictionary
        return SLACK + history + hashes + links + 2 * (plain_size + (plain_size >> 10))

    def decode_memory(self, plain_size: int) -> int:
        """Return the dictionary, and the output in pieces, then joined."""
        return SLACK + 3 * plain_size

    def _dict_size(self, plain_size: int) -> int:
        return min(1 << PRESET_DICTS[self._level], max(DICT_MIN, plain_size))


STAGE = StageInfo(
    name="lzma",
    summary="LZMA2 as in xz and 7z: strong, slow to encode",
    make=Lzma,
    provider=lambda: Provider("liblzma in Python", platform.python_version(), "0BSD"),
    options=(
        Option("level", 6, 0, 9, "speed (0) against size and memory (9)"),
        Option("extreme", 0, 0, 1, "1: search longer"),
        Option(
            "nice",
            0,
            0,
            273,
            "length of a match that is good enough; 0: the level's",
            choices=(0, 32, 64, 96, 128, 273),
        ),
        word_option("tune", "any", tuple(TUNES), "text, or numbers of four bytes each"),
    ),
)
