"""The huffman kernel: round trips, the reference, golden files, the examples of its page."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import UsageError
from compressor.kernels import huffman as kernel
from compressor.reference import huffman as reference
from compressor.reference import huffman_encoder as reference_encoder
from tests.vectors.make_huffman import CASES

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests/vectors/huffman"
SPECIFICATION = (ROOT / "docs/format/huffman.md").read_text()
CHUNK = 128 << 10


PATHS = kernel.kernel_names()


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COMPRESSOR_KERNEL", request.param)
    return str(request.param)


def each_path(work: object) -> list[object]:
    """Call ``work`` with each path chosen; monkeypatch and hypothesis do not mix."""
    results = []
    for name in PATHS:
        os.environ["COMPRESSOR_KERNEL"] = name
        try:
            results.append(work())  # type: ignore[operator]
        finally:
            del os.environ["COMPRESSOR_KERNEL"]
    return results


@st.composite
def plain_bytes(draw: st.DrawFn, max_size: int = 20_000) -> bytes:
    """Bytes of many distributions and sizes, mostly near what kernels handle apart."""
    rng = random.Random(draw(st.integers(0, 1 << 32)))
    edges = st.sampled_from([0, 1, 2, 3, 63, 64, 65, 127, 128, 1023, 1025])
    n = draw(edges | st.integers(0, max_size))
    kind = draw(st.sampled_from(["even", "skewed", "weights", "runs", "sparse"]))
    symbols = rng.sample(range(256), draw(st.sampled_from([1, 2, 3, 4, 5, 8, 9, 16, 40, 64, 256])))
    if kind == "even":
        return bytes(rng.choices(symbols, k=n))
    if kind == "skewed":
        return bytes(rng.choices(symbols, [0.7**i + 1e-4 for i in range(len(symbols))], k=n))
    if kind == "weights":
        return bytes(rng.choices(symbols, [rng.random() ** 4 for _ in symbols], k=n))
    if kind == "runs":
        parts = (bytes([rng.choice(symbols)]) * rng.choice([1, 2, 30, 700]) for _ in range(n))
        return b"".join(parts)[:n]
    return bytes(rng.choice(symbols) if rng.random() < 0.03 else symbols[0] for _ in range(n))


@settings(max_examples=150, deadline=None)
@given(plain=plain_bytes())
def test_what_comes_out_is_what_went_in_and_every_path_packs_the_same_bytes(plain: bytes) -> None:
    packed = each_path(lambda: kernel.encode(plain))
    again = each_path(lambda: kernel.decode(packed[0], len(plain)))

    assert packed == [packed[0]] * len(PATHS)
    assert again == [plain] * len(PATHS)
    assert len(packed[0]) <= len(plain) + 4


@settings(max_examples=120, deadline=None)
@given(plain=plain_bytes(max_size=3_000))
def test_the_kernel_agrees_with_the_reference_both_ways(plain: bytes) -> None:
    packed = kernel.encode(plain)

    assert packed == reference_encoder.encode(plain)
    assert reference.decode(packed, len(plain)) == plain


@pytest.mark.parametrize("n", [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 63])
def test_blocks_around_the_chunk_size_come_back(path: str, n: int) -> None:
    plain = CASES["skewed"]() * 8
    assert kernel.decode(kernel.encode(plain[:n]), n) == plain[:n]


@pytest.mark.parametrize("n", [0, 1, 2, 62, 63, 64, 65, 66])
def test_short_blocks_cost_four_bytes_at_most(path: str, n: int) -> None:
    plain = bytes(i * 37 % 256 for i in range(n))
    packed = kernel.encode(plain)

    assert len(packed) == n + 4 - 3 * (n == 0)
    assert kernel.decode(packed, n) == plain


def test_frequencies_beyond_the_length_limit_come_back(path: str) -> None:
    counts = [1, 1]
    while sum(counts) < 100_000:
        counts.append(counts[-1] + counts[-2])
    plain = b"".join(bytes([symbol]) * count for symbol, count in enumerate(counts))

    assert kernel.encode(plain)[1] & 3 == 2  # sorted, it is runs
    shuffled = bytes(plain[i * 7919 % len(plain)] for i in range(len(plain)))
    assert kernel.decode(kernel.encode(shuffled), len(shuffled)) == shuffled


def test_noise_is_kept_raw_and_nearly_constant_bytes_become_runs(path: str) -> None:
    assert kernel.encode(CASES["noise"]())[1] & 3 == 0
    assert kernel.encode(CASES["sparse"]())[1] & 3 == 2


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_of_bytes_will_do(kind: type) -> None:
    packed = kernel.encode(kind(b"abacabad" * 8))
    assert kernel.decode(kind(packed), 64) == b"abacabad" * 8


@pytest.mark.parametrize("name", CASES)
def test_golden_files_are_read_and_written_alike(path: str, name: str) -> None:
    packed = (VECTORS / f"{name}.packed").read_bytes()
    plain = CASES[name]()

    assert kernel.decode(packed, len(plain)) == plain
    assert kernel.encode(plain) == packed


def test_every_golden_file_has_its_formula() -> None:
    assert {file.stem for file in VECTORS.iterdir()} == set(CASES)


def examples() -> list[bytes]:
    """The packed column of each table in the specification's example."""
    section = SPECIFICATION.split("## Example", 1)[1]
    tables = section.split("| packed | meaning |")[1:]
    cells = [re.findall(r"^\| ([0-9a-f ]+) \|", table, re.MULTILINE) for table in tables]
    return [bytes.fromhex(" ".join(column)) for column in cells]


def test_the_examples_of_the_specification_hold(path: str) -> None:
    plain = [b"abacabad" * 8, bytes(100) + b"\1" + bytes(60) + b"\2" * 302]

    assert [kernel.encode(block) for block in plain] == examples()
    assert [
        kernel.decode(packed, len(block)) for packed, block in zip(examples(), plain, strict=True)
    ] == plain


def test_the_chosen_kernel_is_named(path: str) -> None:
    assert kernel.kernel_name() == path


@pytest.mark.parametrize("name", ["", None])
def test_without_a_request_the_best_kernel_is_taken(
    name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPRESSOR_KERNEL", raising=False)
    if name is not None:
        monkeypatch.setenv("COMPRESSOR_KERNEL", name)
    assert kernel.kernel_name() == PATHS[-1]


@pytest.mark.parametrize(
    "work", [kernel.kernel_name, lambda: kernel.encode(b""), lambda: kernel.decode(b"", 0)]
)
def test_an_unknown_kernel_is_refused(work: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPRESSOR_KERNEL", "quantum")
    with pytest.raises(UsageError, match=r"COMPRESSOR_KERNEL=quantum .* are portable"):
        work()  # type: ignore[operator]


def test_what_this_processor_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {"ssse3", "avx2", "avx512", "neon"} - set(PATHS):
        monkeypatch.setenv("COMPRESSOR_KERNEL", name)
        with pytest.raises(UsageError, match=f"COMPRESSOR_KERNEL={name} can't be had"):
            kernel.kernel_name()


def test_paths_go_from_plain_to_best_and_one_machine_has_those_of_its_kind() -> None:
    kinds = [["portable", "ssse3", "avx2", "avx512"], ["portable", "neon"]]

    assert any(kind[: len(PATHS)] == PATHS for kind in kinds)


def test_the_tables_are_what_their_script_writes() -> None:
    script = subprocess.run(
        [sys.executable, "tools/huffman_tables.py"], cwd=ROOT, check=True, capture_output=True
    )
    assert script.stdout == (ROOT / "compressor/kernels/huffman_tables.h").read_bytes()
