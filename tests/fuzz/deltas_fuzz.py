"""A coverage-guided fuzzer of floatdelta's blocks: python tests/fuzz/deltas_fuzz.py CORPUS.

An input is a type, a size, a base of this size, and packed bytes. Whatever these are, the stage gives as
many bytes as the base has, or an error of ours; and the reference the same bytes, or the same check.
"""

import re
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["compressor.stages"]):
    from compressor.stages.chain import decode, encode, parse

from compressor.errors import DamagedError
from compressor.reference import floatdelta as reference

CHAINS = {dtype: parse(f"floatdelta:dtype={dtype}") for dtype in reference.TYPES}


def outcome(work) -> bytes | str:
    try:
        return bytes(work())
    except DamagedError as error:
        return re.findall(r"[A-Z]+-\d+", str(error))[0]


def test_one_input(data: bytes) -> None:
    if len(data) < 3:
        return
    dtype = list(CHAINS)[data[0] % len(CHAINS)]
    size = min(int.from_bytes(data[1:3], "little"), len(data) - 3)
    base, packed = data[3 : 3 + size], data[3 + size :]
    chain = CHAINS[dtype]
    ours = outcome(lambda: decode(chain, packed, (), size, base))
    assert ours == outcome(lambda: reference.decode(packed, size, base, dtype)), ours
    if isinstance(ours, bytes):
        again = encode(chain, ours, base).parts[0]
        assert decode(chain, again, (), size, base) == ours


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
