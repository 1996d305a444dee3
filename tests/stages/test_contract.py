"""What every codec in the table owes the engine. A new line in the table is covered by it."""

import hashlib
import random
import re
import resource
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError, UnsupportedError
from compressor.stages import stage_by_name
from compressor.stages.base import Option, StageInfo
from compressor.stages.chain import Chain, decode, encode, parse
from tests import strategies
from tests.stagenames import BASED, CODECS

TEXT = b"".join(
    b"%d: the quick brown fox jumps over %d lazy dogs\n" % (n, n * n) for n in range(900)
)
NOISE = random.Random(5).randbytes(20_000)
BASE = random.Random(6).randbytes(100_000)
"""What based codecs get, from its first byte on; the others take no notice."""
BOMB_SIZE = 128 << 20  # bytes of zeros
# Bytes that decoding it as 1000 bytes may take, buffers of libraries included.
BOMB_MEMORY = 32 << 20


def extremes(option: Option) -> set[int | str]:
    """Return both ends of what a number may be, or all that a word may be."""
    if option.form:
        return {"10", "ab%0A"}  # that the only stage with texts takes
    if isinstance(option.default, str):
        return set(option.choices)
    return {min(option.choices or (option.low,)), max(option.choices or (option.high,))}


def variants(info: StageInfo) -> list[str]:
    """Return the chains of one codec: at its defaults, and each option at both its ends."""
    ends = [
        f"{info.name}:{option.name}={value}"
        for option in info.options
        for value in sorted(extremes(option) - {option.default})
    ]
    return [info.name, *filter(available, ends)]


def available(text: str) -> bool:
    """Tell whether this machine has the library for these options."""
    try:
        parse(text)
    except UnsupportedError:
        return False
    return True


CHAINS = [chain for name in CODECS + BASED for chain in variants(stage_by_name(name))]
every_chain = pytest.mark.parametrize("text", CHAINS)
every_codec = pytest.mark.parametrize("text", CODECS + BASED)
every_unbased_codec = pytest.mark.parametrize("text", CODECS)
few = settings(max_examples=25, deadline=None)


def pack(chain: Chain, plain: bytes) -> bytes:
    return bytes(encode(chain, plain, BASE[: len(plain)]).parts[0])


def unpack(chain: Chain, packed: bytes, plain_size: int) -> bytes:
    return bytes(decode(chain, packed, (), plain_size, BASE[:plain_size]))


@every_chain
@few
@given(plain=strategies.plain())
def test_what_goes_in_comes_out(text: str, plain: bytes) -> None:
    chain = parse(text)

    packed = pack(chain, plain)

    assert unpack(parse(chain.wire), packed, len(plain)) == plain


@every_chain
@pytest.mark.parametrize("plain", [b"", b"a", TEXT, NOISE, bytes(70_000)], ids=lambda p: len(p))
def test_the_ends_of_what_is_common_come_out_too(text: str, plain: bytes) -> None:
    chain = parse(text)

    packed = pack(chain, plain)

    assert unpack(parse(chain.wire), packed, len(plain)) == plain


@every_chain
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_buffer_is_taken(text: str, kind: type) -> None:
    chain = parse(text)

    base = kind(BASE[: len(TEXT)])

    packed = encode(chain, kind(TEXT), base).parts[0]
    plain = decode(chain, kind(bytes(packed)), (), len(TEXT), base)

    assert bytes(packed) == pack(chain, TEXT)
    assert bytes(plain) == TEXT


@every_chain
def test_a_slice_in_the_middle_is_taken_as_it_is(text: str) -> None:
    chain = parse(text)

    base = memoryview(BASE)[7:1007]
    packed = bytes(encode(chain, memoryview(TEXT)[7:1007], base).parts[0])
    inside = memoryview(b"<<" + packed + b">>")[2:-2]

    assert bytes(decode(chain, inside, (), 1000, base)) == TEXT[7:1007]


SIZE_FROM_OUTSIDE = {"huffman", *BASED}
"""Formats that leave the plain size to the archive, where it stands under a check (see ``Codec.decode``);
those that have a base take its size, too."""

SEEN_AS_ANOTHER = {*SIZE_FROM_OUTSIDE, "dense"}
"""Those that may take a block for one of another size; dense where that has less than one element."""


@every_unbased_codec
def test_what_is_said_to_take_its_size_from_outside_does(text: str) -> None:
    chain = parse(text)
    packed = pack(chain, bytes(1000))

    try:
        result = unpack(chain, packed, 1001)
    except DamagedError:
        result = b""

    assert len(result) == (1001 if text in SIZE_FROM_OUTSIDE else 0)


@every_chain
@few
@given(plain=strategies.plain(), error=st.integers(-2000, 2000).filter(bool))
def test_a_wrong_size_is_damage(text: str, plain: bytes, error: int) -> None:
    chain = parse(text)
    packed = pack(chain, plain)

    wrong = max(0, len(plain) + error) if plain else abs(error)
    if chain.info.name in SEEN_AS_ANOTHER:
        with suppress(DamagedError):
            assert len(unpack(chain, packed, wrong)) == wrong
        return
    with pytest.raises(DamagedError):
        unpack(chain, packed, wrong)


@every_chain
@few
@given(plain=strategies.plain(), data=st.data())
def test_a_cut_is_damage(text: str, plain: bytes, data: st.DataObject) -> None:
    chain = parse(text)
    packed = pack(chain, plain)
    if not packed:
        return
    end = data.draw(st.integers(0, len(packed) - 1))

    with pytest.raises(DamagedError):
        unpack(chain, packed[:end], len(plain))


