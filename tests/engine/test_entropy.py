"""The entropy of bytes, against sums done by hand and against definitions."""

from collections import Counter
from itertools import pairwise
from math import isclose, log2

from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.engine import entropy
from compressor.engine.benchmark import measure as try_codecs


def test_the_worked_example_comes_to_what_shannon_says() -> None:
    found = entropy.measure(b"aaaaabbbcc")

    assert isclose(found.order0, 1.4854752972273344)
    assert found.bound(found.order0) == 2  # 14.85 bits


def test_what_follows_from_the_byte_before_costs_nothing() -> None:
    found = entropy.measure(b"ab" * 1000)

    assert isclose(found.order0, 1.0)
    assert isclose(found.order1, 1.0 / 2000)  # the first byte alone


def test_nothing_has_no_entropy() -> None:
    found = entropy.measure(b"")

    assert (found.order0, found.order1, found.bound(found.order0)) == (0.0, 0.0, 0)


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_entropies_are_what_their_definitions_say(plain: bytes) -> None:
    found = entropy.measure(plain)

    often = Counter(plain)
    assert found.counts == tuple(often[byte] for byte in range(256))
    order0 = -sum(n / len(plain) * log2(n / len(plain)) for n in often.values())
    assert isclose(found.order0, order0, abs_tol=1e-9)
    before = Counter(plain[:-1])
    pairs = Counter(pairwise(plain))
    behind = sum(n * log2(before[first] / n) for (first, _), n in pairs.items())
    assert isclose(found.order1, (order0 + behind) / len(plain), abs_tol=1e-9)


def test_huffman_does_not_go_below_order_0_but_what_finds_repeats_does() -> None:
    plain = bytearray(b"the cat sat on the mat; " * 400)
    found = entropy.measure(plain)

    rows = {row.chain: row for row in try_codecs(plain, entropy.codecs()) if hasattr(row, "chain")}

    assert rows["huffman"].packed_size >= found.bound(found.order0)
    assert rows["zstd"].packed_size < found.bound(found.order0)


def test_every_codec_that_packs_bytes_as_they_are_is_tried() -> None:
    assert {"huffman", "lzw", "zstd"} <= set(entropy.codecs())
    assert not {"store", "floatsplit", "floatdelta"} & set(entropy.codecs())
