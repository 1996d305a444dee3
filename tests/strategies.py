"""Data that tests draw from: bytes as they come, and bytes with what stages look for."""

import struct

from hypothesis import strategies as st

MAX = 3000  # bytes; enough for matches, runs and tables, and quick under every codec


def runs() -> st.SearchStrategy[bytes]:
    """Return runs of single bytes: what long matches and overlapping copies are made of."""
    run = st.tuples(st.integers(0, 255), st.integers(1, 700))
    return st.lists(run, max_size=6).map(lambda all_: b"".join(bytes([b]) * n for b, n in all_))


def repeats() -> st.SearchStrategy[bytes]:
    """Return phrases that come again near and far."""
    phrases = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5)
    order = st.lists(st.integers(0, 4), max_size=60)
    return st.builds(
        lambda words, picks: b"".join(words[i % len(words)] for i in picks), phrases, order
    )


def skewed() -> st.SearchStrategy[bytes]:
    """Return bytes from a small alphabet: what entropy coders shrink."""
    return st.integers(1, 9).flatmap(
        lambda top: st.lists(st.integers(0, top), max_size=MAX // 4).map(bytes)
    )


def ramps() -> st.SearchStrategy[bytes]:
    """Return arithmetic series of 32-bit integers: what deltas shrink."""
    return st.builds(
        lambda first, step, count: b"".join(
            struct.pack("<I", (first + step * i) % 2**32) for i in range(count)
        ),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**16),
        st.integers(0, MAX // 8),
    )


def plain() -> st.SearchStrategy[bytes]:
    """Return what a codec may be given."""
    return st.one_of(st.binary(max_size=MAX // 4), runs(), repeats(), skewed(), ramps())
