"""PyTorch's checkpoints: tensors get the names, places and shapes that the pickle tells; liars are opaque."""

import struct

import pytest

from compressor.tensors.segments import Tensor
from tests.tensors.checkpoints import (
    EMPTY_HOOKS,
    checkpoint,
    imported,
    mapping,
    number,
    numbers,
    storage,
    string,
    tensor,
)
from tests.tensors.files import looked, typed, zipped

SIX = struct.pack("<6f", *range(6))


def of(data: bytes, found: Tensor) -> bytes:
    return data[found.start : found.start + found.size]


def test_names_are_ways_through_dicts_and_lists() -> None:
    first, second = tensor(storage("0", 6), [2, 3]), tensor(storage("1", 6), [6])
    value = mapping(
        {"model": mapping({"a.weight": first}), "state": b"](}(K\x03" + second + b"u" + b"e"}
    )
    data = checkpoint(value, {"0": SIX, "1": SIX[::-1]})

    sniffed = looked(data)

    assert sniffed.format == "torch"
    assert [found.name for found in sniffed.tensors] == ["model.a.weight", "state.0.3"]
    assert [of(data, found) for found in sniffed.tensors] == [SIX, SIX[::-1]]
    assert [segment[2:] for segment in typed(sniffed)] == [
        ("F32", (2, 3), "model.a.weight"),
        ("F32", (6,), "state.0.3"),
    ]


def test_tensors_that_share_a_storage_are_one_segment() -> None:
    whole = tensor(storage("0", 6), [2, 3])
    part = tensor(storage("0", 6), [2], offset=1)
    turned = tensor(storage("0", 6), [3, 2], strides=[1, 3])
    data = checkpoint(mapping({"part": part, "whole": whole, "turned": turned}), {"0": SIX})

    sniffed = looked(data)

    part_found, whole_found, turned_found = sniffed.tensors
    assert of(data, part_found) == SIX[4:12]
    assert whole_found.start == turned_found.start
    assert turned_found.strides == (1, 3)
    assert [segment[3:] for segment in typed(sniffed)] == [((2, 3), "whole")]


def test_a_turned_tensor_lies_in_its_own_order() -> None:
    value = tensor(storage("0", 6), [2, 1, 3], strides=[1, 9, 2])

    sniffed = looked(checkpoint(value, {"0": SIX}))

    assert typed(sniffed)[0][3:] == ((1, 3, 2), None)


def test_a_storage_of_which_tensors_see_parts_has_no_name() -> None:
    value = mapping(
        {"a": tensor(storage("0", 6), [2]), "b": tensor(storage("0", 6), [2], offset=2)}
    )

    assert typed(looked(checkpoint(value, {"0": SIX})))[0][1:] == (24, "F32", (6,), None)


def test_one_tensor_under_two_names_is_two_in_the_table() -> None:
    value = mapping({"a": tensor(storage("0", 6), [6]) + b"q\x01", "b": b"h\x01"})

    assert [found.name for found in looked(checkpoint(value, {"0": SIX})).tensors] == ["a", "b"]


def test_a_newer_type_is_told_by_the_tensor() -> None:
    made = tensor(storage("0", 24, "torch.storage.UntypedStorage"), [8, 3], dtype="float8_e4m3fn")

    assert typed(looked(checkpoint(made, {"0": SIX})))[0][2:4] == ("F8_E4M3", (8, 3))


def test_a_storage_is_opaque_where_not_all_its_tensors_have_one_known_type() -> None:
    untyped = storage("0", 24, "torch.storage.UntypedStorage")
    known, unknown, other = (
        tensor(untyped, [2], dtype=dtype) for dtype in ("float8_e5m2", "bits8", "uint16")
    )

    for values in ({"a": known, "b": unknown}, {"a": known, "b": other}):
        sniffed = looked(checkpoint(mapping(values), {"0": SIX}))
        assert typed(sniffed) == []
        assert sniffed.tensors[0].dtype == "F8_E5M2"


