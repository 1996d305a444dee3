"""What the system says of a name in an open folder, by one call. Lets other threads run."""

class Status:
    """A part of what ``os.stat`` gives, under its names, made in a fraction of the time."""

    @property
    def st_mode(self) -> int: ...
    @property
    def st_ino(self) -> int: ...
    @property
    def st_dev(self) -> int: ...
    @property
    def st_nlink(self) -> int: ...
    @property
    def st_uid(self) -> int: ...
    @property
    def st_gid(self) -> int: ...
    @property
    def st_size(self) -> int: ...
    @property
    def st_blocks(self) -> int: ...
    @property
    def st_rdev(self) -> int: ...
    @property
    def st_mtime_ns(self) -> int: ...
    @property
    def bare(self) -> bool:
        """Whether it is known to have no extended attributes; a link itself counts as bare."""

def look(folder: int, name: bytes, *, follow: bool = False) -> Status:
    """Return what is known of a name in the open folder; where ``follow``, of what a link leads to.

    Raises:
        OSError: as ``os.stat``.
        ValueError: the name holds a NUL.
    """
