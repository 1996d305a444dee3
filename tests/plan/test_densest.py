"""Any bytes at the densest level: what is tried, and that the smallest is kept."""

import random
import struct

import compressor
from compressor.engine.limits import DEFAULT_MEMORY
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.plan.densest import BZ2, NUMBERS, PACKED_BY, SAMPLE, SHORT, STRONG, TEXT, densest
from compressor.plan.levels import LEVELS, chain_for, trials_for
from compressor.plan.numbers import codings_for

RNG = random.Random(9)
WORDS = ["".join(RNG.choices("abcdefghij", k=RNG.randint(3, 9))) for _ in range(2000)]
PROSE = " ".join(RNG.choices(WORDS, k=20_000)).encode()
NOISE = RNG.randbytes(100_000)
FLOATS = struct.pack("<30000f", *(RNG.gauss(0, 1) for _ in range(30_000)))
COUNTERS = struct.pack("<30000I", *(n // 7 for n in range(30_000)))


def tried(plain: bytes) -> list[str]:
    return [str(chain) for chain in densest().choose(plain)]


def test_a_short_block_is_tried_with_all_in_the_settings_that_suit_it() -> None:
    assert tried(PROSE) == [TEXT, BZ2, PACKED_BY]
    assert tried(FLOATS) == [NUMBERS, BZ2, PACKED_BY]
    assert tried(COUNTERS) == [STRONG, BZ2, PACKED_BY]


def test_what_is_packed_already_is_tried_once() -> None:
    assert tried(NOISE) == [PACKED_BY]
    assert tried(NOISE * 20) == [PACKED_BY]


def test_a_long_block_is_tried_with_bz2_where_a_sample_gains() -> None:
    words = b" ".join(PROSE.split()[:3000])
    repeats = (words * (SHORT // len(words) + 1))[:SHORT]  # far repeats are what lzma is good at
    fresh = " ".join(RNG.choices(WORDS, k=SHORT // 5)).encode()

    assert len(words) * 4 < SAMPLE
    assert tried(repeats) == [TEXT]
    assert len(fresh) >= SHORT
    assert tried(fresh) == [TEXT, BZ2]


def test_all_that_is_tried_is_reckoned_with() -> None:
    trials = densest()
    for plain in (PROSE, NOISE, FLOATS, COUNTERS):
        first, *others = trials.choose(plain)
        assert first in trials.first
        assert set(others) <= {*trials.others}


def test_the_smallest_is_kept() -> None:
    alone = {
        str(chain): len(compressor.compress(PROSE, codec=str(chain)))
        for chain in densest().choose(PROSE)
    }

    packed = compressor.compress(PROSE, level=9)

    assert compressor.decompress(packed) == PROSE
    assert min(alone, key=lambda chain: alone[chain]) == BZ2
    assert len(packed) <= alone[BZ2] + 16  # HEAD names another chain


def test_a_higher_level_is_no_larger() -> None:
    sizes = [len(compressor.compress(PROSE, level=level)) for level in (6, 7, 8, 9)]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[3] < sizes[2] < sizes[1]


def test_two_threads_fit_into_the_usual_memory() -> None:
    options = PackOptions(
        chain_for(None, 9),
        threads=2,
        codings=codings_for(9),
        trials=trials_for(9),
        solid_size=24 << 20,
        reach=None,
        memory=DEFAULT_MEMORY,
    )
    packer = Packer(lambda _data: None, options)

    assert packer.threads == 2
    packer.close()


def test_only_the_highest_level_has_trials() -> None:
    assert [level for level in [None, 0, *LEVELS] if trials_for(level)] == [9]
