"""The floatcode kernel: the bytes of floatsplit and huffman one after the other, whatever the path."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from compressor.errors import DamagedError, UsageError
from compressor.kernels import floatcode as kernel
from compressor.kernels import floatsplit, huffman
from compressor.stages.filters.floatsplit import LAYOUTS

CHUNK = 128 << 10  # elements


def has(name: str) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPRESSOR_KERNEL", name)
        try:
            kernel.encode(b"", (2, 1, 0))
        except UsageError:
            return False
        return True


PATHS = [name for name in ("portable", "ssse3", "avx2") if has(name)]
DTYPES = ["fp64", "fp32", "bf16", "fp16", "fp8_e4m3"]


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COMPRESSOR_KERNEL", request.param)
    return str(request.param)


def weights(width: int, size: int) -> bytes:
    """Floats of which the highest byte is skewed and some lower ones are constant or sparse."""
    rng = random.Random(size)
    count = size // width + 1
    rows = [rng.randbytes(count) for _ in range(width)]
    rows[-1] = bytes(rng.choices(range(55, 63), [1, 2, 4, 8, 16, 32, 64, 9], k=count))
    if width > 2:
        rows[0] = bytes(rng.choices([0, 7], [99, 1], k=count))
        rows[1] = bytes(count)
    plain = bytearray(width * count)
    for place, row in enumerate(rows):
        plain[place::width] = row
    return bytes(plain[:size])


def apart(plain: bytes, words: tuple[int, int, int]) -> list[bytes]:
    return [huffman.encode(stream) for stream in floatsplit.split(plain, words)]


SIZES = [0, 1, 5, 7, 64, 1001, 100_000]


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_floats_coded_at_once_are_the_bytes_of_both_stages(dtype: str, size: int) -> None:
    words, plain = LAYOUTS[dtype], weights(LAYOUTS[dtype][0], size)

    parts = kernel.encode(plain, words)

    assert parts == apart(plain, words)
    assert kernel.decode(parts, size, words) == plain


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("extra", [-1, 0, 1, 77])
def test_chunks_and_tails_end_where_those_of_the_stages_do(dtype: str, extra: int) -> None:
    words = LAYOUTS[dtype]
    size = words[0] * CHUNK + extra
    plain = weights(words[0], size)

    parts = kernel.encode(plain, words)

    assert parts == apart(plain, words)
    assert kernel.decode(parts, size, words) == plain
    assert kernel.holds(plain, parts, words)


def test_every_path_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = weights(2, 600_000)
    given = []
    for name in PATHS:
        monkeypatch.setenv("COMPRESSOR_KERNEL", name)
        given.append(kernel.encode(plain, LAYOUTS["bf16"]))

    assert all(parts == given[0] for parts in given)


def test_memory_of_the_caller_is_filled_and_nothing_beside_it() -> None:
    plain = weights(4, 700_003)
    words = LAYOUTS["fp32"]
    room = bytearray(b"x" * 700_033)

    assert kernel.decode_into(memoryview(room)[11:-19], kernel.encode(plain, words), words)

    assert room == b"x" * 11 + plain + b"x" * 19


def test_memory_that_can_not_be_written_is_refused() -> None:
    parts = kernel.encode(bytes(100), LAYOUTS["bf16"])

    with pytest.raises(BufferError):
        kernel.decode_into(bytes(100), parts, LAYOUTS["bf16"])


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("at", [0, 299_999, 300_000, 599_999])
def test_a_difference_anywhere_is_seen(at: int) -> None:
    plain = weights(2, 600_000)
    parts = kernel.encode(plain, LAYOUTS["bf16"])
    other = bytearray(plain)
    other[at] ^= 0x10

    assert kernel.holds(plain, parts, LAYOUTS["bf16"])
    assert not kernel.holds(other, parts, LAYOUTS["bf16"])


def test_streams_whose_chunks_differ_in_size_are_left_to_the_stages() -> None:
    words = LAYOUTS["bf16"]
    first, second = kernel.encode(weights(2, 1000), words)
    parts = [first, b"\x0a" + second[1:]]  # chunks of 1 KiB: the one chunk stays what it is

    assert kernel.decode(parts, 1000, words) is None
    assert kernel.holds(bytes(1000), parts, words) is None
    assert not kernel.decode_into(bytearray(1000), parts, words)


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (lambda parts: [parts[0] + b"\0", parts[1]], "H-008"),
        (lambda parts: [parts[0], parts[1] + b"\0"], "H-008"),
        (lambda parts: [parts[0], parts[1][:-1]], "H-007"),
        (lambda parts: [b"", parts[1]], "H-001"),
        (lambda parts: [parts[0], b"\x13" + parts[1][1:]], "H-002"),
        (lambda parts: [parts[0][:4], parts[1]], "H-003"),
    ],
)
def test_damage_is_told_as_huffman_tells_it(damage: object, check: str) -> None:
    plain = weights(2, 300_000)
    parts = damage(kernel.encode(plain, LAYOUTS["bf16"]))  # type: ignore[operator]

    for work in (
        lambda: kernel.decode(parts, len(plain), LAYOUTS["bf16"]),
        lambda: kernel.decode_into(bytearray(plain), parts, LAYOUTS["bf16"]),
        lambda: kernel.holds(plain, parts, LAYOUTS["bf16"]),
    ):
        with pytest.raises(DamagedError, match=check):
            work()


@pytest.mark.parametrize("words", [(3, 1, 0), (2, 0, 0), (2, 16, 0)])
def test_words_that_do_not_exist_are_refused(words: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no such words"):
        kernel.encode(bytes(12), words)


def test_as_many_parts_are_taken_as_there_are_streams() -> None:
    with pytest.raises(ValueError, match="as many parts"):
        kernel.decode([b"\x11"], 0, LAYOUTS["bf16"])


def test_threads_keep_their_scratch_apart() -> None:
    plains = [weights(2, 500_000 + 1000 * i) for i in range(8)]

    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda plain: kernel.encode(plain, LAYOUTS["bf16"]), plains))
        rows = zip(parts, plains, strict=True)
        again = list(pool.map(lambda row: kernel.decode(row[0], len(row[1]), (2, 1, 0)), rows))

    assert parts == [apart(plain, LAYOUTS["bf16"]) for plain in plains]
    assert again == plains
