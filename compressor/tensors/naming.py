"""The names of tensors in a pickle: a tensor's way through dicts and lists, joined by points."""

from collections.abc import Iterator
from typing import Any

from compressor.errors import DamagedError
from compressor.tensors.objects import INLINE, Node, Strided
from compressor.tensors.segments import MAX_NAMES, MAX_TENSORS

MAX_NAME = 1024  # characters; what lies deeper is passed over

_HIDDEN = frozenset(["_parameters", "_buffers", "_modules"])  # how a module keeps what it holds
_DEEPER = (Strided, Node, tuple)
_Level = tuple[str, Iterator[tuple[Any, Any]]]


def named(root: Any) -> list[tuple[str, Strided]]:
    """Return each tensor below ``root`` with its name, in order; of two with one name the first.

    A container that can be reached in two ways is entered once.

    Raises:
        DamagedError: there are too many.
    """
    found: dict[str, Strided] = {}
    characters = 0
    for name, view in _reached(root):
        characters += len(name)
        if len(found) >= MAX_TENSORS or characters > MAX_NAMES:
            raise DamagedError("there are too many tensors, or their names are too long")
        found.setdefault(name, view)
    return list(found.items())


def _reached(root: Any) -> Iterator[tuple[str, Strided]]:
    """Yield each tensor, once for each item that it is; depth first, without recursion."""
    seen: set[int] = set()
    levels: list[_Level] = [("", _items(Node([(INLINE, root)])))]
    while levels:
        path, items = levels[-1]
        for key, value in items:
            if id(value) in seen:
                continue
            name = _joined(path, key)
            if len(name) > MAX_NAME:
                continue
            if isinstance(value, Strided):
                yield name, value
                continue
            seen.add(id(value))
            levels.append((name, _items(value)))
            break
        else:
            levels.pop()


def _items(value: "Node | tuple[Any, ...]") -> Iterator[tuple[Any, Any]]:
    """Yield what may hold tensors, with its key; what has none is counted."""
    if isinstance(value, tuple):
        return ((number, item) for number, item in enumerate(value) if isinstance(item, _DEEPER))
    return (
        (number if key is None else key, item)
        for number, (key, item) in enumerate(value.items)
        if isinstance(item, _DEEPER)
    )


def _joined(path: str, key: Any) -> str:
    if key is INLINE or (isinstance(key, str) and key in _HIDDEN):
        return path
    text = str(key) if isinstance(key, (str, int)) else "?"
    return f"{path}.{text}" if path else text
