"""What Python programs call: bytes in memory, files that are read and written, archives of members.

The public names are those of the package ``compressor``; docs/library.md shows each in use.
"""

import io
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, overload

from compressor.archive.leaf import Entry
from compressor.archive.source import Source
from compressor.engine.append import Appended, AppendOptions, append_version
from compressor.engine.file import CompressorFile, PathOrFile
from compressor.engine.history import Version
from compressor.engine.levels import DEFAULT as DEFAULT_LEVEL
from compressor.engine.levels import chain_for
from compressor.engine.limits import DEFAULT, DEFAULT_MEMORY, STREAMING, Limits
from compressor.engine.member import Member
from compressor.engine.members import Archive
from compressor.engine.opening import is_text, open_to_read, open_to_write
from compressor.engine.pack import SOLID_SIZE, Packer, PackOptions
from compressor.engine.packfile import FileOptions, Packed, pack_trees
from compressor.engine.prune import Pruned
from compressor.engine.prune import prune as prune_archive
from compressor.engine.scanning import Tree
from compressor.engine.sinks import StreamSink
from compressor.engine.trees import Problem
from compressor.engine.unpack import Unpacker, UnpackOptions
from compressor.engine.writefile import BlockWriter
from compressor.errors import UnfinishedError, UsageError
from compressor.stages.base import Bytes
from compressor.tree.attributes import reason_of
from compressor.tree.roots import member_name
from compressor.tree.walk import ScanOptions

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = [
    "Appended",
    "Archive",
    "CompressorFile",
    "Limits",
    "Member",
    "Packed",
    "Pruned",
    "Version",
    "append",
    "compress",
    "decompress",
    "open",
    "pack",
    "prune",
]

PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]

FOR_WRITING = "codec, level, block_size, memory, verify and name are for writing"
FOR_READING = "limits and salvage are for reading"

BinaryMode = Literal["r", "rb", "w", "wb", "x", "xb", "a", "ab"]
TextMode = Literal["rt", "wt", "xt", "at"]


def compress(  # noqa: PLR0913  each is an option of its own, by keyword
    data: "ReadableBuffer",
    *,
    codec: str | None = None,
    level: int | None = None,
    threads: int = 1,
    block_size: int | None = None,
    memory: int = DEFAULT_MEMORY,
    verify: bool | None = None,
    name: str = "",
) -> bytes:
    """Return an archive of one member that holds ``data``: the same bytes whatever ``threads`` is.

    ``codec`` is a chain such as ``"zstd:level=19"``; ``level``, instead, is from 0 (fastest) to 9
    (smallest); 3 without either. ``threads`` 0 stands for all processors. ``block_size`` and
    ``memory`` (the whole process) are bytes. ``verify`` decodes each block before it is taken; by
    default where a native stage is in the chain.

    Raises:
        UsageError: the options contradict each other, or are out of range.
        UnsupportedError: a stage of the chain is not installed.
        MemoryBudgetError: one thread needs more than ``memory``.
    """
    options = _pack_options(codec, level, threads, block_size, memory, verify)
    parts: list[Bytes] = []
    with memoryview(data) as view:
        options = replace(options, plain_limit=view.nbytes)
        content = view.cast("B") if view.nbytes else memoryview(b"")
        with closing(Packer(parts.append, options)) as packer:
            packer.add(Entry(os.fsencode(name)), _cut(content, packer.piece_size))
            packer.finish()
    return b"".join(parts)


def _cut(content: memoryview, size: int) -> Iterator[bytearray]:
    for begin in range(0, len(content), size):
        yield bytearray(content[begin : begin + size])


def _pack_options(  # noqa: PLR0913, PLR0917  see compress
    codec: str | None,
    level: int | None,
    threads: int,
    block_size: int | None,
    memory: int | None,
    verify: bool | None,  # noqa: FBT001  see compress
) -> PackOptions:
    if codec is None and level is None:
        level = DEFAULT_LEVEL  # not the environment's, which is the command line's
    memory = DEFAULT_MEMORY if memory is None else memory
    chain = chain_for(codec, level)
    return PackOptions(chain, block_size, threads=threads, memory=memory, verify=verify, warn=_warn)


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


