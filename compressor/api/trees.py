"""What Python programs call: folders into archive files, their versions, and what is in them."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict, Unpack

from msgspec.structs import replace

from compressor.api.content import pack_options, warn
from compressor.engine.append import Appended, AppendOptions, append_version
from compressor.engine.asked import whole, words
from compressor.engine.externals import Externals, Paths, paths_of
from compressor.engine.history import Version
from compressor.engine.limits import DEFAULT_MEMORY, Limits
from compressor.engine.member import Member
from compressor.engine.members import Archive
from compressor.engine.packfile import FileOptions, Packed, pack_trees
from compressor.engine.packoptions import SOLID_SIZE, Sources
from compressor.engine.prune import Pruned
from compressor.engine.prune import prune as prune_archive
from compressor.engine.reading import UnpackOptions
from compressor.engine.scanning import Tree
from compressor.errors import UsageError
from compressor.tree.attributes import reason_of
from compressor.tree.roots import member_name
from compressor.tree.walk import Problem, ScanOptions

__all__ = [
    "Appended",
    "Archive",
    "Member",
    "Packed",
    "Pruned",
    "Version",
    "append",
    "pack",
    "prune",
]

PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]


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
    base: Paths = (),
    on_problem: Problem | None = None,
    **scan: Unpack[ScanKeywords],
) -> Packed:
    """Pack files and folders into an archive at ``output``, which appears when it is whole.

    Keywords are those of ``compress``; ``solid_size`` bytes are shared by small files at most, repeats
    are looked for ``reach`` bytes back (None: anywhere). ``exclude`` holds patterns as in .gitignore.
    Tensors that files or archives named by ``base`` have, too, are stored as differences from these.
    ``force`` replaces a file, ``sync`` has all on disk. What can't be packed as it is goes to
    ``on_problem``, by default as a RuntimeWarning.

    Raises:
        CompressorError: ``output`` exists, nothing can be packed, or a file could be read in part only.
        UsageError: the options contradict each other, or two paths would get one name.
        OSError: the output can't be written.
    """
    tree = _tree(paths, exclude, scan, on_problem)
    _refuse_base(codec, base)
    options = pack_options(codec, level, threads, block_size, memory, verify)
    reach = None if reach is None else whole("reach", reach, 0)
    options = replace(options, solid_size=whole("solid_size", solid_size, 1), reach=reach)
    no_cache = scan.get("no_cache", False)
    file = FileOptions(force=force, sync=sync, label=label, time_ns=time_ns, no_cache=no_cache)
    with Externals(paths_of(base), Limits(None, None, memory)) as externals:
        options = replace(options, sources=Sources(externals=externals))
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
    base: Paths = (),
    on_problem: Problem | None = None,
    **scan: Unpack[ScanKeywords],
) -> Appended:
    """Append a version to an archive: what is at and below ``paths`` now, in place of what was.

    Keywords are those of ``pack``; ``checksum`` reads all files, not only those with a new size or time.
    What is below a path that is not there stays. What fails leaves the archive as it was.

    Raises:
        DamagedError: it is damaged: ``compressor recover`` makes a sound one of it.
        UsageError: it is several archives in a row, or as ``pack``.
        OSError: it can't be opened or written to, or none of ``paths`` is there.
    """
    tree = _tree(paths, exclude, scan, on_problem)
    for _, error in tree.missing():
        raise error
    _refuse_base(codec, base)
    options = pack_options(codec, level, threads, block_size, memory, verify)
    appending = AppendOptions(
        tuple(member_name(path) for path in tree.paths),
        tree.problem,
        warn,
        tree.unseen,
        checksum=checksum,
        label=label,
        time_ns=time_ns,
        no_cache=scan.get("no_cache", False),
    )
    packing = replace(options, solid_size=whole("solid_size", solid_size, 1), reach=None)
    with Externals(paths_of(base), Limits(None, None, memory)) as externals:
        packing = replace(packing, sources=Sources(externals=externals))
        return append_version(_path(archive), tree, packing, appending)


def prune(
    archive: PathLike,
    keep_last: int,
    *,
    threads: int = 0,
    memory: int = DEFAULT_MEMORY,
    base: Paths = (),
) -> Pruned:
    """Forget all but the last ``keep_last`` versions of an archive, and the bytes only they needed.

    It is written anew beside itself, verified, and put in place; versions keep their numbers. For
    verifying, ``base`` names what tensors are differences from outside of it.

    Raises:
        UsageError: ``keep_last`` is none, or the file is several archives in a row.
        DamagedError: the archive is damaged; it stays as it was.
    """
    with Externals(paths_of(base), Limits(None, None, memory)) as externals:
        options = UnpackOptions(threads, Limits(None, None, memory), external=externals)
        return prune_archive(_path(archive), keep_last, warn, options)


def _refuse_base(codec: str | None, base: Paths) -> None:
    """Refuse what would be honoured in silence by nothing."""
    if codec is not None and base:
        raise UsageError("a codec packs any bytes alike: base goes with levels")


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
    patterns = words("exclude", exclude)
    return Tree(found, ScanOptions(tuple(patterns), **scan), on_problem or _warn_of)


def _warn_of(shown: str, reason: Exception | str) -> None:
    warn(f"{shown}: {reason if isinstance(reason, str) else reason_of(reason)}")
