"""Tensors of members by name: listed, and written as files of tensors."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import deserialize

from tests.cli.process import Run, lines
from tests.cli.test_numbers import numbers, tensors
from tests.tensors.checkpoints import checkpoint, mapping, number
from tests.tensors.files import entry, gguf_file, info, npy_file, pair, safetensors_file

F32, BF16, I8 = ("F32", numbers("F32", 50_000)), ("BF16", numbers("BF16", 90_000)), ("I8", b"\1\2")


@pytest.fixture
def model(run: Run) -> bytes:
    """Pack a model of three tensors, t0 to t2, as model.cz."""
    data = tensors(F32, BF16, I8)
    Path("model").write_bytes(data)
    run("compress", "model")
    return data


def content(file: bytes) -> dict[str, tuple[str, list[int], bytes]]:
    """Return what safetensors' own reader sees."""
    return {
        name: (one["dtype"], one["shape"], bytes(one["data"])) for name, one in deserialize(file)
    }


def test_the_name_of_an_archive_can_do_nothing_to_a_terminal(run: Run) -> None:
    packed = run("compress", input=tensors(I8)).stdout
    Path("e\x1b[31m.cz").write_bytes(packed)

    assert run("list", "--tensors", "e\x1b[31m.cz").stdout.startswith(b"e\\x1b[31m.cz:\n")


def test_tensors_are_listed(run: Run, model: bytes) -> None:
    text = run("list", "--tensors", "model.cz").stdout.decode()
    found = lines(run("list", "--tensors", "--json", "model.cz").stdout)

    assert [line.split() for line in text.splitlines()] == [
        ["model:"],
        ["200,000", "F32", "50000", "t0"],
        ["180,000", "BF16", "90000", "t1"],
        ["2", "I8", "2", "t2"],
    ]
    assert found[1] == {
        "type": "tensor",
        "path": "model.cz",
        "member": "model",
        "name": "t1",
        "dtype": "BF16",
        "shape": [90_000],
        "bytes": 180_000,
    }
    assert run("list", "--tensors", input=model, code=2).stdout == b""


def test_what_is_picked_is_a_file_that_safetensors_reads(run: Run, model: bytes) -> None:
    every = content(run("cat", "model.cz", "--tensor", "*").stdout)
    two = run("cat", "model.cz", "model", "--tensor", "t2", "--tensor", "t0").stdout

    assert every == content(model)
    assert content(two) == {name: one for name, one in content(model).items() if name != "t1"}


