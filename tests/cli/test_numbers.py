"""Files that hold numbers: packed as numbers, given back as bytes."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import compressor
from compressor.archive.record import Kind
from compressor.archive.schema import unpack_block
from compressor.cli import main
from compressor.engine.access import SeekableArchive
from compressor.tree.inputs import Input
from tests.cli.process import Run

WIDTHS = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2, "F8_E4M3": 1, "I8": 1}
RATIOS = {"F64": 0.96, "F32": 0.87, "BF16": 0.7, "F16": 0.9, "F8_E4M3": 0.9, "I8": 0.95}
COUNT = 150_000


def numbers(dtype: str, count: int = COUNT, seed: int = 1) -> bytes:
    """Return what weights look like: of a normal distribution, in this type."""
    values = np.random.default_rng(seed).normal(0, 0.05, count)
    if dtype == "I8":
        return np.clip(values * 400, -127, 127).astype("i1").tobytes()
    if dtype == "F8_E4M3":  # 4 bits of exponent and 3 of mantissa, cut out of 16
        halves = values.astype("<f2").view("<u2")
        return ((halves >> 8 & 0x80) | (halves >> 7 & 0x7F)).astype("u1").tobytes()
    if dtype == "BF16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return values.astype({"F64": "<f8", "F32": "<f4", "F16": "<f2"}[dtype]).tobytes()


def tensors(*content: tuple[str, bytes], columns: int = 0) -> bytes:
    """Return a safetensors file of tensors t0, t1, ... of these types and bytes, in so many columns."""
    header, at = {}, 0
    for number, (dtype, data) in enumerate(content):
        shape = [len(data) // WIDTHS[dtype]]
        shape = [shape[0] // columns, columns] if columns else shape
        header[f"t{number}"] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [at, at + len(data)],
        }
        at += len(data)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(data for _, data in content)


def chains(path: str) -> list[str]:
    """Return the stage that each block of an archive begins with."""
    found = []
    with Path(path).open("rb") as file:
        archive = SeekableArchive(file)
        index = archive.indexes[-1]
        for _, entry in archive.entries():
            for _, (offset, _, _) in index.spans(entry):
                meta, body = index.record(offset, Kind.BLOCK).checked()
                found.append(unpack_block(meta, body, offset).chain)
    return [chain.partition("(")[0].partition(":mantissa")[0] for chain in found]


@pytest.mark.parametrize("dtype", WIDTHS)
def test_numbers_of_each_type_lose_what_they_have_in_common(run: Run, dtype: str) -> None:
    data = tensors((dtype, numbers(dtype)))
    Path("model").write_bytes(data)

    run("compress", "model")
    run("compress", "--codec", "zstd", "model", "-o", "plain.cz")

    assert Path("model.cz").stat().st_size < RATIOS[dtype] * len(data)
    assert Path("model.cz").stat().st_size < Path("plain.cz").stat().st_size
    assert run("decompress", "-c", "model.cz").stdout == data
    assert all(chain == "zstd" for chain in chains("plain.cz"))


def test_a_block_holds_numbers_of_one_type(run: Run) -> None:
    data = tensors(*((dtype, numbers(dtype)) for dtype in ("F32", "BF16", "I8")))
    Path("model").write_bytes(data)

    run("compress", "model")

    assert chains("model.cz") == [
        *("zstd", "floatsplit:dtype=fp32", "floatsplit:dtype=bf16", "huffman")
    ]
    said = run("info", "model.cz").stdout.decode()
    assert "floatsplit:dtype=bf16" in said
    assert compressor.decompress(compressor.compress(data)) == data
    assert len(compressor.compress(data)) < 0.82 * len(data)


def test_threads_and_a_copy_in_memory_change_no_block(run: Run) -> None:
    data = tensors(("F32", numbers("F32")), ("BF16", numbers("BF16", 10 * COUNT)))
    Path("model").write_bytes(data)

    one = run("compress", "-T1", "-c", "model").stdout

    assert run("compress", "-T4", "-c", "model").stdout == one
    assert abs(len(compressor.compress(data, name="model")) - len(one)) < 64


def test_tensors_that_were_stored_before_are_not_stored_again(run: Run) -> None:
    Path("run").mkdir()
    parts = [("BF16", numbers("BF16", seed=seed)) for seed in range(4)]
    Path("run/a").write_bytes(tensors(*parts))
    Path("run/b").write_bytes(tensors(*reversed(parts)))
    run("compress", "run")
    first = Path("run.cz").stat().st_size

    Path("run/c").write_bytes(tensors(parts[2], ("BF16", numbers("BF16", seed=9)), parts[0]))
    run("append", "run.cz", "run")

    assert first < 0.7 * 4.1 * 2 * COUNT
    assert Path("run.cz").stat().st_size - first < 0.7 * 1.1 * 2 * COUNT
    run("extract", "run.cz", "-C", "out")
    for name in "abc":
        assert Path("out/run", name).read_bytes() == Path("run", name).read_bytes()
    run("prune", "run.cz", "--keep-last", "1")
    assert run("cat", "run.cz", "run/b").stdout == Path("run/b").read_bytes()


def test_a_file_that_lies_is_packed_as_bytes(run: Run) -> None:
    data = bytearray(tensors(("BF16", numbers("BF16"))))
    Path("short").write_bytes(data[:-2])
    Path("long").write_bytes(data[:8].replace(data[:1], b"\xff") + data[8:])

    for name in ("short", "long"):
        run("compress", name)
        assert run("decompress", "-c", f"{name}.cz").stdout == Path(name).read_bytes()
        assert set(chains(f"{name}.cz")) <= {"zstd", "store"}


def test_small_files_of_numbers_share_blocks_with_others(run: Run) -> None:
    Path("run").mkdir()
    for name in "abc":
        Path("run", name).write_bytes(tensors(("F32", numbers("F32", 1000))))

    run("compress", "run")

    assert len(set(chains("run.cz"))) == 1
    assert run("cat", "run.cz", "run/c").stdout == Path("run/c").read_bytes()


@pytest.mark.parametrize("change", [-1000, 1000])
def test_a_file_that_changes_while_it_is_read_is_packed_as_it_was_read(
    run: Run, monkeypatch: pytest.MonkeyPatch, change: int
) -> None:
    data = tensors(("BF16", numbers("BF16", 5 * COUNT)))
    Path("model").write_bytes(data)
    take = Input.take

    def hooked(source, size):  # type: ignore[no-untyped-def]
        os.truncate("model", len(data) + change)
        return take(source, size)

    monkeypatch.setattr(Input, "take", hooked)

    assert main(["compress", "model"]) == 3
    kept = data[:change] if change < 0 else data + bytes(change)
    assert run("decompress", "-c", "model.cz").stdout == kept


def test_numbers_keep_to_the_memory_that_is_granted(run: Run) -> None:
    data = tensors(("F64", numbers("F64", 4 * COUNT)))
    Path("model").write_bytes(data)

    small = run("compress", "--memory", "120M", "-c", "model").stdout

    assert small == run("compress", "-c", "model").stdout
    assert run("decompress", "--memory", "120M", "-c", input=small).stdout == data
    for size in ("4K", "100K", "1M"):
        packed = run("compress", "--block-size", size, "-c", "model").stdout
        assert run("decompress", "-c", input=packed).stdout == data


@pytest.mark.parametrize(("dtype", "ratio"), [("bf16", 0.7), ("F32", 0.87), ("i8", 0.95)])
def test_arrays_without_a_header_are_packed_as_what_they_are_said_to_be(
    run: Run, dtype: str, ratio: float
) -> None:
    data = numbers(dtype.upper()) + b"x"
    Path("raw").write_bytes(data)

    run("compress", "--dtype", dtype, "raw")
    piped = run("compress", "--dtype", dtype, input=data).stdout

    assert max(Path("raw.cz").stat().st_size, len(piped)) < ratio * len(data)
    assert run("decompress", "-c", "raw.cz").stdout == data
    assert run("decompress", input=piped).stdout == data


def test_what_a_file_says_of_itself_counts_more_than_what_is_said_of_it(run: Run) -> None:
    Path("model").write_bytes(tensors(("F32", numbers("F32"))))

    run("compress", "--dtype", "bf16", "model")

    assert "floatsplit:dtype=fp32" in chains("model.cz")


def test_a_type_is_refused_where_it_means_nothing(run: Run) -> None:
    Path("raw").write_bytes(b"x")

    assert b"--dtype" in run("compress", "--dtype", "f33", "raw", code=2).stderr
    assert b"--dtype" in run("compress", "--dtype", "f32", "--codec", "lz4", "raw", code=2).stderr
    run("compress", "--dtype", "u16", "raw")
    assert run("decompress", "-c", "raw.cz").stdout == b"x"


def test_large_arrays_without_a_header_are_measured(run: Run) -> None:
    Path("raw").write_bytes(numbers("BF16", 1 << 17))
    Path("half").write_bytes(numbers("BF16", 5 << 17) + bytes(8 << 17))
    Path("small").write_bytes(numbers("BF16", (1 << 17) - 1))

    for name in ("raw", "half", "small"):
        run("compress", name)

    assert set(chains("raw.cz")) == {"floatsplit:dtype=bf16"}
    assert "floatsplit:dtype=bf16" not in chains("half.cz") + chains("small.cz")
    assert run("decompress", "-c", "raw.cz").stdout == Path("raw").read_bytes()


def blocks_share(path: str, data: bytes) -> float:
    """Return the archive's size by that of its content."""
    return Path(path).stat().st_size / len(data)


