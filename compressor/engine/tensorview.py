"""Tensors of members, by name: which there are, and their bytes, read without the rest of the member."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial

from msgspec import Struct

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import MAGIC
from compressor.archive.schema import FILE
from compressor.archive.source import RandomSource
from compressor.archive.writer import Write
from compressor.engine.access import SeekableArchive
from compressor.engine.needs import require
from compressor.errors import DamagedError, MemberNotFoundError, UnsupportedError, UsageError
from compressor.tensors.npy import fortran_strides
from compressor.tensors.safetensors import METADATA
from compressor.tensors.segments import Sniffed, Tensor
from compressor.tensors.sniff import sniff

STRIDE = 4 << 20  # bytes of a plain file that are read at once

_PLAIN = ("BOOL", "U8", "I8", "U16", "I16", "F16", "BF16", "U32", "I32", "F32", "U64", "I64", "F64")
_FP8 = ("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ")
_SAFETENSORS = frozenset((*_PLAIN, *_FP8, "F4", "F6_E2M3", "F6_E3M2", "C64"))
_NPY = {
    **{name: f"<{name[0].lower()}{int(name[1:]) // 8}" for name in _PLAIN if name[1:].isdecimal()},
    "BOOL": "|b1",
    "C64": "<c8",
    "C128": "<c16",
}


class Held(Struct, frozen=True):
    """A tensor, the file that holds it, and what gives its bytes.

    ``metadata`` is what that file, if it is of safetensors, says beside its tensors. ``need`` raises where
    a base that the bytes are a difference from is missing.
    """

    entry: Entry
    tensor: Tensor
    metadata: dict[str, str]
    give: Callable[[Write], object]
    need: Callable[[], None] = lambda: None


def look_at(archive: SeekableArchive, index: Index, entry: Entry) -> Sniffed:
    """Return what is seen of tensors in a member, a file."""
    return sniff(lambda at, size: archive.read(index, entry, at, at + size), entry.size)


def held_by(
    archive: SeekableArchive, members: Iterable[tuple[Index, Entry]]
) -> Iterator[tuple[Entry, list[Held]]]:
    """Yield the files among ``members`` that hold tensors, and these, in the order of their bytes."""
    for index, entry in members:
        if entry.kind == FILE and entry.size:
            sniffed = look_at(archive, index, entry)
            if sniffed.tensors:
                yield entry, list(_held(archive, index, entry, sniffed))


def _held(archive: SeekableArchive, index: Index, entry: Entry, sniffed: Sniffed) -> Iterator[Held]:
    metadata = _metadata(sniffed)
    for tensor in _in_order(sniffed):
        place = tensor.start, tensor.start + tensor.size
        give = partial(archive.copy, index, entry, part=place)
        need = partial(require, archive, [(index, entry, *place)])
        yield Held(entry, tensor, metadata, give, need)


def _metadata(sniffed: Sniffed) -> dict[str, str]:
    return sniffed.metadata if sniffed.format == "safetensors" else {}


def _in_order(sniffed: Sniffed) -> list[Tensor]:
    return sorted(sniffed.tensors, key=lambda one: one.start)


def held_plainly(source: RandomSource, name: bytes) -> list[tuple[Entry, list[Held]]] | None:
    """Return the same of a file that is no archive; None where it is one, or of no format that is known.

    Raises:
        DamagedError: it is of such a format, and broken.
    """
    if source.read(0, min(len(MAGIC), source.size)) == MAGIC:
        return None
    sniffed = sniff(source.read, source.size)
    if sniffed.problem:
        raise DamagedError(f"its tensors can't be told: {sniffed.problem}")
    if not sniffed.format:
        return None
    entry = Entry(name, size=source.size)

    def give(tensor: Tensor, write: Write) -> None:
        end = tensor.start + tensor.size
        for at in range(tensor.start, end, STRIDE):
            write(source.read(at, min(STRIDE, end - at)))

    metadata = _metadata(sniffed)
    held = [Held(entry, one, metadata, partial(give, one)) for one in _in_order(sniffed)]
    return [(entry, held)] if held else []


def picked(held: Iterable[tuple[Entry, list[Held]]], globs: Sequence[str]) -> list[Held]:
    """Return the tensors that any of ``globs`` (case counts, ``*`` meets dots, too) names.

    One that is the name of a tensor, as it stands, is no pattern.

    Raises:
        MemberNotFoundError: a glob meets none.
        UsageError: several members hold a tensor of one name.
    """
    like: list[tuple[Held, set[str]]] = []
    for _, found in held:
        like += [(one, met) for one in found if (met := _met(one.tensor.name, globs))]
    exact = {one.tensor.name for one, _ in like}.intersection(globs)
    missed = set(globs).difference(*(met for _, met in like))
    for glob in globs:
        if glob in missed:
            raise MemberNotFoundError(
                f"no tensor matches {glob!r}; see `compressor list --tensors`"
            )
    chosen: dict[str, Held] = {}
    for one, met in like:
        name = one.tensor.name
        if name not in exact and not met - exact:
            continue
        if name in chosen:
            several = [other.entry.shown_name for other, _ in like if other.tensor.name == name]
            names = ", ".join(several)
            raise UsageError(f"tensor {name!r} is in several members, name one: {names}")
        chosen[name] = one
    return list(chosen.values())


def _met(name: str, globs: Sequence[str]) -> set[str]:
    return {glob for glob in globs if name == glob or fnmatchcase(name, glob)}


def write_tensors(chosen: Sequence[Held], form: str, write: Write) -> None:
    """Write tensors as a ``safetensors`` file, as ``npy`` (one of them), or their ``raw`` bytes.

    Raises:
        UsageError: the form can't hold them, or only one.
        UnsupportedError: the elements of one do not follow one another.
    """
    for one in chosen:
        _refuse_strided(one.tensor, form)
    if form == "safetensors":
        write(_safetensors_header([one.tensor for one in chosen], _common_metadata(chosen)))
    elif form == "npy":
        write(_npy_header([one.tensor for one in chosen]))
    for one in chosen:
        one.give(write)


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


def _common_metadata(chosen: Sequence[Held]) -> dict[str, str]:
    """Return what is said beside all of them: only of a single file it may be true."""
    files = {one.entry.name for one in chosen}
    return chosen[0].metadata if len(files) == 1 else {}


def _safetensors_header(tensors: Sequence[Tensor], metadata: dict[str, str]) -> bytes:
    header: dict[str, object] = {METADATA: metadata} if metadata else {}
    at = 0
    for tensor in tensors:
        if tensor.name == METADATA:
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