def test_a_tensor_is_read_without_the_blocks_of_others(run: Run, model: bytes) -> None:
    damaged = bytearray(Path("model.cz").read_bytes())
    damaged[len(damaged) // 8] ^= 1  # in t0, the first and largest
    Path("model.cz").write_bytes(damaged)

    assert content(run("cat", "model.cz", "--tensor", "t1").stdout)["t1"][2] == BF16[1]
    said = run("cat", "model.cz", "--tensor", "t0", code=4).stderr
    assert said.startswith(b"compressor: model.cz: ")
    assert said.endswith(b"(member 'model')\n")
    assert lines(run("cat", "--json", "model.cz", "--tensor", "t0", code=4).stderr)[0][
        "member"
    ] == ("model")


def test_a_damaged_header_is_damage_and_not_a_file_without_tensors(run: Run) -> None:
    Path("model").write_bytes(tensors(F32))
    run("compress", "model")
    damaged = bytearray(Path("model.cz").read_bytes())
    plan = damaged.index(b"zstd")  # the head's; then comes the block of the header
    damaged[damaged.index(b"zstd", plan + 4) + 40] ^= 1
    Path("model.cz").write_bytes(damaged)

    assert b"check" in run("list", "--tensors", "model.cz", code=4).stderr
    run("cat", "model.cz", "--tensor", "*", code=4)


def test_a_member_that_is_named_twice_is_one(run: Run, model: bytes) -> None:
    assert content(run("cat", "model.cz", "model", "model", "--tensor", "*").stdout) == content(
        model
    )


def test_a_name_that_safetensors_keeps_is_refused(run: Run) -> None:
    with Path("x").open("wb") as file:
        np.savez(file, __metadata__=np.arange(3))
    run("compress", "x")

    assert b"__metadata__" in run("cat", "x.cz", "--tensor", "*", code=2).stderr
    run("cat", "x.cz", "--tensor", "*", "--format", "raw")


def test_one_tensor_is_an_array_of_numpy(run: Run, model: bytes) -> None:
    packed = run("cat", "model.cz", "--tensor", "t0", "--format", "npy").stdout

    assert np.load(io.BytesIO(packed)).tobytes() == F32[1]
    assert run("cat", "model.cz", "--tensor", "t0", "--format", "raw").stdout == F32[1]
    refused = run("cat", "model.cz", "--tensor", "t1", "--format", "npy", code=2).stderr
    assert b"BF16" in refused
    assert b"safetensors" in refused
    assert (
        b"one tensor" in run("cat", "model.cz", "--tensor", "*", "--format", "npy", code=2).stderr
    )


@pytest.mark.parametrize("dtype", [">f4", ">i2", ">c16", "|u1", "<f8"])
def test_an_array_keeps_the_order_of_its_bytes(run: Run, dtype: str) -> None:
    np.save("x.npy", np.arange(6).astype(dtype).reshape(2, 3))
    run("compress", "x.npy")

    for path in ("x.npy", "x.npy.cz"):
        written = run("cat", path, "--tensor", "*", "--format", "npy").stdout
        again = np.load(io.BytesIO(written))
        assert again.dtype.str == dtype
        assert again.tolist() == np.arange(6).reshape(2, 3).tolist()


def test_an_array_whose_first_index_is_the_fastest_goes_to_npy_as_it_is(run: Run) -> None:
    array = np.asfortranarray(np.arange(60_000.0).reshape(3, 200, 100))
    np.save("x.npy", array)
    run("compress", "x.npy")

    packed = run("cat", "x.npy.cz", "--tensor", "*", "--format", "npy").stdout
    refused = run("cat", "x.npy.cz", "--tensor", "*", code=5).stderr

    again = np.load(io.BytesIO(packed))
    assert (again == array).all()
    assert again.flags.f_contiguous
    assert b"--format npy" in refused


def test_a_name_that_several_members_hold_is_refused_and_they_are_listed(run: Run) -> None:
    Path("run").mkdir()
    for name in "ab":
        Path("run", name).write_bytes(tensors(F32, BF16))
    run("compress", "run")

    said = run("cat", "run.cz", "--tensor", "t0", code=2).stderr

    assert b"run/a, run/b" in said
    assert content(run("cat", "run.cz", "run/b", "--tensor", "t0").stdout)["t0"][2] == F32[1]


def test_the_output_appears_whole_or_not_at_all(run: Run, model: bytes) -> None:
    run("cat", "model.cz", "--tensor", "t1", "-o", "one")
    assert content(Path("one").read_bytes())["t1"][2] == BF16[1]

    assert b"one" in run("cat", "model.cz", "--tensor", "t0", "-o", "one", code=1).stderr
    run("cat", "model.cz", "--tensor", "t0", "-o", "one", "-f")
    assert set(content(Path("one").read_bytes())) == {"t0"}
    run("cat", "model.cz", "--tensor", "nothing", "-o", "two", code=1)
    run("cat", "model.cz", "--tensor", "*", "-o", "model.cz", "-f", code=1)
    run("cat", "model.cz", "-o", "whole")
    assert Path("whole").read_bytes() == model
    assert not Path("two").exists()


def test_types_that_a_form_can_not_hold_are_refused(run: Run) -> None:
    Path("q").write_bytes(gguf_file([], [info("w", [32], 8, 0)], bytes(range(34))))
    run("compress", "q")

    assert b"Q8_0" in run("cat", "q.cz", "--tensor", "w", code=2).stderr
    assert run("cat", "q.cz", "--tensor", "w", "--format", "raw").stdout == bytes(range(34))


def test_metadata_goes_with_the_tensors_of_its_file(run: Run) -> None:
    said = {"format": "pt", "epoch": "3 \u00e4"}
    Path("run").mkdir()
    for name, more in (("a", {"__metadata__": said}), ("b", {})):
        header = {**more, name: entry("U8", [2], 0, 2), f"{name}2": entry("U8", [0], 2, 2)}
        Path("run", name).write_bytes(safetensors_file(header, b"xy"))
    Path("run/c").write_bytes(gguf_file([pair("k", 0, b"1")], [info("c", [1], 24, 0)], b"z"))
    run("compress", "run")

    def metadata(*words: str) -> object:
        written = run("cat", *words).stdout
        assert deserialize(written)
        return json.loads(written[8 : 8 + int.from_bytes(written[:8], "little")]).get(
            "__metadata__"
        )

    assert metadata("run/a", "--tensor", "a2", "--tensor", "a") == said
    assert metadata("run.cz", "--tensor", "a*") == said
    for globs in (["a", "b"], ["b"], ["c"], ["*"]):
        words = [word for glob in globs for word in ("--tensor", glob)]
        assert metadata("run.cz", *words) is None


SAFETENSORS = [
    "BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ",
    "F8_E5M2FNUZ", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64",
]  # fmt: skip
BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8}