@pytest.mark.parametrize(
    ("dtype", "share", "most"),
    [
        ("F32", 0.5, 0.46),
        ("F32", 0.9, 0.1),
        ("BF16", 0.5, 0.4),
        ("F64", 0.9, 0.115),
        ("I8", 0.9, 0.15),
    ],
)
def test_pruned_tensors_cost_what_is_left_of_them(
    run: Run, dtype: str, share: float, most: float
) -> None:
    width = WIDTHS[dtype]
    rows = np.frombuffer(numbers(dtype), "u1").reshape(-1, width).copy()
    rows[np.random.default_rng(2).random(len(rows)) < share] = 0
    data = tensors((dtype, rows.tobytes()), (dtype, numbers(dtype, seed=5)))
    Path("pruned").write_bytes(tensors((dtype, rows.tobytes())))
    Path("mixed").write_bytes(data)

    run("compress", "pruned")
    run("compress", "mixed")

    assert blocks_share("pruned.cz", rows.tobytes()) < most
    assert set(chains("pruned.cz")) <= {f"zeromask:width={width}:bits=0", "zstd", "store"}
    assert len(set(chains("mixed.cz")) - {"zstd", "store"}) == 2
    assert run("decompress", "-c", "mixed.cz").stdout == data


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("value", [b"\x00", b"\xff", b"\x80\x00\x3f\xb1\x7f\x01\xc2\x55"])
def test_a_constant_tensor_costs_next_to_nothing(run: Run, dtype: str, value: bytes) -> None:
    element = (value * 8)[: WIDTHS[dtype]]
    data = tensors((dtype, element * COUNT))
    Path("constant").write_bytes(data)

    run("compress", "constant")

    assert Path("constant.cz").stat().st_size < 1500
    assert run("decompress", "-c", "constant.cz").stdout == data


