"""What outputs and members are called. The rules: docs/guide.md."""

import os
from collections.abc import Iterable
from pathlib import Path

from compressor.errors import UsageError
from compressor.formats.table import plain_name, without_ending
from compressor.tree.roots import member_name

SUFFIX = ".cz"


def recorded_name(path: Path) -> bytes:
    """Return the member's name for an input that is a file: as ``member_name``, but never empty.

    Raises:
        UsageError: it has none.
    """
    name = member_name(path)
    if not name:
        raise UsageError(f"{path} has no name of its own that could be recorded")
    return name


def archive_path(path: Path, folder: Path | None, suffix: str = SUFFIX) -> Path:
    """Return where the archive of one input goes: beside it, or into ``folder``."""
    name = path.name + suffix
    return folder / name if folder else path.with_name(name)


def content_name(path: Path) -> str | None:
    """Return what the content of an archive, or of another program's file, is called by its name.

    None: the name has no ending that says so.
    """
    return without_ending(path.name, SUFFIX) or plain_name(path.name)


def is_packed(path: Path) -> bool:
    """Whether a name says that it is an archive, or another program's file of packed bytes."""
    return bool(content_name(path))


def plain_path(path: Path) -> Path:
    """Return where the content of a one-file archive goes.

    Raises:
        UsageError: its name does not end as it should, in ``.cz`` or in ``.gz`` or the like.
    """
    name = content_name(path)
    if not name:
        raise UsageError(
            f"its name does not end in {SUFFIX} (nor in .gz, .zst or the like): "
            "say where its content goes with -o, -c or -N"
        )
    return path.with_name(name)


def refuse_clashes(names: Iterable[tuple[Path, object]]) -> None:
    """Refuse two inputs with one name.

    Raises:
        UsageError: there are such; nothing was written yet.
    """
    seen: dict[object, Path] = {}
    for path, name in names:
        if name in seen:
            shown = os.fsdecode(name) if isinstance(name, bytes) else name
            raise UsageError(f"{seen[name]} and {path} would both be named {shown}")
        seen[name] = path
