"""A coverage-guided fuzzer of the sniffers: python tests/fuzz/tensors_fuzz.py CORPUS.

Each input is taken as a file, as a pickle, and as an array without a header. A mutation that moves
bytes breaks the first thing that is read, a length or the end of a zip: so four of five get it mended.
"""

import random
import struct
import sys
from contextlib import suppress
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["compressor.tensors"]):
    from compressor.tensors.measure import measured
    from compressor.tensors.naming import named
    from compressor.tensors.opcodes import walk
    from tests.tensors.files import looked

from compressor.errors import DamagedError

END = struct.Struct("<4s4H2IH")


def mend_zip(data: bytearray) -> None:
    """Let the end of a zip say where its directory begins and how many members it has."""
    start, end = data.find(b"PK\x01\x02"), data.rfind(b"PK\x05\x06")
    if 0 <= start < end <= len(data) - END.size:
        count = min(data.count(b"PK\x01\x02"), 0xFFFF)
        comment = len(data) - end - END.size
        END.pack_into(data, end, b"PK\x05\x06", 0, 0, count, count, end - start, start, comment)


def mend(data: bytearray) -> None:
    """Make a mutated file what its first bytes say that it is."""
    if data[:4] == b"PK\x03\x04":
        mend_zip(data)
    elif data[8:9] == b"{" and (end := data.rfind(b"}")) > 8:
        struct.pack_into("<Q", data, 0, end - 7)
    elif data[:6] == b"\x93NUMPY" and (end := data.rfind(b"}")) > 10:
        struct.pack_into("<H", data, 8, min(end - 9, 0xFFFF))


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    changed = bytearray(atheris.Mutate(data, max_size))
    if random.Random(seed).random() < 0.8:
        mend(changed)
    return bytes(changed)


def test_one_input(data: bytes) -> None:
    looked(data)
    measured(data)
    with suppress(DamagedError):
        named(walk(data))


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutate)
    atheris.Fuzz()
