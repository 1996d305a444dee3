"""The cuts: the kernel against the reference, its page and the golden files."""

import ctypes
import mmap
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import UsageError
from compressor.kernels import pieces as kernel
from compressor.reference import pieces as reference
from tests.vectors.make_lzw import noise
from tests.vectors.make_pieces import CONTENT, FOLDER, hostile

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/format/pieces.md").read_text()
MIN, NORMAL, MAX = reference.MIN_SIZE, reference.NORMAL_SIZE, reference.MAX_SIZE
EASY, HARD = reference.EASY, reference.HARD


def has_avx2() -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPRESSOR_KERNEL", "avx2")
        try:
            return kernel.kernel_name() == "avx2"
        except UsageError:
            return False


PATHS = ["portable", "avx2"] if has_avx2() else ["portable"]


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COMPRESSOR_KERNEL", request.param)
    return str(request.param)


def cuts_of_each_path(content: bytes, *, final: bool = True) -> list[list[int]]:
    """Cut by each path; the fixtures of pytest and hypothesis do not mix."""
    results = []
    for name in PATHS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COMPRESSOR_KERNEL", name)
            results.append(kernel.cut(content, final=final))
    return results


# What a content is made of: hypothesis draws this, and not the content, to show it when a test fails.
recipes = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 80_000), st.binary(min_size=1, max_size=70)),  # over and over
        st.tuples(st.integers(0, 80_000), st.sampled_from([2, 3, 4, 16, 256])),  # symbols of noise
    ),
    max_size=4,
)


