"""The library in one sitting: bytes, files, text, members, a range, an error."""

import tempfile
from pathlib import Path

import compressor

folder = Path(tempfile.mkdtemp())
plain = b"twelve bytes" * 1000

packed = compressor.compress(plain, level=9)
assert compressor.decompress(packed) == plain
print(f"{len(plain)} bytes in {len(packed)}")

log = folder / "log.cz"
with compressor.open(log, "wt", encoding="utf-8") as file:
    file.write("first line\n")
    file.flush()  # from here on others can read it
    file.write("second line\n")
with compressor.open(log, "at", encoding="utf-8") as file:
    file.write("third line\n")
with compressor.open(log, "rt", encoding="utf-8") as file:
    print([line.rstrip() for line in file])

data = folder / "data.cz"
with compressor.open(data, "wb", codec="zstd:level=5", threads=0, name="data.bin") as file:
    for number in range(100_000):
        file.write(number.to_bytes(4, "little"))
with compressor.Archive(data) as archive:
    for member in archive:
        print(member.name, member.size, member.blake3.hex()[:8])
    print(list(archive.read("data.bin", 400, 408)))  # only the blocks that hold them are read

try:
    compressor.decompress(packed[:-1])
except compressor.UnfinishedError as error:
    print(f"error: {error}")
