"""Tensors by name, beside what safetensors' own package and numpy say."""

import contextlib
import copy
import fcntl
import io
import json
import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy

import compressor
import compressor.numpy
from compressor.api.numpyarrays import Numpy
from tests.api.tensorfiles import BF16, DRAWN, model, normal, packed, same
from tests.tensors.checkpoints import checkpoint, mapping, storage, tensor
from tests.tensors.files import gguf_file, info, npy_file, pair, safetensors_file

INDICES = [
    "[:]",
    "[0]",
    "[-1]",
    "[2]",
    "[...]",
    "[()]",
    "[1:3]",
    "[2:2]",
    "[::2]",
    "[5:0]",
    "[-2:]",
    "[..., 0]",
    "[:, 7:90:3]",
    "[1, ..., 2:5]",
    "[0, 5]",
    "[0:100]",
]


@pytest.fixture(scope="module")
def arrays() -> dict[str, Any]:
    return model()


@pytest.fixture(scope="module", params=["plain", "archive", "stream"])
def file(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, Any]
) -> Path:
    """Return the model as a plain file, as a member of an archive, as an archive that is one stream."""
    folder = tmp_path_factory.mktemp(request.param)
    content = safetensors.numpy.save(arrays, {"made": "here"})
    (folder / "model.safetensors").write_bytes(content)
    if request.param == "plain":
        return folder / "model.safetensors"
    if request.param == "archive":
        return packed(folder, {"run/model.safetensors": content, "run/notes.txt": b"words"})
    (folder / "stream.cz").write_bytes(compressor.compress(content, block_size=100_000))
    return folder / "stream.cz"


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, Any]) -> Any:
    path = tmp_path_factory.mktemp("oracle") / "model.safetensors"
    safetensors.numpy.save_file(arrays, path, {"made": "here"})
    with safetensors.safe_open(path, "np") as opened:
        yield opened


def test_names_and_metadata_are_those_that_safetensors_gives(file: Path, oracle: Any) -> None:
    with compressor.safe_open(file, framework="np") as opened:
        assert opened.keys() == oracle.keys()
        assert opened.offset_keys() == oracle.offset_keys()
        assert opened.metadata() == oracle.metadata() == {"made": "here"}


def test_every_tensor_is_the_one_that_safetensors_gives(file: Path, oracle: Any) -> None:
    with compressor.safe_open(file, "np") as opened:
        for name in oracle.keys():  # noqa: SIM118  it is no dict
            array = opened.get_tensor(name)
            assert same(array, oracle.get_tensor(name)), name
            assert array.flags.writeable


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_load_file_gives_what_safetensors_does(
    file: Path, arrays: dict[str, Any], threads: int
) -> None:
    loaded = compressor.numpy.load_file(file, threads=threads)

    assert set(loaded) == set(arrays)
    assert all(same(loaded[name], arrays[name]) for name in arrays)


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("name", ["steps", "embed"])
def test_a_slice_is_the_one_of_the_array(
    file: Path, arrays: dict[str, Any], name: str, index: str
) -> None:
    with compressor.safe_open(file, "np") as opened:
        part = opened.get_slice(name)
        got, expected = (eval(f"it{index}", {"it": it}) for it in (part, arrays[name]))

    assert part.get_shape() == list(arrays[name].shape)
    assert same(got, expected)


def test_a_slice_owns_no_more_than_itself(file: Path) -> None:
    with compressor.safe_open(file, "np") as opened:
        column = opened.get_slice("layer.weight")[:, :2]

    assert column.flags.c_contiguous
    assert column.base is None


def test_types_have_the_names_that_safetensors_gives(file: Path, oracle: Any) -> None:
    with compressor.safe_open(file, "np") as opened:
        for name in oracle.keys():  # noqa: SIM118
            ours, theirs = opened.get_slice(name), oracle.get_slice(name)
            assert (ours.get_dtype(), ours.get_shape()) == (theirs.get_dtype(), theirs.get_shape())


def test_a_name_that_is_not_there_is_a_key_error(file: Path) -> None:
    with compressor.safe_open(file, "np") as opened:
        with pytest.raises(compressor.MemberNotFoundError, match="no tensor named 'nope'"):
            opened.get_tensor("nope")
        with pytest.raises(KeyError):
            opened.get_slice("nope")