def test_second_moments_pay_nothing_for_their_signs(run: Run) -> None:
    drawn = numbers("F32")
    squares = (np.frombuffer(drawn, "<f4") ** 2).tobytes()
    signed = np.frombuffer(squares, "<u4") | (np.frombuffer(drawn, "<u4") & (1 << 31))
    sizes = {}
    for name, content in (("squares", squares), ("signed", signed.tobytes())):
        Path(name).write_bytes(tensors(("F32", content)))
        run("compress", name)
        sizes[name] = Path(f"{name}.cz").stat().st_size

    assert sizes["squares"] < sizes["signed"] - 0.95 * COUNT / 8
    assert run("decompress", "-c", "squares.cz").stdout == Path("squares").read_bytes()


def odd_numbers(width: int, exponent_bits: int) -> bytes:
    """Return NaNs with payloads, infinities, denormals and zeros of both signs among weights."""
    drawn = np.random.default_rng(4)
    mantissa_bits = 8 * width - 1 - exponent_bits
    words = drawn.integers(0, 1 << 62, COUNT, np.uint64) & np.uint64((1 << 8 * width) - 1)
    exponents = np.uint64(((1 << exponent_bits) - 1) << mantissa_bits)
    kind = drawn.integers(0, 25, COUNT)
    words[kind == 0] |= exponents
    words[kind == 1] &= ~exponents
    words[kind == 2] &= np.uint64(1 << 8 * width - 1)
    words[kind == 3] &= np.uint64(1 << 8 * width - 1) | exponents
    words[kind > 4] = 0
    return words.astype(f"<u{width}").tobytes()


