"""The grammar of chains, and trees of stages applied to bytes, with toy filters in the table."""

import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.errors import ChainError, DamagedError, UnsupportedError, UsageError
from compressor.stages import TABLE
from compressor.stages.base import (
    Bytes,
    Codec,
    Filter,
    Option,
    Provider,
    StageInfo,
    word_option,
)
from compressor.stages.chain import (
    MAX_DEPTH,
    MAX_STAGES,
    MAX_TEXT,
    STREAM_FACTOR,
    STREAM_SLACK,
    decode,
    encode,
    parse,
)
from tests import strategies


class Halves:
    """Even bytes, odd bytes."""

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        return [bytes(plain)[::2], bytes(plain)[1::2]]

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        even, odd = streams
        if not 0 <= len(even) - len(odd) <= 1:
            raise DamagedError("halves differ")
        plain = bytearray(len(even) + len(odd))
        plain[::2], plain[1::2] = even, odd
        return plain


class Mask:
    """Every byte xor a key."""

    def __init__(self, key: int = 7, effort: int = 1) -> None:
        del effort
        self.key = key

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        return [bytes(byte ^ self.key for byte in plain)]

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        return bytes(byte ^ self.key for byte in streams[0])


class Thrice:
    """The bytes three times: more than a filter may make of them."""

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        return [bytes(plain) * 3]

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        return streams[0][:plain_size]


class Fan:
    """The bytes in as many parts as are asked for."""

    def __init__(self, count: int = 1) -> None:
        self.count = count

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        return [bytes(plain)[number :: self.count] for number in range(self.count)]

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        plain = bytearray(sum(map(len, streams)))
        for number, stream in enumerate(streams):
            plain[number :: self.count] = stream
        return plain


class Short:
    """A codec that gives a byte too little."""

    block_size = 1 << 20

    def encode(self, plain: Bytes) -> Bytes:
        return plain

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        return packed[: plain_size - 1]

    def encode_memory(self, plain_size: int) -> int:
        return 3 * plain_size

    def decode_memory(self, plain_size: int) -> int:
        return 5 * plain_size


def provider() -> Provider:
    return Provider("tests", "1", "Apache-2.0")


def info(
    make: Callable[..., Codec | Filter],
    outputs: int = 0,
    *options: Option,
    native: bool = False,
) -> StageInfo:
    return StageInfo(
        make.__name__.lower(),
        "a toy",
        make,
        provider,
        options,
        outputs=outputs,
        native=native,
    )


KEY = Option("key", 7, 0, 255, "xor", wire=True)
EFFORT = Option("effort", 1, -2, 2, "of the encoder")
STEP = Option("step", 1, 1, 9, "one of few", choices=(1, 9))
TONE = word_option("tone", "low", ("low", "high-er", "x2"), "a word", wire=True)
COUNT = Option("count", 1, 1, 3, "streams", wire=True)
TOYS = [
    info(Halves, 2, native=True),
    info(Mask, 1, KEY, EFFORT),
    info(Thrice, 1),
    info(Short, 0),
    StageInfo("choosy", "a toy", lambda step=1: Short(), provider, (STEP,)),
    StageInfo("wordy", "a toy", lambda tone="low": Short(), provider, (TONE,)),
    StageInfo("fan", "a toy", Fan, provider, (COUNT,), outputs=1, outputs_by=lambda count=1: count),
]


