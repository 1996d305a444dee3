"""Preset codes: bytes of a small known alphabet. Format: docs/format/preset.md."""

import re

from compressor.kernels import preset as kernel
from compressor.stages.base import Bytes, StageInfo, ours, text_option

NONE = "none"  # has a letter twice, so it is no alphabet
SIZES = range(2, 129)  # bytes that an alphabet may have
_BYTE = re.compile(r"[A-Za-z0-9+./_-]|%[0-9A-F]{2}")


def alphabet_of(text: str) -> bytes:
    """Return the bytes that the option stands for: none for ``none``, and for what is no alphabet."""
    written = _BYTE.findall(text)
    symbols = bytes(int(one[1:], 16) if len(one) == 3 else ord(one) for one in written)
    shortest = all(len(one) == 1 or not _BYTE.fullmatch(chr(int(one[1:], 16))) for one in written)
    whole = "".join(written) == text and shortest and len(set(symbols)) == len(symbols)
    return symbols if whole and len(symbols) in SIZES else b""


class Preset:
    """Chunks of up to 64 KiB, each by the table that makes it smallest."""

    block_size = 4 << 20  # bytes: chunks are coded alone, so that only per-block costs count

    def __init__(self, alphabet: str = NONE) -> None:
        self._alphabet = alphabet_of(alphabet)

    def encode(self, plain: Bytes) -> Bytes:
        """Return the chunks."""
        return kernel.encode(plain, self._alphabet)

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return what the chunks stand for."""
        return kernel.decode(packed, plain_size, self._alphabet)

    def encode_memory(self, plain_size: int) -> int:
        """Return the scratch of a chunk and the largest result."""
        return kernel.SCRATCH + kernel.packed_bound(plain_size)

    def decode_memory(self, plain_size: int) -> int:
        """Return the scratch of a chunk and the result."""
        return kernel.SCRATCH + plain_size


STAGE = StageInfo(
    name="preset",
    summary="fixed codes for ASCII, DNA, decimal, hexadecimal, base64, or a given alphabet",
    make=Preset,
    provider=lambda: ours(kernel.kernel_name()),
    options=(
        text_option(
            "alphabet",
            NONE,
            lambda text: text == NONE or bool(alphabet_of(text)),
            "2 to 128 different bytes: letters, digits, any of +-./_, others as %0A",
            "symbols that are tried before the presets",
        ),
    ),
    native=True,
)