def test_every_type_that_safetensors_has_goes_through(run: Run) -> None:
    header: dict[str, object] = {}
    at = 0
    for dtype in SAFETENSORS:
        width = BITS.get(dtype) or int(dtype.lstrip("BFIUC").split("_")[0])
        header[dtype] = entry(dtype, [8], at, at + width)
        at += width
    file = safetensors_file(header, (bytes(range(256)) * 3)[:at])
    Path("model").write_bytes(file)
    run("compress", "model")

    for path in ("model", "model.cz"):
        written = run("cat", path, "--tensor", "*").stdout
        assert content(written) == content(file)
        assert run("cat", path, "--tensor", "F4", "--format", "raw").stdout == file[-at + 8 :][:4]


@pytest.mark.parametrize(
    "words",
    ["--tensor t0 --range 0:1", "--format raw", "-f", "--tensor t0 --format pt"],
)
def test_options_that_mean_nothing_together_are_refused(run: Run, words: str, model: bytes) -> None:
    run("cat", "model.cz", *words.split(), code=2)


def test_only_what_holds_tensors_is_listed(run: Run) -> None:
    Path("run").mkdir()
    Path("run/a").write_text(json.dumps({"t0": 1}))
    Path("run/b").write_bytes(tensors(I8))
    run("compress", "run")

    assert run("list", "--tensors", "run.cz").stdout.startswith(b"run/b:\n")
    assert run("list", "--tensors", "-l", "run.cz", code=2).stdout == b""


EMPTY = {
    "safetensors": tensors(),
    "metadata": safetensors_file({"__metadata__": {"format": "pt"}}),
    "gguf": gguf_file([pair("layers", 4, bytes(4))], [], b""),
    "pt": checkpoint(mapping({"step": number(3)}), {}),
    "npy": npy_file("{'descr': '<U4', 'fortran_order': False, 'shape': (2,), }", bytes(32)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_file_of_no_tensors_lists_none_packed_or_not(run: Run, name: str) -> None:
    Path(name).write_bytes(EMPTY[name])
    run("compress", name)

    for path in (name, f"{name}.cz"):
        listed = run("list", "--tensors", path)
        assert listed.stdout == b""
        assert b"no tensors that are known" in listed.stderr
        assert b"no tensor matches" in run("cat", path, "--tensor", "*", code=1).stderr


def named(*names: str) -> bytes:
    """Return a file of a tensor of each of these names, of one byte: its number."""
    head = {
        name: {"dtype": "U8", "shape": [1], "data_offsets": [at, at + 1]}
        for at, name in enumerate(names)
    }
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + bytes(range(len(names)))


def test_a_name_that_a_tensor_has_is_no_pattern(run: Run) -> None:
    Path("model").write_bytes(named("w", "w*", "w[0]", "w0", "b?"))
    run("compress", "model")

    def raw(*globs: str) -> bytes:
        words = [word for glob in globs for word in ("--tensor", glob)]
        return run("cat", "model.cz", "--format", "raw", *words).stdout

    assert raw("w*") == b"\1"
    assert raw("w[0]") == b"\2"
    assert raw("w[0-9]") == b"\3"
    assert raw("w*", "w[0-9]") == b"\1\3"
    assert raw("b*") == b"\4"
    assert raw("*") == bytes(range(5))


def test_a_file_of_tensors_is_looked_into_as_it_is(run: Run, model: bytes) -> None:
    packed = run("list", "--tensors", "model.cz").stdout
    every = run("cat", "model.cz", "--tensor", "*").stdout

    assert run("list", "--tensors", "model").stdout == packed
    assert run("cat", "model", "--tensor", "*").stdout == every
    assert run("cat", "model", "--tensor", "t1", "--format", "raw").stdout == BF16[1]
    assert b"for archives" in run("cat", "model", "m", "--tensor", "t1", code=2).stderr
    assert b"for archives" in run("list", "--tensors", "--at", "1", "model", code=2).stderr
    Path("text").write_text("no tensors")
    assert b"not a .cz archive" in run("cat", "text", "--tensor", "t1", code=1).stderr
    Path("broken").write_bytes(model[:-1])
    assert b"can't be told" in run("list", "--tensors", "broken", code=4).stderr