@pytest.mark.parametrize(
    ("dtype", "exponent_bits"), [("F64", 11), ("F32", 8), ("BF16", 8), ("F16", 5), ("F8_E4M3", 4)]
)
@pytest.mark.parametrize("level", ["-3", "-5"])
def test_nans_and_denormals_come_back_by_their_bits(
    run: Run, dtype: str, exponent_bits: int, level: str
) -> None:
    data = tensors((dtype, odd_numbers(WIDTHS[dtype], exponent_bits)))
    Path("odd").write_bytes(data)

    run("compress", level, "odd")

    assert "zeromask" in " ".join(chains("odd.cz"))
    assert run("decompress", "-c", "odd.cz").stdout == data


@pytest.mark.parametrize("dtype", ["bf16", "f32", "f8_e4m3", "i8"])
def test_text_that_is_called_numbers_is_packed_as_text(run: Run, dtype: str) -> None:
    Path("text").write_bytes(b"".join(b"%d: a line of a log\n" % (n * n) for n in range(60_000)))

    usual = len(run("compress", "-c", "text").stdout)
    called = run("compress", "--dtype", dtype, "-c", "text").stdout

    assert len(called) < 1.1 * usual
    assert run("decompress", "-c", input=called).stdout == Path("text").read_bytes()


@pytest.mark.parametrize("dtype", ["BF16", "F32"])
def test_weights_are_packed_densely_from_level_seven_on(run: Run, dtype: str) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(0, 0.05, (2000, 300)) * 2 ** rng.uniform(-2, 2, 300)
    words = values.astype("<f4")
    data = words.tobytes() if dtype == "F32" else (words.view("<u4") >> 16).astype("<u2").tobytes()
    Path("model").write_bytes(tensors((dtype, data), columns=300))

    run("compress", "-6", "model", "-o", "six.cz")
    run("compress", "-7", "model", "-o", "seven.cz")

    name = {"BF16": "bf16", "F32": "fp32"}[dtype]
    assert chains("seven.cz").count(f"dense:dtype={name}:columns=300") == 2
    assert not any(chain.startswith("dense") for chain in chains("six.cz"))
    assert Path("seven.cz").stat().st_size < 0.99 * Path("six.cz").stat().st_size
    assert run("decompress", "-c", "seven.cz").stdout == Path("model").read_bytes()
    assert run("cat", "--tensor", "t0", "--format", "raw", "seven.cz").stdout == data
    assert main(["test", "seven.cz"]) == 0