@every_chain
@few
@given(plain=strategies.plain(), tail=st.binary(min_size=1, max_size=20))
def test_bytes_behind_the_end_are_damage(text: str, plain: bytes, tail: bytes) -> None:
    chain = parse(text)
    packed = pack(chain, plain)

    with pytest.raises(DamagedError):
        unpack(chain, packed + tail, len(plain))


@every_chain
def test_a_second_stream_behind_the_first_is_damage(text: str) -> None:
    chain = parse(text)
    packed = pack(chain, TEXT)

    with pytest.raises(DamagedError):
        unpack(chain, packed + packed, len(TEXT))


@every_chain
@few
@given(plain=strategies.plain(), data=st.data())
def test_mutations_give_the_right_size_or_damage(
    text: str, plain: bytes, data: st.DataObject
) -> None:
    chain = parse(text)
    packed = bytearray(pack(chain, plain))
    places = st.tuples(st.integers(0, max(0, len(packed) - 1)), st.integers(0, 255))
    for place, value in data.draw(st.lists(places, min_size=1, max_size=4)):
        packed[place : place + 1] = bytes([value])

    try:
        result = unpack(chain, bytes(packed), len(plain))
    except DamagedError:
        return

    assert len(result) == len(plain)


@every_codec
@settings(max_examples=200, deadline=None)
@given(packed=st.binary(max_size=300), plain_size=st.integers(0, 2000))
def test_noise_gives_the_right_size_or_damage(text: str, packed: bytes, plain_size: int) -> None:
    chain = parse(text)

    try:
        result = unpack(chain, packed, plain_size)
    except DamagedError:
        return

    assert len(result) == plain_size


BOMB_SCRIPT = textwrap.dedent("""
    import resource, sys
    from pathlib import Path
    from compressor.errors import DamagedError
    from compressor.stages.chain import decode, encode, parse

    chain = parse(sys.argv[1])
    packed = Path(sys.argv[2]).read_bytes()
    decode(chain, encode(chain, b"warm").parts[0], (), 4)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        decode(chain, packed, (), 1000)
    except DamagedError:
        print("refused")
""")


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="needs a limit on memory")
@every_unbased_codec  # to have a base is to have the room already
def test_a_bomb_is_refused_in_little_memory(text: str, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    bomb.write_bytes(encode(parse(text), bytes(BOMB_SIZE)).parts[0])

    command = [sys.executable, "-c", BOMB_SCRIPT, text, str(bomb), str(BOMB_MEMORY)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (run.stdout, run.stderr) == ("refused\n", "")


@every_chain
def test_threads_share_a_codec_and_get_the_same_bytes(text: str) -> None:
    chain = parse(text)
    inputs = [TEXT, TEXT[100:], NOISE, TEXT[:500]] * 2
    expected = [pack(parse(text), plain) for plain in inputs]
    start = Barrier(2)

    def work(_: int) -> list[bytes]:
        start.wait()
        packed = [pack(chain, plain) for plain in inputs]
        assert [unpack(chain, p, len(i)) for p, i in zip(packed, inputs, strict=True)] == inputs
        return packed

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(work, range(2)))

    assert results == [expected, expected]


RUN_SCRIPT = textwrap.dedent("""
    import hashlib, random, sys
    from compressor.stages.chain import encode, parse

    plain = sys.stdin.buffer.read()
    base = random.Random(6).randbytes(100_000)[: len(plain)]
    for text in sys.argv[1:]:
        print(hashlib.sha256(encode(parse(text), plain, base).parts[0]).hexdigest())
""")


def test_another_run_gives_the_same_bytes() -> None:
    expected = [hashlib.sha256(pack(parse(text), TEXT)).hexdigest() for text in CHAINS]

    command = [sys.executable, "-c", RUN_SCRIPT, *CHAINS]
    run = subprocess.run(command, input=TEXT, capture_output=True, check=True)

    assert run.stdout.decode().split() == expected


@every_chain
def test_the_text_of_a_chain_reads_back(text: str) -> None:
    chain = parse(text)

    assert str(chain) == text
    assert parse(str(chain)) == chain
    assert parse(chain.wire).wire == chain.wire


@every_chain
def test_sizes_and_memory_are_sensible(text: str) -> None:
    chain = parse(text)

    assert 256 << 10 <= chain.block_size <= 1 << 30
    assert all(chain.encode_memory(size) >= 0 for size in (0, 1, 1 << 26))
    assert chain.decode_memory(1 << 20) <= chain.decode_memory(1 << 26)


@every_codec
def test_the_table_and_the_stage_agree(text: str) -> None:
    info = stage_by_name(text)

    assert info.name == text
    assert re.fullmatch(r"[a-z][a-z0-9_-]*", text)
    assert info.provider().version
    assert info.provider().licence
    assert len({option.name for option in info.options}) == len(info.options)
    assert all(option.allows(option.default) for option in info.options)


@every_codec
def test_values_beside_the_range_are_refused(text: str) -> None:
    for option in stage_by_name(text).options:
        assert not option.allows(option.low - 1)
        assert not option.allows(option.high + 1)
        numbers = [choice for choice in option.choices if isinstance(choice, int)]
        assert all(option.low <= choice <= option.high for choice in numbers)
