"""compress and decompress."""

import array
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import compressor
from compressor import Limits
from tests.api.build import archive_of, archive_with_a_hole, without_end
from tests.stagenames import CODECS, FILTERS, under

CHAINS = [
    *CODECS,
    *(under(name, "huffman") for name in FILTERS),
    "zstd:level=-3",
    "zstd:level=9:long=20",
]
NOISE = random.Random(8).randbytes(700_000) + bytes(900_000) + b"text " * 80_000


@given(
    data=st.binary(max_size=3000),
    repeat=st.integers(1, 40),
    codec=st.sampled_from(CHAINS),
    block_size=st.none() | st.integers(4096, 9000),
    threads=st.integers(1, 3),
)
def test_what_was_compressed_comes_back(
    data: bytes, repeat: int, codec: str, block_size: int | None, threads: int
) -> None:
    plain = data * repeat

    packed = compressor.compress(plain, codec=codec, block_size=block_size, threads=threads)

    assert compressor.decompress(packed, threads=threads) == plain


@pytest.mark.parametrize("codec", CHAINS)
def test_the_bytes_do_not_depend_on_the_threads(codec: str) -> None:
    alone = compressor.compress(NOISE, codec=codec, block_size=300_000)

    assert compressor.compress(NOISE, codec=codec, block_size=300_000, threads=3) == alone
    assert compressor.decompress(alone, threads=3) == NOISE


@pytest.mark.parametrize("data", [b"", b"a", bytearray(b"abc"), memoryview(b"abcd")])
def test_all_that_holds_bytes_is_taken(data: bytes) -> None:
    assert compressor.decompress(compressor.compress(data)) == bytes(data)


def test_an_array_is_taken_as_its_bytes() -> None:
    numbers = array.array("Q", range(100))

    assert compressor.decompress(compressor.compress(numbers)) == numbers.tobytes()


def test_text_is_refused() -> None:
    with pytest.raises(TypeError):
        compressor.compress("text")  # type: ignore[arg-type]


def test_the_level_comes_from_the_call_and_not_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = compressor.compress(NOISE)
    monkeypatch.setenv("COMPRESSOR_LEVEL", "9")

    assert compressor.compress(NOISE) == expected


def test_the_name_is_recorded() -> None:
    import io

    packed = compressor.compress(b"abc", name="d\udcff.txt")

    assert compressor.Archive(io.BytesIO(packed)).names() == ["d\udcff.txt"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"codec": "zstd", "level": 3}, compressor.UsageError),
        ({"level": 10}, compressor.UsageError),
        ({"codec": "zstd:level=23"}, compressor.ChainError),
        ({"codec": "nonsense"}, compressor.ChainError),
        ({"block_size": 0}, compressor.UsageError),
        ({"threads": -1}, compressor.UsageError),
        ({"memory": 1 << 20}, compressor.MemoryBudgetError),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        compressor.compress(b"abc", **options)  # type: ignore[arg-type]


def test_all_members_come_in_order() -> None:
    packed = archive_of([(b"b", b"first "), (b"a", bytes(200_000)), (b"c", b" last")])

    assert compressor.decompress(packed + packed) == (b"first " + bytes(200_000) + b" last") * 2


def test_a_bomb_is_stopped_by_default() -> None:
    bomb = archive_with_a_hole(200 << 20)

    with pytest.raises(compressor.LimitError, match="2000 times"):
        compressor.decompress(bomb)


def test_many_small_bombs_are_one() -> None:
    bomb = compressor.compress(bytes(1 << 20), codec="zstd:level=19") * 100

    with pytest.raises(compressor.LimitError, match="max_expansion"):
        compressor.decompress(bomb, limits=Limits(max_expansion=1000))


def test_the_output_is_limited() -> None:
    packed = compressor.compress(bytes(1000))

    with pytest.raises(compressor.LimitError, match="999"):
        compressor.decompress(packed, limits=Limits(max_output=999))
    assert compressor.decompress(packed, limits=Limits(max_output=1000)) == bytes(1000)


def test_the_memory_is_limited() -> None:
    packed = compressor.compress(NOISE, codec="zstd:level=19")

    with pytest.raises(compressor.MemoryBudgetError):
        compressor.decompress(packed, limits=Limits(memory=80 << 20))


def test_what_lacks_its_end_is_given_only_to_those_who_ask() -> None:
    cut = without_end(compressor.compress(NOISE))

    with pytest.raises(compressor.UnfinishedError):
        compressor.decompress(cut)
    assert compressor.decompress(cut, salvage=True) == NOISE


def test_every_truncation_is_an_end_of_file_error() -> None:
    packed = archive_of([(b"", b"abc" * 50)], block_size=40)

    for size in range(len(packed)):
        with pytest.raises(EOFError):
            compressor.decompress(packed[:size])


def test_another_format_is_named() -> None:
    with pytest.raises(compressor.NotAnArchiveError, match="a zip file"):
        compressor.decompress(b"PK\3\4" + bytes(90))


def test_damage_is_raised() -> None:
    packed = bytearray(compressor.compress(NOISE, codec="store"))
    packed[1_000_000] ^= 1

    with pytest.raises(compressor.DamagedError, match="check"):
        compressor.decompress(packed)


def test_a_fault_of_an_encoder_is_a_warning_and_a_sound_archive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from compressor.stages.codecs import zstd

    monkeypatch.setattr(zstd.Zstd, "encode", lambda _self, _plain: b"wrong")

    with pytest.warns(RuntimeWarning, match="did not give back"):
        packed = compressor.compress(NOISE, verify=True)

    assert compressor.decompress(packed) == NOISE