def content_of(recipe: list[tuple[int, bytes | int]]) -> bytes:
    parts = []
    for number, (size, what) in enumerate(recipe):
        if isinstance(what, bytes):
            parts.append((what * (size // len(what) + 1))[:size])
        else:
            parts.append(bytes(random.Random(number).choices(range(what), k=size)))
    return b"".join(parts)


# The reference


@settings(max_examples=60, deadline=None)
@given(recipe=recipes)
def test_the_kernel_cuts_as_the_reference_does(recipe: list) -> None:
    content = content_of(recipe)
    expected = reference.cut(content)

    assert all(cuts == expected for cuts in cuts_of_each_path(content))


@settings(max_examples=40, deadline=None)
@given(recipe=recipes)
def test_without_the_end_the_cuts_are_the_first_of_all(recipe: list) -> None:
    content = content_of(recipe)
    all_cuts, decided = reference.cut(content), reference.cut(content, final=False)

    assert decided == all_cuts[: len(decided)]
    assert len(content) - sum(decided) < MAX
    assert all(cuts == decided for cuts in cuts_of_each_path(content, final=False))


@pytest.mark.parametrize("size", [0, 1, 31, 32, MIN - 1, MIN, MIN + 1, NORMAL, MAX - 1, MAX])
@pytest.mark.parametrize("more", range(3))
def test_sizes_at_every_limit(size: int, more: int, path: str) -> None:
    for content in (
        bytes(size + more),
        noise(size + more),
        hostile(size + more, near=EASY, fits=True),
    ):
        assert kernel.cut(content, final=True) == reference.cut(content)
        assert kernel.cut(content, final=False) == reference.cut(content, final=False)


def with_an_end(mask: int, spared: int, seed: int = 1) -> bytes:
    """Return 32 bytes behind which the hash & ``mask`` is 0 and, where asked, & ``spared`` not."""
    rng = random.Random(seed)
    window = rng.randbytes(28)
    for last in range(1 << 24):
        value = 0
        candidate = window + last.to_bytes(4, "little")
        for byte in candidate:
            value = reference.roll(value, byte)
        if value & mask == 0 and (not spared or value & spared):
            return candidate
    raise AssertionError("no window was found")


EASY_END = with_an_end(EASY, HARD)
HARD_END = with_an_end(HARD, 0)


@pytest.mark.parametrize(
    "at", [*range(MIN - 2, MIN + 70), *range(NORMAL - 70, NORMAL + 70), MAX - 1]
)
def test_an_end_is_seen_wherever_it_lies(at: int, path: str) -> None:
    for window, smallest in ((HARD_END, MIN), (EASY_END, NORMAL)):
        content = bytes(at - 32) + window + bytes(MAX)

        assert kernel.cut(content, final=True)[0] == (at if at >= smallest else MAX)


@pytest.mark.parametrize("at", [MIN, MIN + 1, NORMAL - 1, NORMAL, NORMAL + 1, MAX - 1, MAX])
def test_an_end_at_the_last_byte_is_decided(at: int, path: str) -> None:
    content = bytes(at - 32) + HARD_END

    assert kernel.cut(content, final=False) == reference.cut(content, final=False) == [at]


@pytest.mark.parametrize("gap", [1, 15, 16, 17, 500, 1024, 2047, 2048, 5000])
def test_of_two_ends_the_first_is_taken(gap: int, path: str) -> None:
    for start in range(MIN, MIN + 2100, 137):
        content = bytearray(start + gap + MAX)
        for end in (start + gap, start):  # the nearer one overwrites
            content[end - 32 : end] = HARD_END

        assert kernel.cut(content, final=True)[0] == start


def test_no_run_of_one_byte_ends_a_piece(path: str) -> None:
    for byte in range(256):
        assert kernel.cut(bytes([byte]) * (2 * MAX), final=True) == [MAX, MAX]


# What the cuts are for


@settings(max_examples=40, deadline=None)
@given(
    parts=st.lists(st.integers(0, 100_000), min_size=1, max_size=8), seed=st.integers(0, 1 << 32)
)
def test_a_content_is_cut_alike_however_it_is_dealt_out(parts: list[int], seed: int) -> None:
    content = random.Random(seed).randbytes(sum(parts))
    sizes, rest, start = [], b"", 0
    for number, part in enumerate(parts, 1):
        rest += content[start : start + part]
        start += part
        found = kernel.cut(rest, final=number == len(parts))
        rest = rest[sum(found) :]
        sizes += found

    assert sizes == kernel.cut(content, final=True)


def ends(content: bytes) -> list[int]:
    return list(accumulate(kernel.cut(content, final=True)))


def test_an_insertion_changes_only_pieces_near_it() -> None:
    rng = random.Random(9)
    kept = []
    for _ in range(40):
        content, new = rng.randbytes(2 << 20), rng.randbytes(rng.randrange(1, 5000))
        moved = {end - len(new) for end in ends(new + content)}
        old = ends(content)
        first = next(number for number, end in enumerate(old) if end in moved)
        assert all(end in moved for end in old[first:])  # from there on all is as before
        kept.append(first)

    assert sum(kept) / len(kept) < 4  # pieces that changed, of 129
    assert max(kept) < 20


def test_an_edit_in_the_middle_leaves_what_lies_before_it() -> None:
    content = random.Random(5).randbytes(2 << 20)
    edited = bytearray(content)
    edited[1 << 20] ^= 1

    before = [end for end in ends(content) if end <= 1 << 20]

    assert ends(edited)[: len(before)] == before
    assert len(set(ends(content)) ^ set(ends(edited))) < 12


def test_pieces_of_noise_have_the_mean_size_of_the_page() -> None:
    sizes = kernel.cut(random.Random(2).randbytes(64 << 20), final=True)
    stated = int(re.search(r"mean, ([\d,]+) for noise", PAGE)[1].replace(",", ""))

    assert sum(sizes) / len(sizes) == pytest.approx(stated, rel=0.01)


# The page, and the golden files


def test_the_numbers_of_the_page_are_those_of_its_rule() -> None:
    numbers = re.search(r"```gears\n([0-9a-f \n]+)```", PAGE)[1].split()

    assert [int(number, 16) for number in numbers] == list(reference.NUMBERS)


def test_the_limits_of_the_page_are_those_of_the_kernel() -> None:
    rows = re.findall(r"^\| ([\d,]+) to ([\d,]+) \| hash & ([0-9a-f]{8}) is 0", PAGE, re.MULTILINE)
    limits = [[int(size.replace(",", "")) for size in row[:2]] for row in rows]

    assert limits == [[kernel.MIN_SIZE, NORMAL - 1], [NORMAL, kernel.MAX_SIZE - 1]]
    assert [int(row[2], 16) for row in rows] == [HARD, EASY]


def test_the_examples_of_the_page_hold(path: str) -> None:
    rows = [list(map(int, row.split())) for row in re.findall(r"\| sizes \| ([\d ]+) \|", PAGE)]

    assert [kernel.cut(plain, final=True) for plain in (noise(100_000), bytes(100_000))] == rows


@pytest.mark.parametrize("name", CONTENT)
def test_a_golden_content_is_cut_as_ever(name: str, path: str) -> None:
    golden = [int(size) for size in (FOLDER / f"{name}.sizes").read_text().split()]
    content = CONTENT[name]()

    assert kernel.cut(content, final=True) == golden
    assert reference.cut(content) == golden


def test_every_golden_file_has_a_content() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CONTENT)


def test_the_gears_are_what_their_script_writes() -> None:
    script = subprocess.run(
        [sys.executable, "tools/pieces_table.py"], cwd=ROOT, check=True, capture_output=True
    )
    assert script.stdout == (ROOT / "compressor/kernels/pieces_gear.h").read_bytes()


# The binding


@pytest.fixture
def guarded() -> Iterator[memoryview]:
    """Give 80 KiB between two pages that cannot be touched."""
    page, size = mmap.PAGESIZE, 80 << 10
    pages = mmap.mmap(-1, size + 2 * page)
    first = ctypes.c_char.from_buffer(pages)
    guards = [ctypes.c_void_p(ctypes.addressof(first) + at) for at in (0, size + page)]
    protect: Callable[..., int] = ctypes.CDLL(None).mprotect
    assert all(protect(guard, ctypes.c_size_t(page), 0) == 0 for guard in guards)
    with memoryview(pages) as view, view[page : size + page] as room:
        yield room
    assert all(protect(guard, ctypes.c_size_t(page), 3) == 0 for guard in guards)
    del first
    pages.close()


def test_nothing_outside_the_content_is_read(guarded: memoryview, path: str) -> None:
    for size in [*range(40), *range(MIN, MIN + 100), 20_000, MAX - 1, MAX, 80 << 10]:
        for content in (noise(size), bytes(size)):
            for room in (guarded[:size], guarded[len(guarded) - size :]):
                room[:] = content
                assert kernel.cut(room, final=True) == reference.cut(content)


def test_any_buffer_of_bytes_is_taken(path: str) -> None:
    content = noise(50_000)
    for kind in (bytearray, memoryview, lambda b: memoryview(bytearray(b)).toreadonly()):
        assert kernel.cut(kind(content), final=True) == reference.cut(content)


def test_threads_cut_at_once(path: str) -> None:
    contents = [random.Random(seed).randbytes(1 << 20) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda content: kernel.cut(content, final=True), contents))

    assert found == [kernel.cut(content, final=True) for content in contents]


def test_the_chosen_kernel_is_named(path: str) -> None:
    assert kernel.kernel_name() == path


def test_without_a_request_the_best_kernel_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPRESSOR_KERNEL", raising=False)

    assert kernel.kernel_name() == PATHS[-1]


def test_a_request_for_ssse3_takes_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPRESSOR_KERNEL", "ssse3")
    if "avx2" not in PATHS:
        pytest.skip("this processor may lack it")

    assert kernel.kernel_name() == "portable"


@pytest.mark.parametrize("work", [kernel.kernel_name, lambda: kernel.cut(b"", final=True)])
def test_an_unknown_kernel_is_refused(
    work: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPRESSOR_KERNEL", "quantum")
    with pytest.raises(UsageError, match="COMPRESSOR_KERNEL=quantum"):
        work()
