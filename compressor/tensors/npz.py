"""NumPy's ``.npz``: a zip of ``.npy`` files. Those that are stored, not packed, can be seen."""

from compressor.errors import DamagedError
from compressor.tensors import npy
from compressor.tensors.segments import Segment, Sniffed, Tensor, check_tensors, tile
from compressor.tensors.zips import Directory

SUFFIX = b".npy"


def recognise(directory: Directory) -> Sniffed:
    """Return the arrays of the stored members.

    Raises:
        DamagedError: there is none, or one lies.
    """
    claims: list[Segment] = []
    tensors: list[Tensor] = []
    for member in directory.members.values():
        if not member.name.endswith(SUFFIX):
            continue
        start = directory.locate(member)
        array = npy.array_at(directory.view, start, start + member.size)
        name = member.text.removesuffix(".npy")
        if array.dtype:
            tensors.append(array.tensor(name))
        if array.dtype and array.size:
            claims.append(array.segment(name))
    if not tensors:
        raise DamagedError("the zip stores no array of numbers")
    check_tensors(tensors, directory.view.size)
    return Sniffed("npz", tile(directory.view.size, claims), tuple(tensors))
