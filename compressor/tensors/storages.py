"""Where the tensors of a PyTorch checkpoint lie: looks at storages, which are members of the zip."""

from msgspec import Struct

from compressor.errors import DamagedError
from compressor.tensors.dtypes import BLOCKS
from compressor.tensors.objects import Strided
from compressor.tensors.segments import Segment, Tensor

Group = list[tuple[str, Strided]]
"""All tensors of one storage, with their names."""

_UNTYPED = frozenset(["torch.storage.UntypedStorage", "torch.UntypedStorage"])
_DTYPES = {
    "torch.DoubleStorage": "F64",
    "torch.FloatStorage": "F32",
    "torch.HalfStorage": "F16",
    "torch.BFloat16Storage": "BF16",
    "torch.LongStorage": "I64",
    "torch.IntStorage": "I32",
    "torch.ShortStorage": "I16",
    "torch.CharStorage": "I8",
    "torch.ByteStorage": "U8",
    "torch.BoolStorage": "BOOL",
    "torch.ComplexFloatStorage": "C64",
    "torch.ComplexDoubleStorage": "C128",
    # Types newer than those come with an untyped storage, and each tensor tells its own.
    "torch.uint16": "U16",
    "torch.uint32": "U32",
    "torch.uint64": "U64",
    "torch.float8_e4m3fn": "F8_E4M3",
    "torch.float8_e5m2": "F8_E5M2",
    "torch.float8_e8m0fnu": "F8_E8M0",
    "torch.float8_e4m3fnuz": "F8_E4M3FNUZ",
    "torch.float8_e5m2fnuz": "F8_E5M2FNUZ",
}


class Placed(Struct, frozen=True):
    """What a storage holds; no claim where it is empty, or of no one known type."""

    tensors: list[Tensor]
    claims: list[Segment]


def place(group: Group, start: int, size: int, order: str) -> Placed:
    """Return the tensors of a storage of ``size`` bytes at ``start``; ``order`` is "" or "_BE".

    Raises:
        DamagedError: they do not fit into it, or do not agree about it.
    """
    first = group[0][1].storage
    if any(
        (view.storage.kind, view.storage.count) != (first.kind, first.count) for _, view in group
    ):
        raise DamagedError("the pickle says two things of one storage")
    tensors = []
    for name, view in group:
        dtype = _dtype(view)
        if dtype:
            tensors.append(_tensor(name, view, _ordered(dtype, order), start, size))
    dtypes = {tensor.dtype for tensor in tensors}
    if not size or len(dtypes) != 1 or len(tensors) < len(group):
        return Placed(tensors, [])
    return Placed(tensors, [_claim(tensors, start, size)])


def _dtype(view: Strided) -> str:
    """Return a view's type, or "" where it is unknown."""
    kind = view.storage.kind
    return _DTYPES.get(view.dtype if kind in _UNTYPED else kind, "")


def _ordered(dtype: str, order: str) -> str:
    return dtype + order if BLOCKS[dtype][1] > 1 else dtype


def _tensor(name: str, view: Strided, dtype: str, start: int, size: int) -> Tensor:
    width = BLOCKS[dtype][1]
    storage = view.storage
    if size != storage.count * (1 if storage.kind in _UNTYPED else width):
        raise DamagedError("a storage's size is not that of its type and length")
    span = _span(view.shape, view.strides)
    if (view.offset + span) * width > size:
        raise DamagedError("a tensor goes beyond the end of its storage")
    strides = None if _is_plain(view.shape, view.strides) else view.strides
    place = start + view.offset * width
    return Tensor(name, dtype, view.shape, place, span * width, strides)


def _span(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return how many elements lie from a tensor's first to its last."""
    if 0 in shape:
        return 0
    return 1 + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))


def _is_plain(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Say whether C would lay the elements out like that."""
    step = 1
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        if n != 1 and stride != step:
            return 0 in shape
        step *= n
    return True


def _claim(tensors: list[Tensor], start: int, size: int) -> Segment:
    """Return the storage's segment, with the name and shape of a tensor that is all of it."""
    dtype = tensors[0].dtype
    for tensor in tensors:
        shape = _as_it_lies(tensor)
        if tensor.size == size and shape is not None:
            return Segment(start, size, dtype, shape, tensor.name or None)
    return Segment(start, size, dtype, (size // BLOCKS[dtype][1],))


def _as_it_lies(tensor: Tensor) -> tuple[int, ...] | None:
    """Return the shape in the order of the bytes; None where the elements do not fill them."""
    if tensor.strides is None:
        return tensor.shape
    lying = sorted(zip(tensor.strides, tensor.shape, strict=True), reverse=True)
    strides, shape = zip(*lying, strict=True)
    return shape if _is_plain(shape, strides) else None
