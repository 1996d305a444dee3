"""What codecs say they need, against the peak of a process that does the work."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from compressor.stages.chain import parse
from tests.stagenames import BASED, CODECS

BENCHMARK = Path(__file__).parents[2] / "benchmarks/codec_memory.py"
SIZE = 4 << 20  # bytes of noise: the packed form is as large
SLACK = 1 << 20  # bytes; what allocators and first calls add


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("text", CODECS + BASED)
def test_estimates_cover_what_is_taken_and_not_twice_that(text: str, tmp_path: Path) -> None:
    source = tmp_path / "noise"
    source.write_bytes(random.Random(3).randbytes(SIZE))
    environment = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}

    run = subprocess.run(
        [sys.executable, str(BENCHMARK), "--peaks", str(source), text],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
    )
    encoding, decoding = map(int, run.stdout.split())

    chain = parse(text)
    assert encoding - SLACK <= chain.encode_memory(SIZE) <= 2 * encoding + 5 * SLACK
    assert decoding - SLACK <= chain.decode_memory(SIZE) <= 2 * decoding + 5 * SLACK
