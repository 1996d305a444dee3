"""Tensors of members, by name: which there are, and their bytes, read without the rest of the member."""

import json
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE
from compressor.archive.writer import Write
from compressor.engine.access import SeekableArchive
from compressor.errors import MemberNotFoundError, UnsupportedError, UsageError
from compressor.tensors.npy import fortran_strides
from compressor.tensors.segments import Sniffed, Tensor
from compressor.tensors.sniff import sniff

_PLAIN = ("BOOL", "U8", "I8", "U16", "I16", "F16", "BF16", "U32", "I32", "F32", "U64", "I64", "F64")
_SAFETENSORS = frozenset((*_PLAIN, "F8_E4M3", "F8_E5M2", "F8_E8M0", "C64"))
_NPY = {
    **{name: f"<{name[0].lower()}{int(name[1:]) // 8}" for name in _PLAIN if name[1:].isdecimal()},
    "BOOL": "|b1",
    "C64": "<c8",
    "C128": "<c16",
}


class Held(Struct, frozen=True):
    """A tensor, and the member that holds it."""

    index: Index
    entry: Entry
    tensor: Tensor


def look_at(archive: SeekableArchive, index: Index, entry: Entry) -> Sniffed:
    """Return what is seen of tensors in a member, a file."""
    return sniff(lambda at, size: archive.read(index, entry, at, at + size), entry.size)


def held_by(
    archive: SeekableArchive, members: Iterable[tuple[Index, Entry]]
) -> Iterator[tuple[Entry, list[Held]]]:
    """Yield the files among ``members`` that hold tensors, and these, in the order of their bytes."""
    for index, entry in members:
        if entry.kind == FILE and entry.size:
            found = sorted(look_at(archive, index, entry).tensors, key=lambda one: one.start)
            if found:
                yield entry, [Held(index, entry, tensor) for tensor in found]


def picked(
    archive: SeekableArchive, members: Iterable[tuple[Index, Entry]], globs: Sequence[str]
) -> list[Held]:
    """Return the tensors that any of ``globs`` (case counts, ``*`` meets dots, too) names.

    Raises:
        MemberNotFoundError: a glob meets none.
        UsageError: several members hold a tensor of one name.
    """
    chosen: dict[str, list[Held]] = {}
    missed = set(globs)
    once = {(index.start, entry.name): (index, entry) for index, entry in members}
    for _, found in held_by(archive, once.values()):
        for one in found:
            met = {glob for glob in globs if fnmatchcase(one.tensor.name, glob)}
            missed -= met
            if met:
                chosen.setdefault(one.tensor.name, []).append(one)
    for glob in globs:
        if glob in missed:
            raise MemberNotFoundError(
                f"no tensor matches {glob!r}; see `compressor list --tensors`"
            )
    for name, several in chosen.items():
        if len(several) > 1:
            names = ", ".join(one.entry.shown_name for one in several)
            raise UsageError(f"tensor {name!r} is in several members, name one: {names}")
    return [several[0] for several in chosen.values()]


def write_tensors(
    archive: SeekableArchive, chosen: Sequence[Held], form: str, write: Write
) -> None:
    """Write tensors as a ``safetensors`` file, as ``npy`` (one of them), or their ``raw`` bytes.

    Raises:
        UsageError: the form can't hold them, or only one.
        UnsupportedError: the elements of one do not follow one another.
    """
    for one in chosen:
        _refuse_strided(one.tensor, form)
    if form == "safetensors":
        write(_safetensors_header([one.tensor for one in chosen]))
    elif form == "npy":
        write(_npy_header([one.tensor for one in chosen]))
    for one in chosen:
        tensor = one.tensor
        archive.copy(one.index, one.entry, write, (tensor.start, tensor.start + tensor.size))


def _refuse_strided(tensor: Tensor, form: str) -> None:
    """Refuse a tensor that is not laid out as the form wants it; npy has both orders of indices."""
    if tensor.strides is None:
        return
    if tensor.strides != fortran_strides(tensor.shape):
        what = f"tensor {tensor.name!r} is a view whose elements lie apart"
        raise UnsupportedError(f"{what}; `compressor cat` without --tensor gives its file")
    if form != "npy":
        what = f"the first index of tensor {tensor.name!r} is the fastest"
        raise UnsupportedError(f"{what}, which only --format npy can say")


def _safetensors_header(tensors: Sequence[Tensor]) -> bytes:
    header, at = {}, 0
    for tensor in tensors:
        if tensor.name == "__metadata__":
            raise UsageError("safetensors keeps the name '__metadata__' for itself: --format raw")
        if tensor.dtype not in _SAFETENSORS:
            what = f"safetensors can't hold {tensor.dtype} (tensor {tensor.name!r})"
            raise UsageError(f"{what}: --format raw gives its bytes")
        header[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": tensor.shape,
            "data_offsets": (at, at + tensor.size),
        }
        at += tensor.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors lie where any type may
    return len(text).to_bytes(8, "little") + text


def _npy_header(tensors: Sequence[Tensor]) -> bytes:
    if len(tensors) != 1:
        raise UsageError(f"npy holds one tensor, {len(tensors)} are meant: --format safetensors")
    tensor = tensors[0]
    letters = _NPY.get(tensor.dtype.removesuffix("_BE"))
    if letters is None:
        what = f"npy has no name for {tensor.dtype} (tensor {tensor.name!r})"
        raise UsageError(f"{what}: --format safetensors, or raw")
    if tensor.dtype.endswith("_BE"):
        letters = letters.replace("<", ">")
    text = f"{{'descr': '{letters}', 'fortran_order': {tensor.strides is not None}, "
    text += f"'shape': {tensor.shape!r}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    if len(text) > 0xFFFF:
        raise UsageError(f"tensor {tensor.name!r} has too many dimensions for npy: --format raw")
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin-1")
