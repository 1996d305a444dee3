"""How much a scan will find: a quick look ahead, at no content."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

from compressor.kernels.status import Status
from compressor.tree.node import NodeKind
from compressor.tree.outputs import Identity, identity_in
from compressor.tree.roots import Root, plan
from compressor.tree.scan import entries
from compressor.tree.walk import ScanOptions


def measure(
    paths: Sequence[Path],
    options: ScanOptions,
    *,
    cancelled: Event | None = None,
    most: int | None = None,
) -> tuple[int, int]:
    """Return how many regular files a scan would find, and their size in bytes.

    It can run in a thread; once ``cancelled``, or behind ``most`` bytes, it returns what it has.

    Raises:
        UsageError: as ``scan``.
    """
    files = size = 0
    seen: set[Identity] = set()
    for status in _regular_files(paths, options):
        if (cancelled is not None and cancelled.is_set()) or (most is not None and size > most):
            break
        if status.st_nlink > 1:
            if identity_in(status) in seen:
                continue
            seen.add(identity_in(status))
        files += 1
        size += status.st_size
    return files, size


def _regular_files(
    paths: Sequence[Path], options: ScanOptions
) -> Iterator[os.stat_result | Status]:
    if any(
        (options.exclude, options.exclude_caches, options.one_file_system, options.follow_links)
    ):
        walked = entries(paths, options, lambda _shown, _reason: None, lambda _name: None)
        return (entry.status for entry in walked if entry.kind is NodeKind.FILE)
    return _listed(plan(paths, follow=False))


def _listed(roots: Sequence[Root]) -> Iterator[os.stat_result]:
    """Yield what a walk would, in a third of its time: by paths, in no order, nothing chosen.

    What can't be listed is passed over: the scan will say it.
    """
    for root in roots:
        yield from _listed(root.others)
        left = []
        with suppress(OSError):
            status = os.stat(root.path, follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                yield status
            elif stat.S_ISDIR(status.st_mode):
                left = [root.path]
        while left:
            with suppress(OSError), os.scandir(left.pop()) as found:
                for item in found:
                    if item.is_dir(follow_symlinks=False):
                        left.append(item.path)
                    elif item.is_file(follow_symlinks=False):
                        yield item.stat(follow_symlinks=False)