def test_an_index_that_does_not_fit_is_an_index_error(file: Path) -> None:
    with compressor.safe_open(file, "np") as opened, pytest.raises(IndexError, match="dimension"):
        opened.get_slice("steps")[7]


def test_a_closed_file_says_so(file: Path) -> None:
    with compressor.safe_open(file, "np") as opened:
        part = opened.get_slice("steps")

    with pytest.raises(compressor.UsageError, match="was closed"):
        opened.get_tensor("steps")
    with pytest.raises(compressor.UsageError, match="was closed"):
        part[0]


# Types


def test_bf16_and_fp8_are_types_of_ml_dtypes(tmp_path: Path) -> None:
    names = {
        "BF16": "bfloat16",
        "F8_E4M3": "float8_e4m3fn",
        "F8_E5M2": "float8_e5m2",
        "F8_E8M0": "float8_e8m0fnu",
    }
    data = DRAWN.integers(0, 256, 8000).astype(np.uint8).tobytes()
    header = {
        dtype: {"dtype": dtype, "shape": [len(part)], "data_offsets": [0, 0]}
        for dtype, part in zip(names, [range(1000), *[range(2000)] * 3], strict=True)
    }
    for number, entry in enumerate(header.values()):
        entry["data_offsets"] = [2000 * number, 2000 * (number + 1)]
    (tmp_path / "x").write_bytes(safetensors_file(header, data))

    loaded = compressor.numpy.load_file(tmp_path / "x")

    for number, (dtype, name) in enumerate(names.items()):
        assert loaded[dtype].dtype == getattr(ml_dtypes, name)
        assert loaded[dtype].tobytes() == data[2000 * number : 2000 * (number + 1)]