@pytest.fixture(autouse=True, scope="module")
def toys() -> object:
    with pytest.MonkeyPatch.context() as patch:
        for toy in TOYS:
            patch.setitem(sys.modules, f"toy_{toy.name}", SimpleNamespace(STAGE=toy))
            patch.setitem(TABLE, toy.name, f"toy_{toy.name}")
        yield


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("store", "store"),
        ("  zstd : level = 9 ", "zstd:level=9"),
        ("zstd:level=-7", "zstd:level=-7"),
        ("zstd:long=27:level=3", "zstd:level=3:long=27"),
        ("zstd:level=009", "zstd:level=9"),
        ("mask>store", "mask(store)"),
        ("mask > mask:key=9 > zstd", "mask(mask:key=9(zstd))"),
        ("halves(store,zstd)", "halves(store,zstd)"),
        ("halves ( mask > store , halves(store, zstd) )", "halves(mask(store),halves(store,zstd))"),
        ("mask\t>\nstore", "mask(store)"),
        ("wordy:tone=high-er", "wordy:tone=high-er"),
        ("wordy : tone = x2", "wordy:tone=x2"),
        ("fan > store", "fan(store)"),
        ("fan:count=2(store,store)", "fan:count=2(store,store)"),
    ],
)
def test_a_chain_has_one_canonical_text(text: str, canonical: str) -> None:
    chain = parse(text)

    assert str(chain) == canonical
    assert parse(canonical) == chain


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 0, "expected the name of a stage"),
        ("   ", 3, "expected the name of a stage"),
        ("9", 0, "expected the name of a stage"),
        ("store store", 6, "expected the end"),
        ("store)", 5, "expected the end"),
        ("store,store", 5, "expected the end"),
        ("STORE", 0, "no such character"),
        ("  ;store", 2, "no such character"),
        ("store;", 5, "no such character"),
        ("störe", 2, "no such character"),
        ("zstd:level=+3", 11, "no such character"),
        ("zstd:level=", 11, "level is a number from -7 to 22"),
        ("zstd:level=23", 11, "level is a number from -7 to 22"),
        ("zstd:level=-8", 11, "level is a number from -7 to 22"),
        ("zstd:level=high", 11, "level is a number from -7 to 22"),
        ("zstd:level=" + "9" * 900, 11, "level is a number from -7 to 22"),
        ("zstd:level=3.5", 12, "no such character"),
        ("zstd:level 3", 11, "expected '='"),
        ("zstd:", 5, "zstd has no such option; it has level, long"),
        ("zstd:depth=3", 5, "zstd has no such option; it has level, long"),
        ("zstd:level=3:level=3", 13, "level is given twice"),
        ("store:level=3", 6, "store has no options"),
        ("choosy:step=5", 12, "step is one of 1, 9"),
        ("lzo:level=5", 10, "level is one of 1, 9"),
        ("wordy:tone=hig", 11, "tone is one of low, high-er, x2"),
        ("wordy:tone=2", 11, "tone is one of low, high-er, x2"),
        ("wordy:tone=", 11, "tone is one of low, high-er, x2"),
        ("wordy:tone=(store)", 11, "tone is one of low, high-er, x2"),
        ("wordy:tone=Low", 11, "no such character"),
        ("wordy:tone=2x", 11, "tone is one of low, high-er, x2"),
        ("fan:count=2 > store", 0, "fan has 2 outputs, 1 are given"),
        ("fan(store,store)", 0, "fan has 1 outputs, 2 are given"),
        ("zstd > store", 0, "zstd has 0 outputs, 1 are given"),
        ("mask", 0, "mask has 1 outputs, 0 are given"),
        ("store(", 6, "expected the name of a stage"),
        ("mask > ", 7, "expected the name of a stage"),
        ("mask()", 5, "expected the name of a stage"),
        ("mask(store", 10, "expected ')' or ','"),
        ("mask(store store)", 11, "expected ')' or ','"),
        ("halves(store)", 0, "halves has 2 outputs, 1 are given"),
        ("halves > store", 0, "halves has 2 outputs, 1 are given"),
        ("mask > halves(store,store,store)", 7, "halves has 2 outputs, 3 are given"),
        ("mask(store) > store", 12, "expected the end"),
    ],
)
def test_what_is_wrong_is_named_and_marked(text: str, column: int, what: str) -> None:
    with pytest.raises(ChainError) as caught:
        parse(text)

    message, shown, mark = str(caught.value).split("\n")
    assert what in message
    assert shown == "  " + text
    assert mark == "  " + " " * column + "^"
    assert caught.value.column == column


def test_what_cannot_be_printed_keeps_its_column() -> None:
    with pytest.raises(ChainError) as caught:
        parse("mask\n>\x1b[2Jstore")

    assert str(caught.value).splitlines()[1:] == ["  mask?>?[2Jstore", "        ^"]


def test_a_stage_that_no_one_knows_is_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="stage 'bogus' is unknown"):
        parse("mask > bogus")


def test_long_texts_are_refused_before_they_are_read() -> None:
    assert str(parse("store" + " " * (MAX_TEXT - 5))) == "store"

    with pytest.raises(ChainError, match=f"at most {MAX_TEXT} characters"):
        parse("store" + " " * (MAX_TEXT - 4))


def test_deep_chains_are_refused() -> None:
    assert parse("mask>" * (MAX_DEPTH - 1) + "store").layout.depth == MAX_DEPTH - 1

    with pytest.raises(ChainError, match=f"{MAX_DEPTH} deep"):
        parse("mask>" * MAX_DEPTH + "store")


