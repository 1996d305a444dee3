"""The kernel of floatdelta: any planes stand for elements, and back; what it counts."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.kernels import floatdelta as kernel
from compressor.reference import floatdelta as reference

TYPES = reference.TYPES
TILE = 2048  # elements that the kernel takes at once
dtypes = st.sampled_from(list(TYPES))


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def planes_of(plain: bytes, base: bytes, dtype: str, classes: int, top: int) -> Iterator[bytes]:
    """Yield the planes, by the reference's arithmetic."""
    width, _ = TYPES[dtype]
    rows: list[list[int]] = [[] for _ in range(classes)]
    pairs = zip(reference.elements(plain, width), reference.elements(base, width), strict=True)
    for new, old in pairs:
        number = reference.class_of(reference.exponent_of(old, dtype), top, classes - 1)
        rows[number].append(reference.subtract(new, old, width))
    for row in rows:
        yield from (bytes(x >> 8 * p & 255 for x in row) for p in range(width))


@settings(max_examples=150, deadline=None)
@given(
    dtype=dtypes,
    count=st.integers(0, 40) | st.integers(TILE - 3, TILE + 3) | st.integers(0, 3 * TILE),
    tail=st.integers(0, 7),
    classes=st.integers(1, 16),
    data=st.data(),
)
def test_the_kernel_agrees_with_the_reference_both_ways(
    dtype: str, count: int, tail: int, classes: int, data: st.DataObject
) -> None:
    width, _ = words = TYPES[dtype]
    top = data.draw(st.integers(0, reference.exponent_of(-1, dtype)))
    size = count * width + tail % width
    plain, base = noise(size, 1), noise(size, 2)

    partition = kernel.Partition(base, words, classes, top)
    planes = partition.split(plain)

    assert planes == list(planes_of(plain, base, dtype, classes, top))
    assert partition.sizes == [len(plane) for plane in planes[::width]]
    assert partition.join(planes) == plain[: count * width]
    assert partition.join(planes, plain[count * width :]) == plain


@pytest.mark.parametrize("dtype", TYPES)
def test_every_lane_and_its_ends_are_right(dtype: str) -> None:
    width, _ = words = TYPES[dtype]
    plain, base = noise(2 * TILE * width, 1), noise(2 * TILE * width, 2)
    for count in [*range(510, 515), 1023, 1025, 1535, 1536, 1537, 2047, *range(2049, 2052), 2560]:
        size = count * width
        partition = kernel.Partition(base[:size], words, 5, 3)
        assert partition.join(partition.split(plain[:size])) == plain[:size]


@settings(max_examples=60, deadline=None)
@given(dtype=dtypes, count=st.integers(0, 3000), classes=st.integers(1, 16))
def test_any_planes_stand_for_elements_and_for_no_others(
    dtype: str, count: int, classes: int
) -> None:
    width, _ = words = TYPES[dtype]
    partition = kernel.Partition(noise(count * width, 3), words, classes, 2)
    planes = [noise(size, seed) for size in partition.sizes for seed in range(width)]

    assert partition.split(partition.join(planes)) == planes


@settings(max_examples=60, deadline=None)
@given(
    dtype=dtypes,
    count=st.integers(1, 300) | st.sampled_from([16_383, 16_384, 16_385, 17_407, 17_408, 33_000]),
    share=st.sampled_from([1, 60, 64, 68, 500]),
    data=st.data(),
)
def test_the_top_is_the_references(dtype: str, count: int, share: int, data: st.DataObject) -> None:
    width, mantissa_bits = TYPES[dtype]
    most = reference.exponent_of(-1, dtype)
    high, low = sorted([data.draw(st.integers(0, most)), data.draw(st.integers(0, most))])[::-1]
    rng = random.Random(count)
    exponents = [high if not rng.randrange(share) else rng.randint(0, low) for _ in range(count)]
    base = b"".join(
        ((rng.getrandbits(1) << 8 * width - 1) | e << mantissa_bits).to_bytes(width, "little")
        for e in exponents
    )

    assert kernel.top_of(base + b"x" * (width - 1), TYPES[dtype]) == reference.choose_top(exponents)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_of_bytes_will_do(kind: type) -> None:
    plain, base = noise(1000, 1), noise(1000, 2)
    partition = kernel.Partition(kind(base), (4, 23), 3, 120)

    planes = partition.split(kind(plain))

    assert partition.join([kind(plane) for plane in planes]) == plain
    assert kernel.top_of(kind(base), (4, 23)) == kernel.top_of(base, (4, 23))
    assert kernel.zeros_in(kind(bytes(300) + b"a")) == 300
    assert kernel.equal(kind(base), base)
    assert not kernel.equal(kind(base), plain)
    assert not kernel.equal(kind(base), base[1:])


@given(plane=st.binary(max_size=40).map(lambda some: some * 9))
def test_zeros_are_counted(plane: bytes) -> None:
    assert kernel.zeros_in(plane) == plane.count(0)


def test_threads_share_a_partition() -> None:
    base = noise(100_000, 1)
    partition = kernel.Partition(base, (2, 7), 7, 130)
    inputs = [noise(100_000, seed) for seed in range(6)]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda p: partition.join(partition.split(p)), inputs)) == inputs


def test_what_does_not_fit_is_refused() -> None:
    partition = kernel.Partition(bytes(8), (2, 7), 1, 0)

    for words in [(3, 7), (16, 7), (2, 0), (2, 15), (1, 7)]:
        with pytest.raises(ValueError, match="no floats"):
            kernel.Partition(b"", words, 1, 0)
        with pytest.raises(ValueError, match="no floats"):
            kernel.top_of(b"", words)
    for classes in (0, 17):
        with pytest.raises(ValueError, match="1 to 16 classes"):
            kernel.Partition(b"", (2, 7), classes, 0)
    with pytest.raises(ValueError, match="256 is no exponent"):
        kernel.Partition(b"", (2, 7), 1, 256)
    for plain in (b"", bytes(7), bytes(9)):
        with pytest.raises(ValueError, match="another size"):
            partition.split(plain)
    for planes in ([], [b"1234"], [b"1234"] * 3):
        with pytest.raises(ValueError, match="too many or too few"):
            partition.join(planes)
    for planes in ([b"1234", b"123"], [b"12345", b"1234"]):
        with pytest.raises(ValueError, match="another size than its class"):
            partition.join(planes)
