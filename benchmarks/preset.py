"""Preset codes beside a copy: python benchmarks/preset.py [ROUNDS]

Each code packs and unpacks 16 MB of its own alphabet, in turn with a copy of the same bytes; all give fresh
memory. Printed is the copy's time by ours, least of several, in processor time: above 1 is faster than a
copy. COMPRESSOR_KERNEL chooses the loops.
"""

import sys
import time
from collections.abc import Callable
from random import Random

from compressor.kernels import preset

SIZE = 16 << 20  # bytes
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
PROTEIN = b"ACDEFGHIKLMNPQRSTVWYX*"
KINDS: dict[str, tuple[bytes, bytes]] = {
    "ASCII": (bytes(range(128)), b""),
    "DNA": (b"ACGT", b""),
    "hexadecimal": (b"0123456789abcdef", b""),
    "digits": (b"0123456789", b""),
    "base64": (BASE64, b""),
    "given, 22 letters": (PROTEIN, PROTEIN),
    "noise": (bytes(range(256)), b""),
}
"""Name -> (its symbols, the alphabet that the chain names)."""


def drawn(symbols: bytes) -> bytes:
    """Return random symbols, all as likely as a byte modulo their number makes them."""
    table = bytes(symbols[byte % len(symbols)] for byte in range(256))
    return Random(1).randbytes(SIZE).translate(table)


def lines(symbols: bytes) -> bytes:
    """Return them in lines of 60."""
    return b"\n".join(symbols[at : at + 60] for at in range(0, len(symbols), 60))


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(name: str, plain: bytes, alphabet: bytes, rounds: int) -> None:
    """Print one line."""
    packed = preset.encode(plain, alphabet)
    size = len(plain)
    assert preset.decode(packed, size, alphabet) == plain
    works = (
        lambda: bytearray(plain),
        lambda: preset.encode(plain, alphabet),
        lambda: preset.decode(packed, size, alphabet),
    )
    columns = zip(*([seconds(work) for work in works] for _ in range(rounds)), strict=True)
    copy, encode, decode = map(min, columns)
    share = len(packed) / size
    print(f"{name:18} size {share:.4f}  pack {copy / encode:.2f}  unpack {copy / decode:.2f}")


def main() -> None:
    """Measure all kinds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    print(f"loops: {preset.kernel_name()}; shares of a copy's speed")
    for name, (symbols, alphabet) in KINDS.items():
        measure(name, drawn(symbols), alphabet, rounds)
    measure("DNA, lines of 60", lines(drawn(b"ACGT")), b"", rounds)


if __name__ == "__main__":
    main()
