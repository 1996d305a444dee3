"""One archive of some contents: packed to its end, given the permissions that all of them have."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from compressor.archive.source import GrowingSource
from compressor.archive.writer import VersionLabel, Write
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions, Sources, reach_of
from compressor.engine.scanning import Tree
from compressor.engine.trees import Tally, pack_tree
from compressor.tree.inputs import file_identities
from compressor.tree.outputs import (
    NOTHING,
    DeviceOutput,
    Output,
    opened_output,
)
from compressor.tree.pagecache import written
from compressor.tree.permissions import shared_permissions

T = TypeVar("T", bound=Tally)


class FileOptions(Struct, frozen=True):
    """What becomes of an archive file; without ``time_ns`` its version has the newest file's time.

    ``force`` replaces a file that is there, ``sync`` has all on disk before it gets its name; with
    ``no_cache`` the system keeps nothing of it in memory.
    """

    force: bool = False
    sync: bool = False
    label: str = ""
    time_ns: int | None = None
    no_cache: bool = False


class Packed(Struct, frozen=True):
    """What was packed: ``files``, hard links among them, and ``others``: folders, links, special files.

    ``plain_size`` is bytes of content, ``packed_size`` bytes of the archive.
    """

    files: int
    others: int
    plain_size: int
    packed_size: int


def pack_all(
    write: Write,
    options: PackOptions,
    content: Callable[[Packer], T],
    label: str = "",
    time_ns: int | None = None,
) -> T:
    """Write a whole archive: what ``content`` puts into it; return what that returns, sizes added."""
    packer = Packer(write, options)
    try:
        tally = content(packer)
        packer.finish(VersionLabel(label, tally.newest_ns if time_ns is None else time_ns))
    finally:
        packer.close()
    tally.plain_size, tally.packed_size = packer.plain_size, packer.packed_size
    return tally


def commit(output: Output | DeviceOutput, tally: Tally, *, sync: bool) -> None:
    """Give the archive its name, and the permissions that are common to all that was packed."""
    mode, owner = shared_permissions(tally.access)
    output.commit(mode=mode, mtime_ns=tally.mtime_ns, sync=sync, owner=owner)


def pack_trees(path: Path, tree: Tree, options: PackOptions, file: FileOptions) -> Packed:
    """Pack a tree into an archive at ``path``; until it is whole, nothing is there.

    Raises:
        CompressorError: the output exists, is an input, or no input is left that could be packed.
        InputError: a file could be read in part only.
        OSError: the output can't be written.
    """
    total = tree.size()
    options = replace(
        options,
        plain_limit=total,
        reach=reach_of(options.reach, total, None),
        behind=True,
    )
    externals = options.sources.externals
    protected = file_identities(tree.paths) | (externals.identities if externals else NOTHING)
    with opened_output(path, force=file.force, protected=protected) as output:
        archive = NOTHING
        if isinstance(output, Output):
            archive = output.itself()
            within = GrowingSource(output.descriptor)
            options = replace(options, sources=Sources(within, externals))

        def content(packer: Packer) -> Tally:
            return pack_tree(packer, tree, tree.problem, archive)

        with written(output.descriptor, output.write, no_cache=file.no_cache) as write:
            tally = pack_all(write, options, content, file.label, file.time_ns)
        commit(output, tally, sync=file.sync)
    return Packed(tally.files, tally.others, tally.plain_size, tally.packed_size)
