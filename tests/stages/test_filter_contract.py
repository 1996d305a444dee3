"""What every filter in the table owes the engine. A new line in the table is covered by it."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.stages import stage_by_name
from compressor.stages.base import Filter, Option
from compressor.stages.chain import Chain, decode, encode, parse
from tests import strategies
from tests.stagenames import FILTERS, under

NOISE = random.Random(5).randbytes(20_003)


def values(option: Option) -> set[int | str]:
    return set(option.choices or (option.low, option.high))


def variants(name: str) -> list[str]:
    """Return a filter at its defaults, and with each option at both its ends or each of its words."""
    ends = [
        f"{name}:{option.name}={value}"
        for option in stage_by_name(name).options
        for value in sorted(values(option) - {option.default}, key=str)
    ]
    return [name, *ends]


VARIANTS = [variant for name in FILTERS for variant in variants(name)]
every_filter = pytest.mark.parametrize("text", VARIANTS)
few = settings(max_examples=25, deadline=None)


def filter_of(text: str) -> Filter:
    return cast("Filter", parse(under(text, "store")).stage)


def there_and_back(chain: Chain, plain: bytes) -> bytes:
    encoded = encode(chain, plain)
    packed = b"".join(encoded.parts)
    return bytes(decode(parse(chain.wire), packed, encoded.sizes, len(plain)))


@every_filter
@few
@given(
    plain=strategies.plain() | st.binary(max_size=40), codec=st.sampled_from(["store", "huffman"])
)
def test_what_goes_in_comes_out(text: str, plain: bytes, codec: str) -> None:
    assert there_and_back(parse(under(text, codec)), plain) == plain


@every_filter
@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 9, 20_003])
def test_the_ends_of_what_is_common_come_out_too(text: str, size: int) -> None:
    assert there_and_back(parse(under(text, "zstd")), NOISE[:size]) == NOISE[:size]


@every_filter
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_buffer_is_taken(text: str, kind: type) -> None:
    stage = filter_of(text)

    streams = stage.encode(kind(NOISE))
    plain = stage.decode([kind(bytes(stream)) for stream in streams], len(NOISE))

    assert list(map(bytes, streams)) == list(map(bytes, stage.encode(NOISE)))
    assert bytes(plain) == NOISE


@every_filter
def test_a_slice_in_the_middle_is_taken_as_it_is(text: str) -> None:
    stage = filter_of(text)

    streams = [bytes(stream) for stream in stage.encode(memoryview(NOISE)[7:1007])]
    inside = [memoryview(b"<" + stream + b">")[1:-1] for stream in streams]

    assert bytes(stage.decode(inside, 1000)) == NOISE[7:1007]


SIZE_FROM_OUTSIDE = {"zeromask"}
"""Filters whose streams may fit several sizes: the right one stands in the archive, under a check."""


@every_filter
@few
@given(plain=strategies.plain(), error=st.integers(-2000, 2000).filter(bool))
def test_a_wrong_size_is_damage(text: str, plain: bytes, error: int) -> None:
    stage = filter_of(text)
    streams = stage.encode(plain)
    wrong = max(0, len(plain) + error) if plain else abs(error)

    if text.split(":")[0] in SIZE_FROM_OUTSIDE:
        with suppress(DamagedError):
            assert len(stage.decode(streams, wrong)) == wrong
        return
    with pytest.raises(DamagedError):
        stage.decode(streams, wrong)


@every_filter
@few
@given(
    streams=st.lists(st.binary(max_size=50), max_size=9),
    plain_size=st.integers(0, 200) | st.just(1 << 60),
)
def test_any_streams_give_the_right_size_or_damage(
    text: str, streams: list[bytes], plain_size: int
) -> None:
    try:
        plain = filter_of(text).decode(streams, plain_size)
    except DamagedError:
        return

    assert len(plain) == plain_size


@every_filter
def test_threads_share_a_filter_and_get_the_same_bytes(text: str) -> None:
    chain = parse(under(text, "huffman"))
    inputs = [NOISE, NOISE[100:], NOISE[:501]] * 4

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda plain: there_and_back(chain, plain), inputs)) == inputs


@every_filter
def test_the_text_of_a_chain_reads_back(text: str) -> None:
    chain = parse(under(text, "huffman"))

    assert parse(str(chain)) == chain
    assert parse(chain.wire).wire == chain.wire


@every_filter
def test_as_many_streams_come_as_chains_are_asked_for(text: str) -> None:
    chain = parse(under(text, "store"))

    assert len(chain.children) == len(cast("Filter", chain.stage).encode(NOISE))


@pytest.mark.parametrize("name", FILTERS)
def test_the_table_and_the_stage_agree(name: str) -> None:
    info = stage_by_name(name)

    assert info.name == name
    assert info.provider().version
    assert info.outputs == info.count_outputs({}) > 0
    assert len({option.name for option in info.options}) == len(info.options)
    assert all(option.allows(option.default) for option in info.options)
    assert not any(option.allows("bogus") for option in info.options)