def test_bf16_blocks_are_decoded_into_their_array(tmp_path: Path) -> None:
    weights = normal((1500, 999), BF16)
    header = {"w": {"dtype": "BF16", "shape": [1500, 999], "data_offsets": [0, weights.nbytes]}}
    path = packed(tmp_path, {"m": safetensors_file(header, weights.tobytes())})

    assert b"floatsplit" in path.read_bytes()
    assert same(compressor.numpy.load_file(path)["w"], weights)
    with compressor.safe_open(path, "np") as opened:
        assert same(opened.get_slice("w")[700:1100, ::5], weights[700:1100, ::5])


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("numpy", "arrays need numpy: pip install"),
        ("ml_dtypes", "numpy needs ml_dtypes for it: pip"),
    ],
)
def test_what_is_missing_is_said_once_and_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, words: str
) -> None:
    header = {"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}
    (tmp_path / "x").write_bytes(safetensors_file(header, bytes(4)))
    monkeypatch.setitem(__import__("sys").modules, module, None)

    with pytest.raises(compressor.UnsupportedError, match=words):
        compressor.numpy.load_file(tmp_path / "x")


# Formats


def test_npy_keeps_its_order_of_indices_and_of_bytes(tmp_path: Path) -> None:
    for array in (
        np.asfortranarray(normal((300, 200))),
        normal((300, 200)).astype(">f4"),
        np.array(2.5),
        normal((4, 5, 6), np.complex128),
    ):
        buffer = io.BytesIO()
        np.save(buffer, array)
        (tmp_path / "x.npy").write_bytes(buffer.getvalue())
        (tmp_path / "x.cz").write_bytes(compressor.compress(buffer.getvalue()))
        expected = np.load(tmp_path / "x.npy")

        for file in ("x.npy", "x.cz"):
            (got,) = compressor.numpy.load_file(tmp_path / file).values()
            assert same(got, expected)
            assert got.strides == expected.strides


def test_a_slice_of_a_fortran_array_is_right_and_compact(tmp_path: Path) -> None:
    array = np.asfortranarray(normal((300, 200, 3)))
    np.save(tmp_path / "x.npy", array)

    with compressor.safe_open(tmp_path / "x.npy", "np") as opened:
        part = opened.get_slice("")

        assert same(part[10:20, 3], array[10:20, 3])
        assert same(part[5:], array[5:])
        assert part[5:].base is None


def test_npz_has_its_arrays_by_name(tmp_path: Path) -> None:
    arrays = {"a": normal((10, 20)), "b": np.arange(5)}
    np.savez(tmp_path / "x.npz", **arrays)

    loaded = compressor.numpy.load_file(packed(tmp_path, {"x": (tmp_path / "x.npz").read_bytes()}))

    assert set(loaded) == set(arrays)
    assert all(same(loaded[name], arrays[name]) for name in arrays)


def test_gguf_has_arrays_where_numpy_has_the_type(tmp_path: Path) -> None:
    weights = normal((4, 8))
    file = gguf_file(
        [pair("general.name", 8, struct.pack("<Q", 4) + b"tiny")],
        [info("w", [8, 4], 0, 0), info("q", [32], 8, 128)],
        weights.tobytes() + bytes(34),
    )
    (tmp_path / "x.gguf").write_bytes(file)

    with compressor.safe_open(tmp_path / "x.gguf", "np") as opened:
        assert opened.metadata() == {"general.name": "tiny"}
        assert same(opened.get_tensor("w"), weights)
        assert opened.get_slice("q").get_dtype() == "Q8_0"
        with pytest.raises(compressor.UnsupportedError, match="'q' is of type Q8_0: numpy has no"):
            opened.get_tensor("q")
        with pytest.raises(compressor.UnsupportedError, match="'q'"):
            opened.get_tensors()


def test_views_of_one_storage_share_memory_as_in_torch(tmp_path: Path) -> None:
    data = normal((6, 50))
    of = storage("0", 300)
    value = mapping(
        {
            "all": tensor(of, [6, 50]),
            "turned": tensor(of, [50, 6], strides=[1, 50]),
            "row": tensor(of, [50], offset=100),
            "wide": tensor(of, [4, 50], offset=50, strides=[0, 1]),
        }
    )
    path = packed(tmp_path, {"x.pt": checkpoint(value, {"0": data.tobytes()})})

    loaded = compressor.numpy.load_file(path)

    assert same(loaded["all"], data)
    np.testing.assert_array_equal(loaded["turned"], data.T)
    np.testing.assert_array_equal(loaded["row"], data[2])
    np.testing.assert_array_equal(loaded["wide"], np.broadcast_to(data[1], (4, 50)))
    loaded["all"][2] = 7
    assert (loaded["row"] == 7).all()


def test_bytes_of_the_other_order_are_the_same_numbers(tmp_path: Path) -> None:
    data = normal((100,), BF16)
    value = mapping({"w": tensor(storage("0", 100, "torch.BFloat16Storage"), [100])})
    swapped = data.view(np.uint16).byteswap().tobytes()
    (tmp_path / "x.pt").write_bytes(checkpoint(value, {"0": swapped}, byteorder=b"big"))

    assert same(compressor.numpy.load_file(tmp_path / "x.pt")["w"], data)


def used(_: Numpy, size: int) -> tuple[Any, memoryview]:
    """Return memory that held something before."""
    buffer = np.full(size, 0x55, np.uint8)
    return buffer, memoryview(buffer)


def test_a_hole_is_zeros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 12 << 20
    header = {"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    head = safetensors_file(header)
    (tmp_path / "in").mkdir()
    with (tmp_path / "in/x").open("wb") as sparse:
        sparse.write(head)
        sparse.seek(len(head) + size - 4)
        sparse.write(struct.pack("<f", 2.0))
    compressor.pack(tmp_path / "in/x", tmp_path / "x.cz")

    monkeypatch.setattr(Numpy, "buffer", used)
    loaded = compressor.numpy.load_file(tmp_path / "x.cz")["w"]

    assert (tmp_path / "x.cz").stat().st_size < 100_000
    assert not loaded[:-1].any()
    assert loaded[-1] == 2.0


def test_tensors_whose_content_is_stored_once_are_both_there(tmp_path: Path) -> None:
    one = normal((512, 1024))
    path = packed(tmp_path, {"m": safetensors.numpy.save({"a": one, "b": one, "c": one[:100]})})

    loaded = compressor.numpy.load_file(path)

    assert path.stat().st_size < 1.2 * one.nbytes
    assert same(loaded["a"], one)
    assert same(loaded["b"], one)
    assert not np.shares_memory(loaded["a"], loaded["b"])


# Members and versions


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    files = {f"run/{n}.safetensors": safetensors.numpy.save({"w": normal((n,))}) for n in (3, 4)}
    return packed(tmp_path, files | {"run/config.json": b"{}"})


def test_of_several_members_one_is_named(shards: Path) -> None:
    with pytest.raises(compressor.UsageError, match=r"'run/3.safetensors', 'run/4.safetensors'$"):
        compressor.numpy.load_file(shards)

    assert compressor.numpy.load_file(shards, member="run/4.safetensors")["w"].shape == (4,)


def test_a_member_without_tensors_or_that_is_not_there_is_refused(shards: Path) -> None:
    with pytest.raises(compressor.UnsupportedError, match=r"'run/config.json' holds no tensors"):
        compressor.safe_open(shards, "np", member="run/config.json")
    with pytest.raises(compressor.MemberNotFoundError, match="nope"):
        compressor.safe_open(shards, "np", member="nope")
    with pytest.raises(compressor.CompressorError, match="'run' is a folder"):
        compressor.safe_open(shards, "np", member="run")


def test_an_older_version_is_read_by_its_number(tmp_path: Path) -> None:
    path = packed(tmp_path, {"run/m": safetensors.numpy.save({"w": normal((3,))})})
    (tmp_path / "in/run/m").write_bytes(safetensors.numpy.save({"w": normal((5,))}))
    compressor.append(path, tmp_path / "in/run")

    assert compressor.numpy.load_file(path)["w"].shape == (5,)
    assert compressor.numpy.load_file(path, at=1)["w"].shape == (3,)
    with pytest.raises(compressor.VersionNotFoundError):
        compressor.numpy.load_file(path, at=9)


def test_while_an_append_is_under_way_the_version_before_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path, {"run/m": safetensors.numpy.save({"w": normal((3,))})})
    size = path.stat().st_size
    (tmp_path / "in/run/m").write_bytes(safetensors.numpy.save({"w": normal((50_000,))}))
    compressor.append(path, tmp_path / "in/run")
    path.write_bytes(path.read_bytes()[: size + 100_000])

    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert compressor.numpy.load_file(path)["w"].shape == (3,)


def test_a_tensor_that_is_a_difference_is_whole(tmp_path: Path) -> None:
    first = normal((300, 400), BF16)
    header = {"w": {"dtype": "BF16", "shape": [300, 400], "data_offsets": [0, first.nbytes]}}
    path = packed(tmp_path, {"run/m": safetensors_file(header, first.tobytes())})
    second = (first.view(np.uint16) ^ (DRAWN.random((300, 400)) < 0.05)).view(BF16)
    (tmp_path / "in/run/m").write_bytes(safetensors_file(header, second.tobytes()))
    stored = compressor.append(path, tmp_path / "in/run").stored

    assert stored < first.nbytes / 2
    assert same(compressor.numpy.load_file(path)["w"], second)
    assert same(compressor.numpy.load_file(path, at=1)["w"], first)


def test_a_difference_from_another_file_needs_that(tmp_path: Path) -> None:
    first = normal((300, 400), BF16)
    header = {"w": {"dtype": "BF16", "shape": [300, 400], "data_offsets": [0, first.nbytes]}}
    second = (first.view(np.uint16) ^ (DRAWN.random((300, 400)) < 0.05)).view(BF16)
    for name, array in (("a", first), ("b", second)):
        (tmp_path / name).write_bytes(safetensors_file(header, array.tobytes()))
    compressor.pack(tmp_path / "a", tmp_path / "a.cz")
    compressor.pack(tmp_path / "b", tmp_path / "b.cz", base=tmp_path / "a")

    with pytest.raises(compressor.MissingBaseError):
        compressor.numpy.load_file(tmp_path / "b.cz")
    for base in (tmp_path / "a", [tmp_path / "a.cz"]):
        assert same(compressor.numpy.load_file(tmp_path / "b.cz", base=base)["w"], second)
    with compressor.safe_open(tmp_path / "b.cz", "np", base=tmp_path / "a") as opened:
        again = copy.deepcopy(opened)  # as a pickle: it opens its path again
    assert same(again.get_tensor("w"), second)
    with compressor.Archive(tmp_path / "b.cz", base=tmp_path / "a") as archive:
        archive.test()
        assert archive.read("b") == (tmp_path / "b").read_bytes()


def test_the_last_of_archives_in_a_row_has_the_say(tmp_path: Path) -> None:
    parts = [
        compressor.compress(safetensors.numpy.save({"w": normal((size,))}), name="m")
        for size in (3, 5)
    ]
    (tmp_path / "two.cz").write_bytes(b"".join(parts))

    assert compressor.numpy.load_file(tmp_path / "two.cz")["w"].shape == (5,)


def test_a_plain_file_has_no_members(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(safetensors.numpy.save({"w": normal((3,))}))

    with pytest.raises(compressor.UsageError, match="are for archives"):
        compressor.safe_open(tmp_path / "x", "np", member="x")


# What is refused


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a few words, and no numbers at all")
    with pytest.raises(compressor.NotAnArchiveError):
        compressor.safe_open(tmp_path / "text", "np")
    with pytest.raises(compressor.UsageError, match="is no file"):
        compressor.safe_open(tmp_path, "np")
    with pytest.raises(FileNotFoundError):
        compressor.safe_open(tmp_path / "nope", "np")
    (tmp_path / "text.cz").write_bytes(compressor.compress(b"words"))
    with pytest.raises(compressor.UnsupportedError, match="no member holds tensors"):
        compressor.safe_open(tmp_path / "text.cz", "np")


def test_other_frameworks_and_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(compressor.UsageError, match="'jax' is unknown"):
        compressor.safe_open(tmp_path / "x", "jax")
    with pytest.raises(compressor.UsageError, match="no device 'cuda'"):
        compressor.safe_open(tmp_path / "x", "np", "cuda")


def test_limits_are_checked_before_memory_is_taken(tmp_path: Path) -> None:
    (tmp_path / "x.cz").write_bytes(
        compressor.compress(safetensors.numpy.save({"w": np.zeros(30_000_000, np.uint8)}))
    )
    limits = compressor.Limits(max_output=1_000_000)

    with pytest.raises(compressor.LimitError, match="exceeds 1000000 bytes"):
        compressor.numpy.load_file(tmp_path / "x.cz", limits=limits)
    with compressor.safe_open(tmp_path / "x.cz", "np", limits=limits) as opened:
        assert opened.get_slice("w")[5:500_000].shape == (499_995,)
        with pytest.raises(compressor.LimitError):
            opened.get_slice("w")[::2]


# Damage


def test_damage_names_member_and_tensor_and_costs_no_other(tmp_path: Path) -> None:
    arrays = {"a": normal((300, 300)), "b": normal((300, 300)), "c": normal((300, 300))}
    path = packed(tmp_path, {"m": safetensors.numpy.save(arrays)})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4  # in b, of three alike
    path.write_bytes(data)

    with compressor.safe_open(path, "np") as opened:
        assert same(opened.get_tensor("a"), arrays["a"])
        assert same(opened.get_tensor("c"), arrays["c"])
        with pytest.raises(compressor.DamagedError, match=r"\(member 'm', tensor 'b'\)") as caught:
            opened.get_tensor("b")
    assert (caught.value.member, caught.value.tensor) == ("m", "b")
    with pytest.raises(compressor.DamagedError, match="tensor 'b'"):
        compressor.numpy.load_file(path)


def test_whatever_bit_is_flipped_no_wrong_number_comes_out(tmp_path: Path) -> None:
    arrays = {"a": normal((200, 200)), "s": normal((7,)), "t": np.arange(90)}
    path = packed(tmp_path, {"m": safetensors.numpy.save(arrays)})
    whole = path.read_bytes()
    caught = 0

    for at in DRAWN.integers(0, len(whole), 150):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << (at & 7)
        path.write_bytes(damaged)
        try:
            loaded = compressor.numpy.load_file(path)
        except compressor.CompressorError:
            caught += 1
        else:
            assert all(same(loaded[name], arrays[name]) for name in arrays)

    assert caught > 140


def test_a_cut_plain_file_is_damaged(tmp_path: Path, arrays: dict[str, Any]) -> None:
    content = safetensors.numpy.save(arrays)
    (tmp_path / "x").write_bytes(content[:-1])

    with pytest.raises(compressor.DamagedError, match="beyond the end of the file"):
        compressor.safe_open(tmp_path / "x", "np")

    (tmp_path / "x").write_bytes(content)
    with compressor.safe_open(tmp_path / "x", "np") as opened:
        with (tmp_path / "x").open("r+b") as file:
            file.truncate(1000)
        last = opened.offset_keys()[-1]
        with pytest.raises(compressor.TruncatedError, match=f"tensor '{last}'"):
            opened.get_tensor(last)


def test_a_cut_archive_is_unfinished(tmp_path: Path) -> None:
    path = packed(tmp_path, {"m": safetensors.numpy.save({"w": normal((3,))})})
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(compressor.UnfinishedError):
        compressor.safe_open(path, "np")


def test_only_the_blocks_of_a_tensor_are_read(tmp_path: Path) -> None:
    arrays = {name: normal((500, 300)) for name in "abc"}
    path = packed(tmp_path, {"m": safetensors.numpy.save(arrays)})
    data = bytearray(path.read_bytes())
    size = len(data) // 12 * 4  # of each of them
    data[size // 4 : size * 3 // 4] = bytes(size // 2)  # of a
    data[size * 9 // 4 : size * 11 // 4] = bytes(size // 2)  # of c
    path.write_bytes(data)

    with compressor.safe_open(path, "np") as opened:
        assert same(opened.get_tensor("b"), arrays["b"])
        assert same(opened.get_slice("b")[7:9], arrays["b"][7:9])
        with pytest.raises(compressor.DamagedError):
            opened.get_slice("a")[200:210]


def test_a_copy_is_a_file_of_its_own(tmp_path: Path) -> None:
    path = packed(tmp_path, {"m": safetensors.numpy.save({"w": normal((3,))})})

    with compressor.safe_open(path, "np") as opened:
        other = copy.deepcopy(opened)

    assert other.get_tensor("w").shape == (3,)


def test_it_goes_on_when_the_file_was_replaced(tmp_path: Path) -> None:
    first, second = (safetensors.numpy.save({"w": normal((size,))}) for size in (3, 5))
    path = packed(tmp_path, {"m": first})

    with compressor.safe_open(path, "np") as opened:
        (tmp_path / "new.cz").write_bytes(compressor.compress(second))
        shutil.move(tmp_path / "new.cz", path)

        assert opened.get_tensor("w").shape == (3,)
        assert compressor.numpy.load_file(path)["w"].shape == (5,)


def test_headers_that_lie_are_refused(tmp_path: Path) -> None:
    many = json.dumps({"w": {"dtype": "F32", "shape": [1 << 60], "data_offsets": [0, 4]}})
    (tmp_path / "x").write_bytes(safetensors_file(many.encode(), bytes(4)))
    with pytest.raises(compressor.DamagedError, match="can't be told"):
        compressor.safe_open(tmp_path / "x", "np")

    (tmp_path / "y").write_bytes(
        npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904), }")
    )
    with contextlib.suppress(compressor.DamagedError):  # some of numpy's releases can't hold it
        assert not compressor.numpy.load_file(tmp_path / "y")[""].size


def test_a_tensor_that_numpy_can_not_hold_is_damage(tmp_path: Path) -> None:
    vast = tensor(storage("0", 1), [1 << 40, 1 << 40], strides=[0, 0])
    (tmp_path / "x.pt").write_bytes(checkpoint(mapping({"w": vast}), {"0": bytes(4)}))

    with pytest.raises(compressor.DamagedError, match="tensor 'w' can't be"):
        compressor.numpy.load_file(tmp_path / "x.pt")


def test_a_zip_of_something_else_is_no_file_of_tensors(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr("a.txt", "words")

    with pytest.raises(compressor.NotAnArchiveError, match="zip"):
        compressor.safe_open(tmp_path / "x.zip", "np")


def test_a_member_without_tensors_leaves_no_choice_to_make(tmp_path: Path) -> None:
    np.save(tmp_path / "texts.npy", np.array(["a", "b"]))
    path = packed(
        tmp_path,
        {"texts.npy": (tmp_path / "texts.npy").read_bytes(), "w": safetensors.numpy.save(model())},
    )

    assert set(compressor.numpy.load_file(path, member="w")) == set(model())
    with compressor.safe_open(path, "np") as file:
        assert set(file.keys()) == set(model())
    with compressor.safe_open(path, "np", member="texts.npy") as file:
        assert file.keys() == []


def test_load_file_gives_tensors_in_the_order_of_safetensors(tmp_path: Path) -> None:
    arrays = {
        name: np.full(2, 1.0, dtype)
        for name, dtype in zip("dbca", ("f4", "f8", "f2", "f8"), strict=True)
    }
    safetensors.numpy.save_file(arrays, tmp_path / "x")
    compressor.pack(tmp_path / "x", tmp_path / "x.cz")
    with safetensors.safe_open(tmp_path / "x", "np") as theirs:
        expected = theirs.offset_keys()

    for path in (tmp_path / "x", tmp_path / "x.cz"):
        assert list(compressor.numpy.load_file(path)) == expected != sorted(expected)
