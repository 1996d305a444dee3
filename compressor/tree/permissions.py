"""What an output may be read by: no more people than its inputs."""

import os
from collections.abc import Collection


def umask() -> int:
    """Return the umask of this process."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def without_group(mode: int) -> int:
    """Return a mode that gives the group and everybody else only what both had."""
    common = mode & (mode >> 3) & 0o7
    return mode & 0o700 | common << 3 | common


Access = tuple[int, int, int]
"""Mode, user and group of a file."""


def access_of(status: os.stat_result) -> Access:
    """Return who may do what with a file."""
    return status.st_mode, status.st_uid, status.st_gid


def shared_permissions(inputs: Collection[Access]) -> tuple[int, tuple[int, int] | None]:
    """Return mode and owner of an archive of these inputs: what all of them permit, under the umask.

    Where they have different owners, it stays ours (None).
    """
    mode = 0o666 & ~umask()
    for permitted, _, _ in inputs:
        mode &= permitted
    owners = {(user, group) for _, user, group in inputs}
    if len(owners) > 1:
        return without_group(mode), None
    return mode, owners.pop() if owners else None
