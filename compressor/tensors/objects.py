"""The objects that a walk over a pickle makes in place of the real ones. None of them does anything."""

from typing import Any

from msgspec import Struct

from compressor.errors import DamagedError
from compressor.tensors.dtypes import MAX_RANK, MAX_SIZE


class Unknown(Struct, frozen=True):
    """What is of no interest here: numbers with a point, bytes, long texts."""


UNKNOWN = Unknown()
INLINE = Unknown()  # as a key: the value's own items belong here


class Global(Struct, frozen=True):
    """A name that the pickle would import."""

    name: str


class Node(Struct, eq=False):
    """A list, dict, set or object: its items with their keys, None where they have none.

    An item under `INLINE` stands for all of its value's: copying those, a short pickle would grow
    without end.
    """

    items: list[tuple[Any, Any]]


class Storage(Struct, frozen=True, eq=False):
    """The elements behind tensors: the class that the pickle names, the member's key, how many."""

    kind: str
    key: str
    count: int


class Strided(Struct, frozen=True, eq=False):
    """A tensor: elements of a storage, and how far they lie apart, in elements.

    ``dtype`` is "" where the storage knows it.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str


_STORAGE_FIELDS = 5


def persistent(pid: Any) -> Any:
    """Return the storage that a persistent id means, or UNKNOWN."""
    if not isinstance(pid, tuple) or len(pid) != _STORAGE_FIELDS:
        return UNKNOWN
    tag, kind, key, _, count = pid
    if not isinstance(tag, str) or tag != "storage" or not isinstance(kind, Global):
        return UNKNOWN
    if not isinstance(key, str) or not is_size(count):
        return UNKNOWN
    return Storage(kind.name, key, count)


def reduced(function: Any, arguments: Any) -> Any:
    """Return what a call gives: a tensor for those that make one, else a node of the arguments.

    Raises:
        DamagedError: the arguments make no tensor.
    """
    if not isinstance(arguments, tuple):
        return UNKNOWN
    name = function.name if isinstance(function, Global) else ""
    if name == _OF_A_SUBCLASS and len(arguments) > 2 and isinstance(arguments[2], tuple):
        function, _, arguments = arguments[:3]
        name = function.name if isinstance(function, Global) else ""
    if name in _TENSORS:
        return _view(arguments, *_TENSORS[name])
    if name in _PARAMETERS and arguments:
        return arguments[0]
    return Node([(INLINE, arguments)])


# Which argument is the type, and which tells that values are to be conjugated or negated.
_TENSORS = {
    "torch._utils._rebuild_tensor": (None, 4),
    "torch._utils._rebuild_tensor_v2": (None, 6),
    "torch._utils._rebuild_tensor_v3": (6, 7),
}
_OF_A_SUBCLASS = "torch._tensor._rebuild_from_type_v2"  # of a function, a class, arguments, a state
_PARAMETERS = frozenset(
    ["torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"]
)


def _view(arguments: tuple[Any, ...], dtype_at: int | None, twist_at: int) -> Any:
    dtype: Any = Global("")
    if dtype_at is not None:
        dtype = arguments[dtype_at] if len(arguments) > dtype_at else UNKNOWN
    if len(arguments) < 4 or not isinstance(arguments[0], Storage) or not isinstance(dtype, Global):
        raise DamagedError("a tensor is made of something else than a storage")
    storage, offset, shape, strides = arguments[:4]
    if not (is_size(offset) and _is_sizes(shape) and _is_sizes(strides)):
        raise DamagedError("a tensor's shape is none")
    if len(shape) != len(strides):
        raise DamagedError("a tensor's shape is none")
    if len(arguments) > twist_at and arguments[twist_at] is not None:
        return UNKNOWN  # the bytes are not the values
    return Strided(storage, offset, shape, strides, dtype.name)


def is_size(value: Any) -> bool:
    """Say whether it is a number that a size may be."""
    return type(value) is int and 0 <= value <= MAX_SIZE


def _is_sizes(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) <= MAX_RANK and all(map(is_size, value))