def test_wide_chains_are_refused() -> None:
    def tree(depth: int) -> str:
        return f"halves({tree(depth - 1)},{tree(depth - 1)})" if depth else "store"

    assert len(list(parse(tree(4)).walk())) == MAX_STAGES - 1

    with pytest.raises(ChainError, match=f"at most {MAX_STAGES} stages"):
        parse(tree(5))


def test_archives_hold_what_decoding_needs_and_no_more() -> None:
    chain = parse("halves(mask:effort=2 > zstd:level=9, mask:key=9 > store)")

    assert chain.wire == "halves(mask:key=7(zstd),mask:key=9(store))"


def test_archives_hold_words_as_they_hold_numbers() -> None:
    assert parse("wordy").wire == "wordy:tone=low"
    assert parse("fan:count=3(store,wordy,fan>store)").wire == (
        "fan:count=3(store,wordy:tone=low,fan:count=1(store))"
    )


def test_what_goes_into_a_filter_of_so_many_streams_comes_out() -> None:
    for count in (1, 2, 3):
        chain = parse(f"fan:count={count}({','.join(['store'] * count)})")
        encoded = encode(chain, b"0123456789")

        assert len(encoded.parts) == count
        assert decode(chain, b"".join(encoded.parts), encoded.sizes, 10) == b"0123456789"


def test_chains_are_equal_where_their_texts_are() -> None:
    assert parse("mask > zstd") == parse("mask(zstd)")
    assert hash(parse("zstd")) == hash(parse(" zstd"))
    assert parse("zstd") != parse("zstd:level=3")


def test_a_chain_is_native_where_a_stage_of_it_is() -> None:
    assert parse("mask > halves(store, store)").native
    assert not parse("mask > store").native


def test_the_smallest_block_that_a_codec_asks_for_is_the_chains() -> None:
    chain = parse("halves(zstd:level=22, short)")

    assert chain.block_size == 1 << 20
    assert len(chain.leaves()) == 2


def test_memory_counts_the_largest_codec_and_the_streams() -> None:
    size = 1 << 20
    chain = parse("mask > halves(short, store)")

    streams = 2 * STREAM_FACTOR * size + STREAM_SLACK
    assert chain.encode_memory(size) == 3 * size + streams
    assert chain.decode_memory(size) == 5 * size + streams
    assert parse("short").decode_memory(size) == 5 * size


def trees() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["store", "zstd", "zlib:level=1", "lz4:level=-3", "bz2:level=1"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("mask:key={} > {}".format, st.integers(0, 255), inner),
            st.builds("halves({},{})".format, inner, inner),
        ),
        max_leaves=6,
    ).filter(lambda text: nesting(text) < MAX_DEPTH)


def nesting(text: str) -> int:
    return text.count(">") + text.count("halves")  # no less than the depth


@given(text=trees(), plain=strategies.plain())
def test_what_goes_into_a_tree_comes_out(text: str, plain: bytes) -> None:
    chain = parse(text)

    encoded = encode(chain, plain)
    packed = b"".join(encoded.parts)

    assert encoded.packed_size == len(packed)
    assert bytes(decode(parse(chain.wire), packed, encoded.sizes, len(plain))) == plain


@given(text=trees(), plain=strategies.plain(), data=st.data())
def test_sizes_that_lie_give_damage_or_the_right_size(
    text: str, plain: bytes, data: st.DataObject
) -> None:
    chain = parse(text)
    encoded = encode(chain, plain)
    lies = list(encoded.sizes)
    size = st.one_of(st.integers(-2, 5000), st.sampled_from([1 << 31, 1 << 40, 1 << 63, 1 << 64]))
    if lies:
        lies[data.draw(st.integers(0, len(lies) - 1))] = data.draw(size)
    plain_size = data.draw(st.one_of(st.just(len(plain)), st.integers(0, 5000)))

    try:
        result = decode(chain, b"".join(encoded.parts), lies, plain_size)
    except DamagedError:
        return

    assert len(result) == plain_size


def test_the_sizes_are_what_the_specification_says() -> None:
    chain = parse("mask > halves(store, mask > store)")

    encoded = encode(chain, bytes(range(7)))

    # mask's output; halves' first, in and packed; its second, and what comes of that, in and packed
    assert encoded.sizes == (7, 4, 4, 3, 3, 3)
    assert [bytes(part) for part in encoded.parts] == [b"\x07\x05\x03\x01", b"\x01\x03\x05"]


