"""Write the golden files of preset codes: python tests/vectors/make_preset.py [--overwrite].

A golden file, once released, is only read: a difference is a change of format, or of the bytes
that an encoder gives, and must be meant.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from compressor.reference import preset

FOLDER = Path(__file__).parent / "preset"
BASE64 = preset.ALPHABETS[6]
PROTEIN = b"ACDEFGHIKLMNPQRSTVWY*"


def drawn(alphabet: bytes, size: int, seed: int = 1) -> bytes:
    """Return pseudo-random symbols, by the generator of C's example rand()."""
    out = bytearray()
    for _ in range(size):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        out.append(alphabet[(seed >> 16) % len(alphabet)])
    return bytes(out)


def lines(symbols: bytes, length: int) -> bytes:
    """Return the symbols with a line feed behind each so many."""
    rows = [symbols[at : at + length] for at in range(0, len(symbols), length)]
    return b"\n".join(rows) + b"\n"


def fasta(bases: int, records: int) -> bytes:
    """Return records of DNA with unknown bases and masked parts."""
    parts = []
    for number in range(records):
        dna = bytearray(drawn(b"ACGT", bases, number + 1))
        dna[bases // 9 : bases // 7] = b"N" * (bases // 7 - bases // 9)
        dna[bases // 3 : bases // 2] = dna[bases // 3 : bases // 2].lower()
        parts.append(b">sequence %d of something\n" % number + lines(bytes(dna), 60))
    return b"".join(parts)


PLAIN: dict[str, tuple[bytes, Callable[[], bytes]]] = {
    "empty": (b"", lambda: b""),
    "one-byte": (b"", lambda: b"A"),
    "ascii": (b"", lambda: drawn(bytes(range(128)), 2001)),
    "ascii-but-few": (b"", lambda: "Wörter, drei Stück; ".encode() * 40),
    "dna": (b"", lambda: drawn(b"ACGT", 4099)),
    "fasta": (b"", lambda: fasta(9000, 3)),
    "decimal": (b"", lambda: drawn(b"0123456789", 1000)),
    "decimal-lines": (b"", lambda: lines(drawn(b"0123456789", 1201), 32)),
    "hex": (b"", lambda: drawn(b"0123456789abcdef", 777)),
    "hex-capitals": (b"", lambda: drawn(b"0123456789ABCDEF", 64)),
    "base64": (b"", lambda: lines(drawn(BASE64, 1000), 76)[:-2] + b"==\n"),
    "base64-url": (b"", lambda: drawn(preset.ALPHABETS[7], 500)),
    "noise": (b"", lambda: drawn(bytes(range(256)), 400)),
    "dna-then-noise": (b"", lambda: drawn(b"ACGT", 65536) + drawn(bytes(range(256)), 300)),
    "given-two": (b"01", lambda: drawn(b"01", 1003)),
    "given-nine": (b"123456789", lambda: drawn(b"123456789", 1001)),
    "given-protein": (PROTEIN, lambda: lines(drawn(PROTEIN, 1500), 60)),
    "given-odd": (b"\x00\n%", lambda: drawn(b"\x00\n%", 700) + b"!!"),
    "given-in-vain": (b"xyz", lambda: drawn(b"ACGT", 500)),
}
"""Name of a golden file -> (the chain's alphabet, its plain)."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (alphabet, plain) in PLAIN.items():
        path = FOLDER / f"{name}.packed"
        packed = preset.encode(plain(), alphabet)
        if path.exists() and path.read_bytes() != packed and "--overwrite" not in sys.argv:
            sys.exit(f"{path} holds other bytes; --overwrite if that is meant")
        path.write_bytes(packed)


if __name__ == "__main__":
    main()
