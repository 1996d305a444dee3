"""What Python programs call: bytes in memory, and files of one content."""

import io
import os
import warnings
from contextlib import closing
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, overload

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.record import MAX_BLOCK
from compressor.engine.asked import whole
from compressor.engine.externals import Externals, Paths, external_of, paths_of
from compressor.engine.file import CompressorFile, PathOrFile, flat
from compressor.engine.foreign import foreign_in, unpack_any
from compressor.engine.limits import DEFAULT, DEFAULT_MEMORY, STREAMING, Limits, limits_or
from compressor.engine.opening import is_text, open_to_read, open_to_write
from compressor.engine.pack import Packer
from compressor.engine.packoptions import LEAST_BLOCK, PackOptions
from compressor.engine.reading import UnpackOptions
from compressor.engine.sinks import StreamSink
from compressor.engine.writefile import BlockWriter
from compressor.errors import UnfinishedError, UnsafeNameError, UsageError
from compressor.plan.levels import DEFAULT as DEFAULT_LEVEL
from compressor.plan.levels import chain_for, trials_for
from compressor.plan.numbers import NONE, codings_for
from compressor.stages.base import Bytes
from compressor.tree.policy import check_name

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["CompressorFile", "Limits", "compress", "decompress", "open"]

FOR_WRITING = "codec, level, block_size, memory, verify and name are for writing"
FOR_ARCHIVES = "codec, block_size and name are for archives: leave them out, or format"
FOR_READING = "limits, salvage and base are for reading"

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
    format: str | None = None,
) -> bytes:
    """Return an archive of one member that holds ``data``: the same bytes whatever ``threads`` is.

    ``codec`` is a chain such as ``"zstd:level=19"``; ``level``, instead, is from 0 (fastest) to 9
    (smallest); 3 without either. ``threads`` 0 stands for all processors. ``block_size`` and
    ``memory`` (the whole process) are bytes. ``verify`` decodes each block before it is taken; by
    default where a native stage is in the chain. ``format``, such as ``"gz"``, makes another program's
    file instead, at its own level where none is given.

    Raises:
        UsageError: the options contradict each other, or are out of range.
        UnsupportedError: a stage of the chain is not installed.
        MemoryBudgetError: one thread needs more than ``memory``.
    """
    if format is not None:
        _refuse(FOR_ARCHIVES, codec, block_size, name or None)
        return _as_foreign(data, format, level, threads, memory, verify=bool(verify))
    options = pack_options(codec, level, threads, block_size, memory, verify)
    parts: list[Bytes] = []
    with flat(data) as content:
        options = replace(options, plain_limit=len(content), alone=True)
        with closing(Packer(parts.append, options)) as packer:
            packer.add(Entry(_recorded(name)), packer.content_in(content))
            packer.finish()
    return b"".join(parts)


def _as_foreign(  # noqa: PLR0913  see compress
    data: "ReadableBuffer", name: str, level: int | None, threads: int, memory: int, *, verify: bool
) -> bytes:
    from compressor.engine.foreignpack import ForeignOptions, packed_in  # for who asks for it
    from compressor.formats.table import format_by_name, writing_of

    writing = writing_of(name)
    if said := writing.notice():
        warn(said)
    threads, memory = whole("threads", threads), whole("memory", memory, 0)
    options = ForeignOptions(format_by_name(name), writing, level, threads, memory)
    with flat(data) as content:
        return packed_in(content, options, verify=verify)


def pack_options(  # noqa: PLR0913, PLR0917  see compress
    codec: str | None,
    level: int | None,
    threads: int,
    block_size: int | None,
    memory: int | None,
    verify: bool | None,  # noqa: FBT001  see compress
) -> PackOptions:
    """Return what the keywords of ``compress`` ask for."""
    if codec is None and level is None:
        level = DEFAULT_LEVEL  # not the environment's, which is the command line's
    memory = DEFAULT_MEMORY if memory is None else whole("memory", memory, 0)
    chain = chain_for(codec, level)
    if block_size is not None:
        block_size = whole("block_size", block_size, LEAST_BLOCK, MAX_BLOCK)
    return PackOptions(
        chain,
        block_size,
        threads=whole("threads", threads),
        memory=memory,
        verify=verify,
        codings=NONE if level is None else codings_for(level),
        trials=trials_for(level),
        warn=warn,
    )


def _recorded(name: str) -> bytes:
    """Return a member's name as it is recorded; "" is none.

    Raises:
        UsageError: extraction would refuse it.
    """
    recorded = os.fsencode(name)
    try:
        if recorded:
            check_name(recorded)
    except UnsafeNameError as error:
        what = (
            f"name is a path below a folder, such as 'run/a', and {name!r} can't be restored as one"
        )
        raise UsageError(what) from error
    return recorded


def warn(text: str) -> None:
    """Warn the program."""
    warnings.warn(text, RuntimeWarning, stacklevel=2)


def decompress(
    data: "ReadableBuffer",
    *,
    limits: Limits = DEFAULT,
    salvage: bool = False,
    threads: int = 1,
    base: Paths = (),
) -> bytes:
    """Return the content of all members of all archives in ``data``, in order.

    Other programs' files (gz, bz2, xz, lzma, lz4, zst, lzo, Z) are read as the command reads them.
    ``salvage`` accepts a last archive that is whole but for its end. ``base`` names files, or archives,
    that hold what tensors are differences from outside of the archive.

    Raises:
        NotAnArchiveError: ``data`` is something else.
        DamagedError: some of it is damaged; TruncatedError where it ends early.
        LimitError: ``limits`` would be exceeded (4 GiB, 2000 times the input, 1 GiB of memory).
        UnsupportedError: it needs a stage or a feature that is missing here; MissingBaseError: a base.
    """
    limits, packed = limits_or(limits, DEFAULT), data if isinstance(data, bytes) else flat(data)
    parts: list[Bytes] = []
    sink = StreamSink(parts.append)
    with Externals(paths_of(base), limits) as external:
        options = UnpackOptions(threads, limits, external=external, at_once=True)
        unpack_any(foreign_in(io.BytesIO(packed), seekable=True), sink, options, seekable=False)
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
    base: Paths
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
    base: Paths = (),
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> CompressorFile | io.TextIOWrapper:
    """Open an archive of one content as a file, in the modes of ``gzip.open``: in place, no temporary.

    Archives in a row are read as one content; damage is reported behind all that is sound before it.
    What ``decompress`` reads of other programs is read here, too; what is written is an archive.
    ``flush`` lets others read what was written so far; ``ab`` adds an archive behind those there.
    Keywords are those of ``compress`` to write, ``decompress`` to read (``limits`` without
    ``max_output``: who reads bit by bit holds no more than that), ``io.TextIOWrapper`` for text.

    Raises:
        UsageError: a keyword that the mode does not have, or several members: use ``Archive``.
    """
    text = is_text(mode, (encoding, errors, newline))
    if mode[0] == "r":
        _refuse(FOR_WRITING, codec, level, block_size, memory, verify, name or None)
        bounds = limits_or(limits, STREAMING)
        options = UnpackOptions(threads, bounds, external=external_of(base, bounds))
        binary = open_to_read(file, options, salvage=salvage)
    else:
        _refuse(FOR_READING, limits, salvage or None, base or None)
        packing = pack_options(codec, level, threads, block_size, memory, verify)
        binary = open_to_write(file, mode[0], BlockWriter(packing, _recorded(name)))
    return binary.as_text(encoding, errors, newline) if text else binary


def _refuse(what: str, *given: object) -> None:
    if any(value is not None for value in given):
        raise UsageError(what)
