"""Compare what the index of an archive takes by rows and by columns.

python benchmarks/leaves.py ARCHIVE...
"""

import sys
import zlib
from pathlib import Path

import msgspec

from compressor.archive.index import Index, indexes
from compressor.archive.leaf import ZLIB_LEVEL, Entry
from compressor.archive.record import Kind
from compressor.archive.source import RandomSource


def packed(rows: list[list[object]]) -> int:
    """Return the bytes of rows packed as a leaf's columns are."""
    return len(zlib.compress(msgspec.msgpack.encode(rows), ZLIB_LEVEL))


def row(entry: Entry) -> list[object]:
    """Return all of an entry but the hash of its content."""
    owner = [entry.owner.uid, entry.owner.gid, entry.owner.user, entry.owner.group]
    what = [entry.name, entry.kind, entry.mtime_ns, entry.mode, owner, entry.xattrs]
    return [*what, entry.target, entry.device, entry.size, entry.level, entry.spans, entry.kept]


def measure(index: Index) -> None:
    """Print the figures of one version."""
    members = leaves = hashes = inside = apart = columns = 0
    for ref in index.leaves():
        entries = list(index.listed(ref))
        rows = [row(entry) for entry in entries]
        leaves, members = leaves + 1, members + len(entries)
        hashes += sum(len(entry.content_hash) for entry in entries)
        inside += packed([[*cells, e.content_hash] for cells, e in zip(rows, entries, strict=True)])
        apart += packed(rows)
        columns += len(index.record(ref.offset, Kind.MEMBERS).checked()[1])
    print(f"{members:,} members in {leaves} leaves; hashes alone {hashes:,} B")
    print(f"  rows, hashes inside      {inside:>12,} B")
    print(f"  rows, hashes apart       {apart + hashes:>12,} B")
    print(f"  columns, as in archives  {columns:>12,} B")


def main() -> None:
    """Measure the last version of each archive."""
    for path in sys.argv[1:]:
        with Path(path).open("rb") as file:
            print(path)
            measure(indexes(RandomSource(file))[-1])


if __name__ == "__main__":
    main()
