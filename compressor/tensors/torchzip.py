"""PyTorch's checkpoints: a zip of a pickle and one stored member for each storage.

The pickle is walked, never run. It names each storage's type and length, and the tensors that look
at it.
"""

from compressor.errors import DamagedError
from compressor.tensors import storages
from compressor.tensors.naming import named
from compressor.tensors.opcodes import walk
from compressor.tensors.segments import Segment, Sniffed, Tensor, check_tensors, tile
from compressor.tensors.zips import Directory

PICKLE = b"/data.pkl"
MAX_PICKLE = 16 << 20  # bytes; 130,000 tensors
_BYTE_ORDERS = {b"little": "", b"big": "_BE"}


def prefix_of(directory: Directory) -> bytes | None:
    """Return the folder in the zip that holds a checkpoint, or None."""
    found = [name for name in directory.members if name.endswith(PICKLE) and name.count(b"/") == 1]
    return found[0].removesuffix(PICKLE) if len(found) == 1 else None


def recognise(directory: Directory, prefix: bytes) -> Sniffed:
    """Return the tensors that the pickle names.

    Raises:
        DamagedError: it breaks the format, or exceeds a limit.
    """
    groups: dict[str, storages.Group] = {}
    for name, tensor in named(walk(_content(directory, prefix + PICKLE, MAX_PICKLE))):
        groups.setdefault(tensor.storage.key, []).append((name, tensor))
    order = _byte_order(directory, prefix)
    tensors: list[Tensor] = []
    claims: list[Segment] = []
    for key, group in groups.items():
        member = directory.members.get(prefix + b"/data/" + key.encode("utf-8", "replace"))
        if member is None:
            raise DamagedError("a storage is missing, or packed")
        placed = storages.place(group, directory.locate(member), member.size, order)
        tensors += placed.tensors
        claims += placed.claims
    check_tensors(tensors, directory.view.size)
    return Sniffed("torch", tile(directory.view.size, claims), tuple(tensors))


def _byte_order(directory: Directory, prefix: bytes) -> str:
    """Return what stands behind a type's name; files that do not tell are older than the question."""
    if prefix + b"/byteorder" not in directory.members:
        return ""
    order = _BYTE_ORDERS.get(_content(directory, prefix + b"/byteorder", 16))
    if order is None:
        raise DamagedError("the byte order is unknown")
    return order


def _content(directory: Directory, name: bytes, limit: int) -> bytes:
    member = directory.members[name]
    if member.size > limit:
        raise DamagedError("a member is too large to look at")
    return directory.view.bytes(directory.locate(member), member.size)
