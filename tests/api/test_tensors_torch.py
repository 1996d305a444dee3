"""Tensors of torch, beside what safetensors.torch, torch.load and transformers make of the same files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import compressor
import compressor.torch
from tests.api.tensorfiles import packed
from tests.tensors.files import entry, safetensors_file

pytestmark = pytest.mark.filterwarnings("ignore")  # of libraries that are not ours

Library = Callable[[str], Any]
NAMES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16",
    "bfloat16", "float32", "float64", "complex64", "float8_e4m3fn", "float8_e5m2",
]  # fmt: skip


@pytest.fixture(scope="module")
def torch(library: Library) -> Any:
    return library("torch")


def tensors(torch: Any) -> dict[str, Any]:
    torch.manual_seed(4)
    drawn = {name: torch.randn(40, 30).to(getattr(torch, name)) for name in NAMES}
    weights = torch.randn(700, 900).to(torch.bfloat16)
    more = {"weights": weights, "scalar": torch.tensor(1.5), "none": torch.zeros(3, 0)}
    return drawn | more | {"steps": torch.arange(60_000).reshape(6, 100, 100)}


def same(torch: Any, got: Any, expected: Any) -> bool:
    if (got.dtype, got.shape, got.device) != (expected.dtype, expected.shape, expected.device):
        return False
    flat = [one.contiguous().reshape(-1).view(torch.uint8) for one in (got, expected)]
    return bool(torch.equal(*flat))


@pytest.fixture
def files(torch: Any, tmp_path: Path) -> list[Path]:
    """Return the tensors as a plain file and as an archive."""
    from safetensors.torch import save_file

    save_file(tensors(torch), tmp_path / "model.safetensors", {"made": "here"})
    content = (tmp_path / "model.safetensors").read_bytes()
    return [tmp_path / "model.safetensors", packed(tmp_path, {"m.safetensors": content})]


def test_load_file_gives_what_safetensors_does(torch: Any, files: list[Path]) -> None:
    from safetensors.torch import load_file

    expected = load_file(files[0])

    for file in files:
        loaded = compressor.torch.load_file(file)
        assert set(loaded) == set(expected)
        assert all(same(torch, loaded[name], expected[name]) for name in expected)
        assert all(one.is_contiguous() for one in loaded.values())


def test_tensors_and_slices_are_those_of_safetensors(torch: Any, files: list[Path]) -> None:
    from safetensors import safe_open

    with safe_open(files[0], "pt") as theirs:
        for file in files:
            with compressor.safe_open(file, framework="pt", device="cpu") as ours:
                assert ours.keys() == theirs.keys()
                assert ours.metadata() == theirs.metadata()
                for name in theirs.keys():  # noqa: SIM118
                    assert same(torch, ours.get_tensor(name), theirs.get_tensor(name))
                one, other = ours.get_slice("steps"), theirs.get_slice("steps")
                for index in [0, slice(1, 4), (slice(2, 3), 5), (..., slice(0, 9, 2)), ...]:
                    assert same(torch, one[index], other[index])


def test_tensors_can_be_trained_on(torch: Any, files: list[Path]) -> None:
    weights = compressor.torch.load_file(files[1])["float32"].requires_grad_()

    (weights * 2).sum().backward()

    assert bool((weights.grad == 2).all())


def test_another_device_gets_copies(torch: Any, files: list[Path]) -> None:
    loaded = compressor.torch.load_file(files[1], device="meta")

    assert {one.device.type for one in loaded.values()} == {"meta"}
    assert loaded["weights"].shape == (700, 900)


def test_a_checkpoint_of_torch_is_what_torch_loads(torch: Any, tmp_path: Path) -> None:
    base = torch.randn(300, 400)
    state = {"model": tensors(torch), "turned": base.T, "part": base[10:20], "tied": base}
    torch.save(state, tmp_path / "x.pt")
    path = packed(tmp_path, {"x.pt": (tmp_path / "x.pt").read_bytes()})
    expected = torch.load(tmp_path / "x.pt")
    flat = {f"model.{name}": one for name, one in expected.pop("model").items()} | expected

    for file in (tmp_path / "x.pt", path):
        loaded = compressor.torch.load_file(file)
        assert set(loaded) == set(flat)
        assert all(same(torch, loaded[name], flat[name]) for name in flat)
        assert loaded["turned"].stride() == (1, 400)
        loaded["tied"][10] = 5
        assert bool((loaded["part"][0] == 5).all())


def test_numbers_of_the_other_order_are_turned(torch: Any, tmp_path: Path) -> None:
    import numpy as np

    numbers = np.arange(12.0).reshape(3, 4)
    for dtype in (">f8", ">c16", ">i2"):
        np.save(tmp_path / "x.npy", numbers.astype(dtype))
        (got,) = compressor.torch.load_file(tmp_path / "x.npy").values()
        assert (got.numpy() == numbers).all()


def test_a_type_that_torch_lacks_is_named(torch: Any, tmp_path: Path) -> None:
    from tests.tensors.files import gguf_file, info

    file = gguf_file([], [info("q", [32], 8, 0)], bytes(34))
    (tmp_path / "x.gguf").write_bytes(file)

    with pytest.raises(compressor.UnsupportedError, match="'q' is of type Q8_0: torch has no"):
        compressor.torch.load_file(tmp_path / "x.gguf")


def test_small_types_are_what_safetensors_makes_of_them(torch: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    types = {"F4": "float4_e2m1fn_x2", "F8_E4M3FNUZ": "float8_e4m3fnuz"}
    types |= {"F8_E5M2FNUZ": "float8_e5m2fnuz", "F8_E8M0": "float8_e8m0fnu"}
    known = [dtype for dtype, name in types.items() if hasattr(torch, name)]
    header, at = {}, 0
    for dtype in known:
        size = 12 if dtype == "F4" else 24
        header[dtype] = entry(dtype, [4, 6], at, at + size)
        at += size
    content = safetensors_file(header, bytes(range(at)))
    (tmp_path / "x").write_bytes(content)
    expected = load_file(tmp_path / "x")

    for file in (tmp_path / "x", packed(tmp_path, {"x.safetensors": content})):
        loaded = compressor.torch.load_file(file)
        assert all(same(torch, loaded[dtype], expected[dtype]) for dtype in known)
        for dtype in known:
            bits = compressor.safe_open(file, "pt").get_slice(dtype)[1:3, 1:].view(torch.uint8)
            assert torch.equal(bits, expected[dtype].view(torch.uint8)[1:3, 1:])


def test_half_a_pair_is_refused(torch: Any, tmp_path: Path) -> None:
    if not hasattr(torch, "float4_e2m1fn_x2"):
        pytest.skip("this torch has no F4")
    (tmp_path / "x").write_bytes(safetensors_file({"w": entry("F4", [4, 3], 0, 6)}, bytes(6)))

    with pytest.raises(compressor.UnsupportedError, match="'w' has 3 in a row"):
        compressor.torch.load_file(tmp_path / "x")


def test_without_torch_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)

    with pytest.raises(compressor.UnsupportedError, match="need torch: pip install torch"):
        compressor.torch.load_file(tmp_path / "x")


def test_a_data_loader_reads_in_processes(torch: Any, files: list[Path]) -> None:
    rows = _Rows(compressor.safe_open(files[1], "pt"))
    expected = tensors(torch)["weights"]

    for context in ("fork", "spawn"):
        loader = torch.utils.data.DataLoader(
            rows, batch_size=70, num_workers=2, multiprocessing_context=context
        )
        assert same(torch, torch.cat(list(loader)), expected)


class _Rows:
    """A data set: the rows of one tensor."""

    def __init__(self, opened: Any) -> None:
        self.part = opened.get_slice("weights")

    def __len__(self) -> int:
        return int(self.part.get_shape()[0])

    def __getitem__(self, row: int) -> Any:
        return self.part[row]


def test_transformers_loads_a_model_from_a_restored_folder(
    torch: Any, library: Library, tmp_path: Path
) -> None:
    transformers = library("transformers")
    config = transformers.BertConfig(
        vocab_size=300,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
    )
    torch.manual_seed(1)
    model = transformers.BertModel(config).to(torch.bfloat16).eval()
    model.save_pretrained(tmp_path / "model")
    compressor.pack(tmp_path / "model", tmp_path / "model.cz")
    words = torch.tensor([[5, 8, 299]])
    expected = model(words).last_hidden_state

    with compressor.Archive(tmp_path / "model.cz") as archive:
        archive.extract(tmp_path / "restored")
    again = transformers.BertModel.from_pretrained(
        tmp_path / "restored/model", dtype=torch.bfloat16
    ).eval()
    direct = transformers.BertModel(config).to(torch.bfloat16).eval()
    direct.load_state_dict(compressor.torch.load_file(tmp_path / "model.cz"))

    assert torch.equal(again(words).last_hidden_state, expected)
    assert torch.equal(direct(words).last_hidden_state, expected)
