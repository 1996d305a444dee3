"""Arrays from the bytes of tensors: what numpy and torch are asked for, and who asks them."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from compressor.engine.into import Target
from compressor.engine.tensorfile import TensorFile
from compressor.errors import DamagedError, UnsupportedError, UsageError
from compressor.tensors.dtypes import BLOCKS
from compressor.tensors.segments import Tensor
from compressor.tensors.selection import Selection, everything, layout


class View(Struct, frozen=True):
    """Elements in a buffer, the first at ``offset`` (bytes); ``strides`` count elements."""

    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Framework(Protocol):
    """A library of arrays."""

    def refuse(self, dtype: str) -> str:
        """Return why it has no such type here, and what helps; "" where it has."""
        ...

    def buffer(self, size: int) -> tuple[Any, memoryview]:
        """Return fresh memory of so many bytes, as an array and as bytes that can be written."""
        ...

    def array(self, buffer: Any, view: View) -> Any:
        """Return an array that looks at a buffer.

        Raises:
            ValueError, RuntimeError: the library can't hold it.
        """
        ...

    def compact(self, array: Any) -> Any:
        """Return a copy of an array, laid out as C does."""
        ...


def framework_of(name: str, device: Any) -> Framework:
    """Return the framework that safetensors' users know by a name.

    Raises:
        UsageError: there is none, or it knows no such device.
        UnsupportedError: it is not installed.
    """
    if name in ("np", "numpy"):
        if str(device) != "cpu":
            raise UsageError(f"numpy has no device {device!r}")
        from compressor.api.numpyarrays import Numpy

        return Numpy()
    if name in ("pt", "torch", "pytorch"):
        from compressor.api.torcharrays import Torch

        return Torch(device)
    raise UsageError(f"framework {name!r} is unknown: np and pt are here")


def load(file: TensorFile, framework: Framework, names: Iterable[str]) -> dict[str, Any]:
    """Return tensors as arrays by name; those that share bytes in the file share memory."""
    wanted = [file.tensor(name) for name in names]
    for tensor in wanted:
        refuse(framework, tensor)
    groups = list(_storages(wanted))
    file.check(sum(end - start for start, end, _ in groups))
    buffers, targets = [], []
    for start, end, tensors in groups:
        buffer, memory = framework.buffer(end - start)
        buffers.append(buffer)
        targets.append(Target(start, memory, tensors[0].name))
    file.fill(targets)
    arrays: dict[str, Any] = dict.fromkeys(tensor.name for tensor in wanted)
    for (start, _, tensors), buffer in zip(groups, buffers, strict=True):
        for tensor in tensors:
            whole = elements(tensor)
            view = View(tensor.dtype, tensor.start - start, whole.shape, whole.strides)
            arrays[tensor.name] = _array(framework, buffer, view, tensor)
    return arrays


def elements(tensor: Tensor) -> Selection:
    """Return all elements of a tensor as an array has them: two of F4 are one.

    Raises:
        UnsupportedError: they are not pairs.
    """
    count = BLOCKS[tensor.dtype][0]
    if count == 1:
        return everything(tensor)
    *outer, last = tensor.shape
    if last % count:
        raise UnsupportedError(f"tensor {tensor.name!r} has {last} in a row: no {count} are one")
    return everything(replace(tensor, shape=(*outer, last // count)))


def part(file: TensorFile, framework: Framework, tensor: Tensor, selection: Selection) -> Any:
    """Return a part of a tensor as an array of its own; little more than it is read."""
    width = BLOCKS[tensor.dtype][1]
    read = layout(selection, width)
    file.check(read.count * width)
    buffer, memory = framework.buffer(read.count * width)
    targets, at = [], 0
    for start, count in read.ranges:
        begin, end = at * width, (at + count) * width
        targets.append(Target(tensor.start + start * width, memory[begin:end], tensor.name))
        at += count
    file.fill(targets)
    view = View(tensor.dtype, 0, selection.shape, read.strides)
    array = _array(framework, buffer, view, tensor)
    return framework.compact(array) if read.count > selection.count else array


def refuse(framework: Framework, tensor: Tensor) -> None:
    """Refuse a tensor of a type that the framework lacks.

    Raises:
        UnsupportedError: it is.
    """
    why = framework.refuse(tensor.dtype)
    if why:
        raise UnsupportedError(f"tensor {tensor.name!r} is of type {tensor.dtype}: {why}")


def _storages(tensors: Iterable[Tensor]) -> Iterator[tuple[int, int, list[Tensor]]]:
    """Yield ranges of bytes that do not overlap, each with the tensors in it."""
    start = end = 0
    held: list[Tensor] = []
    for tensor in sorted(tensors, key=lambda tensor: tensor.start):
        if held and tensor.start >= end:
            yield start, end, held
            held = []
        if not held:
            start = end = tensor.start
        held.append(tensor)
        end = max(end, tensor.start + tensor.size)
    if held:
        yield start, end, held


def _array(framework: Framework, buffer: Any, view: View, tensor: Tensor) -> Any:
    try:
        return framework.array(buffer, view)
    except (ValueError, RuntimeError, OverflowError) as error:
        raise DamagedError(f"tensor {tensor.name!r} can't be: {error}") from error