@pytest.mark.parametrize(
    ("kind", "width", "dtype"),
    [("BFloat16", 2, "BF16"), ("Half", 2, "F16"), ("Long", 8, "I64"), ("Bool", 1, "BOOL")],
)
def test_a_storage_tells_its_type(kind: str, width: int, dtype: str) -> None:
    made = tensor(storage("0", 24 // width, f"torch.{kind}Storage"), [24 // width])

    assert typed(looked(checkpoint(made, {"0": SIX})))[0][2] == dtype


def test_the_other_byte_order_is_noted() -> None:
    made = mapping(
        {
            "a": tensor(storage("0", 6), [6]),
            "b": tensor(storage("1", 3, "torch.ByteStorage"), [3]),
        }
    )
    data = checkpoint(made, {"0": SIX, "1": b"123"}, byteorder=b"big")

    assert [segment[2] for segment in typed(looked(data))] == ["F32_BE", "U8"]


def test_an_empty_tensor_is_in_the_table_alone() -> None:
    sniffed = looked(checkpoint(tensor(storage("0", 0), [0, 4]), {"0": b""}))

    assert [(found.shape, found.size) for found in sniffed.tensors] == [((0, 4), 0)]
    assert typed(sniffed) == []


def test_a_parameter_is_its_tensor_and_a_module_hides_how_it_keeps_them() -> None:
    parameter = imported("torch._utils._rebuild_parameter")
    parameter += b"(" + tensor(storage("0", 6), [6]) + b"\x88" + EMPTY_HOOKS + b"tR"
    module = imported("torch.nn.modules.linear.Linear") + b")\x81"
    module += mapping({"training": b"\x88", "_parameters": mapping({"weight": parameter})}) + b"b"

    sniffed = looked(checkpoint(mapping({"fc": module}), {"0": SIX}))

    assert [found.name for found in sniffed.tensors] == ["fc.weight"]


def test_a_tensor_with_attributes_is_a_tensor() -> None:
    whole = tensor(storage("0", 6), [6])
    function = imported("torch._utils._rebuild_tensor_v2")
    arguments = whole.removeprefix(function).removesuffix(b"R")
    value = imported("torch._tensor._rebuild_from_type_v2")
    value += b"(" + function + imported("torch.Tensor") + arguments + b"}tR"

    assert typed(looked(checkpoint(value, {"0": SIX})))[0][2:] == ("F32", (6,), None)


def test_a_tensor_with_attributes_and_without_arguments_is_passed_over() -> None:
    value = imported("torch._tensor._rebuild_from_type_v2")
    value += b"(" + imported("torch._utils._rebuild_tensor_v2") + b"NNNtR"

    sniffed = looked(checkpoint(mapping({"a": value, "b": GOOD}), {"0": SIX}))

    assert [found.name for found in sniffed.tensors] == ["b"]


def test_what_is_not_known_is_passed_over() -> None:
    quantised = tensor(storage("1", 3, "torch.QInt8Storage"), [3])
    conjugate = tensor(storage("2", 6), [6], more=mapping({"conj": b"\x88"}))
    value = mapping({"a": tensor(storage("0", 6), [6]), "q": quantised, "c": conjugate})
    data = checkpoint(value, {"0": SIX, "1": b"123", "2": SIX})

    assert [found.name for found in looked(data).tensors] == ["a"]


def test_no_metadata_is_as_good_as_none() -> None:
    assert looked(checkpoint(tensor(storage("0", 6), [6], more=b"N"), {"0": SIX})).tensors


def test_a_pickle_deeper_in_the_zip_is_another_matter() -> None:
    sniffed = looked(checkpoint(GOOD, {"0": SIX}, **{"extra/data.pkl": b"N."}))

    assert sniffed.format == "torch"


def test_a_parameter_of_nothing_is_passed_over() -> None:
    nothing = imported("torch._utils._rebuild_parameter") + b")R"
    sniffed = looked(checkpoint(mapping({"a": nothing, "b": GOOD}), {"0": SIX}))

    assert [found.name for found in sniffed.tensors] == ["b"]


def test_nothing_is_run(capfd: pytest.CaptureFixture[str]) -> None:
    call = imported("os.system") + b"(" + string("echo ran") + b"tR"

    sniffed = looked(
        checkpoint(mapping({"x": call, "a": tensor(storage("0", 6), [6])}), {"0": SIX})
    )

    assert [found.name for found in sniffed.tensors] == ["a"]
    assert capfd.readouterr().out == ""


GOOD = tensor(storage("0", 6), [6])
LIARS = {
    "beyond the storage": (tensor(storage("0", 6), [7]), "end of its storage"),
    "far offset": (tensor(storage("0", 6), [1], offset=2**62), "end of its storage"),
    "far stride": (tensor(storage("0", 6), [2], strides=[6]), "end of its storage"),
    "negative offset": (tensor(storage("0", 6), [1], offset=-1), "shape is none"),
    "negative stride": (tensor(storage("0", 6), [1], strides=[-1]), "shape is none"),
    "negative dimension": (tensor(storage("0", 6), [-6]), "shape is none"),
    "a stride too few": (tensor(storage("0", 6), [2, 3], strides=[1]), "shape is none"),
    "many dimensions": (tensor(storage("0", 6), [1] * 65), "shape is none"),
    "a longer storage": (tensor(storage("0", 7), [6]), "not that of its type"),
    "another type": (tensor(storage("0", 6, "torch.HalfStorage"), [6]), "not that of its type"),
    "two types": (b"(" + GOOD + tensor(storage("0", 6, "torch.IntStorage"), [6]) + b"t", "two things"),
    "two lengths": (b"(" + GOOD + tensor(storage("0", 5), [5]) + b"t", "two things"),
    "no such storage": (tensor(storage("1", 6), [6]), "missing"),
    "a storage that climbs": (tensor(storage("../data.pkl", 6), [6]), "missing"),
    "no storage": (tensor(b"N", [6]), "something else than a storage"),
    "a storage without a name": (
        tensor(b"(" + string("storage") + b"NNNNtQ", [6]), "something else than a storage",
    ),
    "a type that is none": (
        tensor(storage("0", 6), [6], dtype="x").replace(imported("torch.x"), b"N"), "something else",
    ),
    "a storage of no class": (
        tensor(b"(" + b"".join(map(string, ("storage", "torch.FloatStorage", "0", "cpu"))) + b"K\x06tQ", [6]),
        "something else than a storage",
    ),
    "a storage of no length": (
        tensor(storage("0", -6), [6]), "something else than a storage",
    ),
    "too few arguments": (imported("torch._utils._rebuild_tensor_v2") + b")R", "something else"),
    "a shape that is no tuple": (
        imported("torch._utils._rebuild_tensor_v2") + b"(" + storage("0", 6) + number(0) + number(6)
        + numbers([1]) + b"tR",
        "shape is none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIARS)
def test_a_pickle_that_lies_makes_all_opaque(name: str) -> None:
    value, rule = LIARS[name]

    sniffed = looked(checkpoint(value, {"0": SIX}))

    assert sniffed.format == ""
    assert rule in sniffed.problem


def test_a_byte_order_that_is_none_makes_all_opaque() -> None:
    sniffed = looked(checkpoint(GOOD, {"0": SIX}, byteorder=b"middle"))

    assert "byte order" in sniffed.problem


def test_a_large_pickle_is_not_read() -> None:
    sniffed = looked(zipped({"run/data.pkl": bytes(17 << 20)}))

    assert "too large" in sniffed.problem


def test_a_zip_of_two_checkpoints_is_no_checkpoint() -> None:
    sniffed = looked(zipped({"a/data.pkl": b"N.", "b/data.pkl": b"N."}))

    assert (sniffed.format, sniffed.problem) == ("", "")


def test_a_checkpoint_without_zip_is_opaque() -> None:
    legacy = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."

    assert looked(legacy).format == ""