def decompress(
    data: "ReadableBuffer", *, limits: Limits = DEFAULT, salvage: bool = False, threads: int = 1
) -> bytes:
    """Return the content of all members of all archives in ``data``, in order.

    ``salvage`` accepts a last archive that is whole but for its end.

    Raises:
        NotAnArchiveError: ``data`` is something else.
        DamagedError: some of it is damaged; TruncatedError where it ends early.
        LimitError: ``limits`` would be exceeded (4 GiB, 2000 times the input, 1 GiB of memory).
        UnsupportedError: it needs a stage or a feature that is missing here.
    """
    parts: list[Bytes] = []
    sink = StreamSink(parts.append)
    Unpacker(Source(io.BytesIO(data)), sink, UnpackOptions(threads, limits)).run()
    for _, error in sink.outcome.failures:
        if not (salvage and isinstance(error, UnfinishedError)):
            raise error
    return b"".join(parts)


class OpenOptions(TypedDict, total=False):
    """The keywords of ``open``."""

    codec: str | None
    level: int | None
    threads: int
    block_size: int | None
    memory: int | None
    verify: bool | None
    name: str
    limits: Limits | None
    salvage: bool
    encoding: str | None
    errors: str | None
    newline: str | None


@overload
def open(
    file: PathOrFile, mode: BinaryMode = "rb", **options: Unpack[OpenOptions]
) -> CompressorFile: ...
@overload
def open(file: PathOrFile, mode: TextMode, **options: Unpack[OpenOptions]) -> io.TextIOWrapper: ...
@overload
def open(
    file: PathOrFile, mode: str, **options: Unpack[OpenOptions]
) -> CompressorFile | io.TextIOWrapper: ...
def open(  # noqa: PLR0913
    file: PathOrFile,
    mode: str = "rb",
    *,
    codec: str | None = None,
    level: int | None = None,
    threads: int = 1,
    block_size: int | None = None,
    memory: int | None = None,
    verify: bool | None = None,
    name: str = "",
    limits: Limits | None = None,
    salvage: bool = False,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> CompressorFile | io.TextIOWrapper:
    """Open an archive of one content as a file, in the modes of ``gzip.open``: in place, no temporary.

    Archives in a row are read as one content; damage is reported behind all that is sound before it.
    ``flush`` lets others read what was written so far; ``ab`` adds an archive behind those there.
    Keywords are those of ``compress`` to write, ``decompress`` to read (``limits`` without
    ``max_output``: who reads bit by bit holds no more than that), ``io.TextIOWrapper`` for text.

    Raises:
        UsageError: a keyword that the mode does not have, or several members: use ``Archive``.
    """
    text = is_text(mode, (encoding, errors, newline))
    if mode[0] == "r":
        _refuse(FOR_WRITING, codec, level, block_size, memory, verify, name or None)
        binary = open_to_read(file, threads, limits or STREAMING, salvage=salvage)
    else:
        _refuse(FOR_READING, limits, salvage or None)
        options = _pack_options(codec, level, threads, block_size, memory, verify)
        binary = open_to_write(file, mode[0], BlockWriter(options, os.fsencode(name)))
    return binary.as_text(encoding, errors, newline) if text else binary


def _refuse(what: str, *given: object) -> None:
    if any(value is not None for value in given):
        raise UsageError(what)


class ScanKeywords(TypedDict, total=False):
    """What ``pack`` and ``append`` take of folders, as the options of the command line of these names."""

    exclude_caches: bool
    one_file_system: bool
    follow_links: bool
    specials: bool
    numeric_owner: bool
    no_cache: bool


def pack(  # noqa: PLR0913  see compress
    paths: PathLike | Iterable[PathLike],
    output: PathLike,
    *,
    codec: str | None = None,
    level: int | None = None,
    threads: int = 0,
    block_size: int | None = None,
    solid_size: int = SOLID_SIZE,
    memory: int = DEFAULT_MEMORY,
    verify: bool | None = None,
    reach: int | None = None,
    label: str = "",
    time_ns: int | None = None,
    force: bool = False,
    sync: bool = False,
    exclude: str | Iterable[str] = (),
    on_problem: Problem | None = None,
    **scan: Unpack[ScanKeywords],
) -> Packed:
    """Pack files and folders into an archive at ``output``, which appears when it is whole.

    Keywords are those of ``compress``; ``solid_size`` bytes are shared by small files at most, repeats
    are looked for ``reach`` bytes back (None: anywhere). ``exclude`` holds patterns as in .gitignore.
    ``force`` replaces a file, ``sync`` has all on disk. What can't be packed as it is goes to
    ``on_problem``, by default as a RuntimeWarning.

    Raises:
        CompressorError: ``output`` exists, nothing can be packed, or a file could be read in part only.
        UsageError: the options contradict each other, or two paths would get one name.
        OSError: the output can't be written.
    """
    tree = _tree(paths, exclude, scan, on_problem)
    options = _pack_options(codec, level, threads, block_size, memory, verify)
    options = replace(options, solid_size=solid_size, reach=reach)
    file = FileOptions(force=force, sync=sync, label=label, time_ns=time_ns)
    return pack_trees(_path(output), tree, options, file)


def append(  # noqa: PLR0913  see compress
    archive: PathLike,
    paths: PathLike | Iterable[PathLike],
    *,
    codec: str | None = None,
    level: int | None = None,
    threads: int = 0,
    block_size: int | None = None,
    solid_size: int = SOLID_SIZE,
    memory: int = DEFAULT_MEMORY,
    verify: bool | None = None,
    checksum: bool = False,
    label: str = "",
    time_ns: int | None = None,
    exclude: str | Iterable[str] = (),
    on_problem: Problem | None = None,
    **scan: Unpack[ScanKeywords],
) -> Appended:
    """Append a version to an archive: what is at and below ``paths`` now, in place of what was.

    Keywords are those of ``pack``; ``checksum`` reads all files, not only those with a new size or time.
    What fails leaves the archive as it was.

    Raises:
        DamagedError: it is damaged: ``compressor recover`` makes a sound one of it.
        UsageError: it is several archives in a row, or as ``pack``.
        OSError: it can't be opened or written to.
    """
    tree = _tree(paths, exclude, scan, on_problem)
    options = _pack_options(codec, level, threads, block_size, memory, verify)
    appending = AppendOptions(
        tuple(member_name(path) for path in tree.paths),
        tree.problem,
        _warn,
        checksum=checksum,
        label=label,
        time_ns=time_ns,
    )
    packing = replace(options, solid_size=solid_size, reach=None)
    return append_version(_path(archive), tree, packing, appending)


def prune(
    archive: PathLike, keep_last: int, *, threads: int = 0, memory: int = DEFAULT_MEMORY
) -> Pruned:
    """Forget all but the last ``keep_last`` versions of an archive, and the bytes only they needed.

    It is written anew beside itself, verified, and put in place; versions keep their numbers.

    Raises:
        UsageError: ``keep_last`` is none, or the file is several archives in a row.
        DamagedError: the archive is damaged; it stays as it was.
    """
    options = UnpackOptions(threads, Limits(None, None, memory))
    return prune_archive(_path(archive), keep_last, _warn, options)


def _path(path: PathLike) -> Path:
    if not path:  # Path would take it for the folder we are in
        raise UsageError("a path can't be empty")
    return Path(os.fsdecode(path))


def _tree(
    paths: PathLike | Iterable[PathLike],
    exclude: str | Iterable[str],
    scan: ScanKeywords,
    on_problem: Problem | None,
) -> Tree:
    if isinstance(paths, str | bytes | os.PathLike):
        paths = [paths]
    found = [_path(path) for path in paths]
    if not found:
        raise UsageError("name at least one file or folder")
    patterns = (exclude,) if isinstance(exclude, str) else tuple(exclude)
    return Tree(found, ScanOptions(patterns, **scan), on_problem or _warn_of)


def _warn_of(shown: str, reason: Exception | str) -> None:
    _warn(f"{shown}: {reason if isinstance(reason, str) else reason_of(reason)}")