@pytest.mark.parametrize(
    ("sizes", "packed", "plain_size"),
    [
        ((4, 4, 3), b"0123456", 7),
        ((4, 4, 3, 3, 0), b"0123456", 7),
        ((), b"0123456", 7),
        ((4, 4, 3, -3), b"0123456", 7),
        ((4, 4, 3, 2), b"0123456", 7),
        ((4, 4, 3, 4), b"0123456", 7),
        ((4, 4, 3, 3), b"01234567", 7),
        ((4, 4, 3, 3), b"012345", 7),
        ((4, 4, 3, 3), b"0123456", 6),
        ((4, 4, 3, 3), b"0123456", 8),
        ((4, 4, 3, 3), b"0123456", -1),
        ((3, 3, 4, 4), b"0123456", 7),
        ((1 << 62, 4, 3, 3), b"0123456", 7),
    ],
)
def test_sizes_must_fit_the_chain_and_the_bytes(
    sizes: tuple[int, ...], packed: bytes, plain_size: int
) -> None:
    chain = parse("halves(store, store)")
    assert bytes(decode(chain, b"0123456", (4, 4, 3, 3), 7)) == b"0415263"

    with pytest.raises(DamagedError):
        decode(chain, packed, sizes, plain_size)


def test_a_lone_codec_has_no_sizes() -> None:
    with pytest.raises(DamagedError, match="needs 0 sizes, it has 1"):
        decode(parse("store"), b"abc", (3,), 3)


@pytest.mark.parametrize("text", ["short", "mask > short"])
def test_a_codec_that_gives_too_little_is_found_out(text: str) -> None:
    sizes = (3, 3) if ">" in text else ()

    with pytest.raises(DamagedError, match="short gave 2 bytes instead of 3"):
        decode(parse(text), b"abc", sizes, 3)


def test_streams_may_be_twice_the_block_and_no_more() -> None:
    chain = parse("thrice > store")
    small = encode(chain, bytes(STREAM_SLACK))
    assert decode(chain, small.parts[0], small.sizes, STREAM_SLACK) == bytes(STREAM_SLACK)

    with pytest.raises(UnsupportedError, match="make too much of 4097 bytes"):
        encode(chain, bytes(STREAM_SLACK + 1))
    size = STREAM_SLACK + 1
    with pytest.raises(DamagedError, match="claim 12291 bytes"):
        decode(chain, bytes(3 * size), (3 * size, 3 * size), size)


def plug_in(monkeypatch: pytest.MonkeyPatch, name: str, loaded: object) -> None:
    entry = SimpleNamespace(value="elsewhere:STAGE", load=lambda: loaded)
    found = {("compressor.stages", name): [entry]}
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group, name: found.get((group, name), [])
    )


def test_a_plug_in_brings_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "mirror", StageInfo("mirror", "", Mask, provider, outputs=1))

    assert str(parse("mirror > store")) == "mirror(store)"


@pytest.mark.parametrize("loaded", [StageInfo("other", "", Mask, provider), Mask, None])
def test_a_plug_in_that_brings_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, loaded: object
) -> None:
    plug_in(monkeypatch, "mirror", loaded)

    with pytest.raises(UnsupportedError, match="does not define a stage named 'mirror'"):
        parse("mirror > store")


def test_a_based_chain_packs_beside_its_base() -> None:
    chain = parse("floatdelta:dtype=fp32")
    plain, base = b"\0\0\x80\x3f" * 9 + b"end", b"\1\0\x80\x3f" * 9 + b"END"

    encoded = encode(chain, plain, base)

    assert chain.based
    assert not parse("mask > store").based
    assert encoded.sizes == ()
    assert decode(parse(chain.wire), encoded.parts[0], (), len(plain), base) == plain


@pytest.mark.parametrize("base", [None, b"", b"123", b"12345"])
def test_a_based_chain_without_its_base_is_refused(base: bytes | None) -> None:
    chain = parse("floatdelta")
    packed = encode(chain, b"1234", b"0234").parts[0]

    with pytest.raises(UsageError, match="floatdelta needs a base of 4 bytes"):
        encode(chain, b"1234", base)
    with pytest.raises(DamagedError, match="floatdelta:dtype=bf16 lacks a base of 4 bytes"):
        decode(chain, packed, (), 4, base)


def test_a_chain_that_is_not_based_takes_no_notice_of_a_base() -> None:
    assert encode(parse("store"), b"1234", b"1").parts == (b"1234",)
    assert decode(parse("store"), b"1234", (), 4, b"1") == b"1234"


@pytest.mark.parametrize("text", ["mask > floatdelta", "halves(store, floatdelta:dtype=fp32)"])
def test_a_based_codec_under_a_filter_is_refused(text: str) -> None:
    with pytest.raises(ChainError, match="floatdelta goes without filters"):
        parse(text)
