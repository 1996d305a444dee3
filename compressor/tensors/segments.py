"""What a look at a file gives: its segments in order, and the tensors that lie in them."""

from collections.abc import Iterable

from msgspec import Struct

from compressor.errors import DamagedError

MAX_NAMES = 16 << 20  # characters of all names together
MAX_TENSORS = 1 << 18  # ten times what the largest models put into one file


class Segment(Struct, frozen=True):
    """Consecutive bytes of one kind.

    ``start`` and ``size`` are bytes. ``dtype`` is a name of `compressor.tensors.dtypes`; "": opaque.
    ``shape`` counts elements, the slowest dimension first as the bytes lie; ``name`` is the tensor's.
    Both are None where they are not known, or where no one tensor is the whole segment.
    """

    start: int
    size: int
    dtype: str = ""
    shape: tuple[int, ...] | None = None
    name: str | None = None

    @property
    def end(self) -> int:
        """The position of the first byte behind it."""
        return self.start + self.size


class Tensor(Struct, frozen=True):
    """A tensor that a file names; several may share bytes, and one of no elements has none.

    ``shape`` is as the file says it, the slowest dimension of C first. ``strides`` are elements from
    one index to the next, None: as C lays them out. ``start`` and ``size`` are bytes, from its first
    element to its last; with a stride of 0 the shape may count more elements than are there.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int
    strides: tuple[int, ...] | None = None


class Sniffed(Struct, frozen=True):
    """What a file's bytes say.

    ``format`` is "safetensors", "npy", "npz", "gguf", "torch", or "" where it is none of them; then
    ``problem`` says which rule was broken by what looked like one. ``segments`` tile the file.
    ``metadata`` is what the format keeps beside the tensors, as text.
    """

    format: str
    segments: tuple[Segment, ...]
    tensors: tuple[Tensor, ...] = ()
    metadata: dict[str, str] = {}
    problem: str = ""


def opaque(size: int, problem: str = "") -> Sniffed:
    """Return what is known of a file of ``size`` bytes that is of no known format."""
    return Sniffed("", tile(size, ()), problem=problem)


def segment_of(tensor: Tensor) -> Segment:
    """Return the segment of a tensor that is stored as C does."""
    return Segment(tensor.start, tensor.size, tensor.dtype, tensor.shape, tensor.name or None)


def tile(size: int, claims: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return ``claims`` in order, with opaque segments where nothing claims the bytes.

    Raises:
        DamagedError: two claim the same byte, or one a byte that is not there.
    """
    tiled: list[Segment] = []
    at = 0
    for claim in sorted(claims, key=lambda claim: claim.start):
        if claim.start < at or claim.end > size:
            raise DamagedError("tensors overlap, or go beyond the end of the file")
        if claim.start > at:
            tiled.append(Segment(at, claim.start - at))
        tiled.append(claim)
        at = claim.end
    if at < size:
        tiled.append(Segment(at, size - at))
    return tuple(tiled)


def check_tensors(tensors: list[Tensor], size: int) -> None:
    """Refuse two tensors of one name, more than a table should hold, and one beyond a file's ``size``.

    Raises:
        DamagedError: that is so.
    """
    if len(tensors) > MAX_TENSORS:
        raise DamagedError("there are too many tensors")
    if sum(len(tensor.name) for tensor in tensors) > MAX_NAMES:
        raise DamagedError("the names of the tensors are too long")
    if any(tensor.start + tensor.size > size for tensor in tensors):
        raise DamagedError("a tensor goes beyond the end of the file")
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise DamagedError("two tensors have one name")
