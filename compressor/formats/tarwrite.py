"""Members into a tar file of the pax format, which can hold all that an archive records."""

import tarfile

from compressor.formats.members import Kind, Member
from compressor.formats.tar import BLOCK, XATTR, escaped

END = bytes(2 * BLOCK)
RECORD = 20 * BLOCK  # bytes; a tar file is filled up to a multiple of so many

_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.FOLDER: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARDLINK: tarfile.LNKTYPE,
    Kind.FIFO: tarfile.FIFOTYPE,
    Kind.CHAR_DEVICE: tarfile.CHRTYPE,
    Kind.BLOCK_DEVICE: tarfile.BLKTYPE,
}


class _Header(tarfile.TarInfo):
    @classmethod
    def _create_pax_generic_header(
        cls, pax_headers: dict[str, str], type: bytes, encoding: str
    ) -> bytes:
        """Return a header of the pax format, with names as the bytes they are, as GNU tar writes it.

        The library would say ``hdrcharset=BINARY`` where they are not UTF-8, of which GNU tar warns.
        """
        records = b"".join(
            _record(
                key.encode("utf-8", "surrogateescape"), value.encode(encoding, "surrogateescape")
            )
            for key, value in pax_headers.items()
        )
        info = {
            "name": "././@PaxHeader",
            "type": type,
            "size": len(records),
            "magic": b"ustar\x0000",
        }
        start: bytes = cls._create_header(info, tarfile.USTAR_FORMAT, "ascii", "replace")  # type: ignore[attr-defined]
        return start + records + padding(len(records))


def _record(key: bytes, value: bytes) -> bytes:
    """Return a pair, behind a length that counts itself."""
    rest = len(key) + len(value) + 3
    size = rest + len(str(rest))
    size = rest + len(str(size))
    return b"%d %b=%b\n" % (size, key, value)


def header(member: Member) -> bytes:
    """Return what comes before a member's bytes: of a file with holes before those of its data."""
    info = _Header(_text(member.name))
    pax = {XATTR + escaped(_text(name)): _text(value) for name, value in member.xattrs}
    info.type = _TYPES[member.kind]
    info.size = member.size
    info.mode = member.mode if member.mode is not None else _usual_mode(member.kind)
    info.uid, info.gid = member.uid or 0, member.gid or 0
    info.uname, info.gname = member.user or "", member.group or ""
    info.linkname = _text(member.target or b"")
    info.devmajor, info.devminor = member.device or (0, 0)
    seconds, rest = divmod(member.mtime_ns or 0, 10**9)
    info.mtime = seconds
    if rest:
        pax["mtime"] = _seconds(member.mtime_ns or 0)
    layout = b""
    if member.data is not None:
        layout = _layout(member.data, member.size)
        pax |= {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        pax |= {"GNU.sparse.name": info.name, "GNU.sparse.realsize": str(member.size)}
        info.name = "GNUSparseFile.0/" + info.name[-80:].rpartition("/")[2]
        info.size = len(layout) + sum(length for _, length in member.data)
    info.pax_headers = pax
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape") + layout


def padding(size: int) -> bytes:
    """Return the zeros behind so many bytes of a member."""
    return bytes(-size % BLOCK)


def _layout(data: list[tuple[int, int]], size: int) -> bytes:
    """Return the map of a file with holes, as GNU's format 1.0 has it: in text, filled up to whole blocks."""
    places = [*data, (size, 0)]  # where it ends counts as data of no length
    numbers = [len(places), *(number for place in places for number in place)]
    text = b"".join(b"%d\n" % number for number in numbers)
    return text + padding(len(text))


def _usual_mode(kind: Kind) -> int:
    return 0o755 if kind is Kind.FOLDER else 0o777 if kind is Kind.SYMLINK else 0o644


def _seconds(time_ns: int) -> str:
    sign, time_ns = "-" * (time_ns < 0), abs(time_ns)
    return f"{sign}{time_ns // 10**9}.{time_ns % 10**9:09}".rstrip("0").rstrip(".")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
