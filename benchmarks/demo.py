"""The main job on files that this machine has, by every codec, byte for byte: `make demo`.

Times are those of whole processes, interpreter and start included, and of one run: a look, not a
measurement (`make bench` measures).
"""

import array
import json
import random
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

# Bytes of each kind: every codec, the slowest too, within two minutes of building and running.
SIZE = 4 << 20
FOLDER = Path("build/demo")
COMPRESSOR = str(Path(sys.executable).with_name("compressor"))
PEERS = {"zstd -3 -T0": ("zstd", "-q", "-3", "-T0"), "gzip": ("gzip",)}
STDLIB = Path(sysconfig.get_path("stdlib"))
ROW = "{:<9} {:<16} {:>11} {:>11} {:>6}  {:>8} {:>8}"


def main() -> None:
    """Do the job; end with an error at the first byte that differs."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    many_files()
    table()
    run("test", *map(str, sorted(FOLDER.glob("*.cz"))))
    print("\nSpeeds are those of whole processes, their start included (`make bench` measures).")
    print("Every archive was tested, and restored through a pipe: all bytes are the same.")
    print(f"The archives are in {FOLDER}/. The command that was built:")
    print("  .venv/bin/compressor --help")
    print("  .venv/bin/compressor list build/demo/stdlib.cz | tail")
    print('  export PATH="$PWD/.venv/bin:$PATH"     then just: compressor')


def many_files() -> None:
    """Pack the standard library's sources into one archive, list, test, restore, compare."""
    names = sorted(str(path.relative_to(STDLIB)) for path in sources())
    archive, restored = (FOLDER / "stdlib.cz").absolute(), FOLDER / "restored"
    listed = "\0".join(names).encode()
    run("compress", "-o", str(archive), "--files-from", "-", "-0", cwd=STDLIB, data=listed)
    lines = run("list", str(archive)).decode().splitlines()
    assert len(lines) == len(names) + 1
    run("test", str(archive))
    run("decompress", str(archive), "-C", str(restored))
    for name in names:
        assert (restored / name).read_bytes() == (STDLIB / name).read_bytes(), name
    shutil.rmtree(restored)
    print(
        f"{len(names)} files of Python's library in one archive, restored, the same byte for byte:"
    )
    print(f"{lines[-1].replace(str(archive.parent), str(FOLDER)).strip()}\n")


def sources() -> Iterator[Path]:
    """Yield the standard library's modules."""
    skipped = {"site-packages", "dist-packages", "test", "tests", "__pycache__"}
    for path in STDLIB.rglob("*.py"):
        if not skipped.intersection(path.relative_to(STDLIB).parts) and not path.is_symlink():
            yield path


def table() -> None:
    """Print a row for each kind of data and each way to pack it."""
    print(ROW.format("kind", "how", "raw", "stored", "ratio", "in MB/s", "out MB/s"))
    for kind, data in kinds():
        plain = FOLDER / f"{kind}.bin"
        plain.write_bytes(data)
        row(kind, "default", plain, [COMPRESSOR, "-c"], [COMPRESSOR, "-dc"])
        for codec in codecs(kind):
            row(kind, codec, plain, [COMPRESSOR, "-c", "--codec", codec], [COMPRESSOR, "-dc"])
        for name, peer in PEERS.items():
            if shutil.which(peer[0]):
                row(kind, name, plain, [*peer, "-c"], [*peer, "-dc"])


def kinds() -> Iterator[tuple[str, bytes]]:
    """Yield text, machine code and numbers, up to ``SIZE`` bytes of each."""
    yield "sources", joined(sorted(sources()))
    yield "libraries", joined(sorted(shared_objects()))
    yield "float32", numbers(SIZE // 4)


def joined(paths: list[Path]) -> bytes:
    """Return the content of files in a row, up to ``SIZE`` bytes."""
    found = bytearray()
    for path in paths:
        found += path.read_bytes()
        if len(found) >= SIZE:
            break
    return bytes(found[:SIZE])


def shared_objects() -> Iterator[Path]:
    """Yield what is loaded into this process, and the interpreter's and its packages' modules."""
    maps = Path("/proc/self/maps")
    loaded = (
        {line.split()[-1] for line in maps.read_text().splitlines()} if maps.exists() else set()
    )
    yield from (Path(name) for name in loaded if ".so" in name and Path(name).is_file())
    yield Path(sys.executable).resolve()
    for folder in (STDLIB, Path(sysconfig.get_path("platlib"))):
        yield from folder.rglob("*.so")


def numbers(count: int) -> bytes:
    """Return float32 numbers as a layer's weights are, normally distributed, as an .npy file; seed 8."""
    drawn = random.Random(8)
    values = array.array("f", (drawn.gauss(0, 0.02) for _ in range(count)))
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},), }}"
    header = header.ljust(117) + "\n"  # 128 bytes with what stands before it
    return (
        b"\x93NUMPY\x01\x00"
        + len(header).to_bytes(2, "little")
        + header.encode()
        + values.tobytes()
    )


def codecs(kind: str) -> list[str]:
    """Return the codecs that are here and may be asked for: not those that need a base.

    Those of numbers are for numbers alone, and are told of what type these are.
    """
    found = [json.loads(line) for line in run("codecs", "--json").splitlines()]
    names = []
    for item in found:
        if not item.get("version") or item["outputs"] or item["based"]:
            continue
        typed = any(option["name"] == "dtype" for option in item["options"])
        if not typed:
            names.append(item["name"])
        elif kind == "float32":
            names.append(f"{item['name']}:dtype=fp32")
    return names


def row(kind: str, how: str, plain: Path, pack: list[str], unpack: list[str]) -> None:
    """Pack, check, restore through a pipe, compare; print what it took."""
    packed = FOLDER / f"{kind}.{how.split()[0]}{'.cz' if pack[0] == COMPRESSOR else ''}"
    data = plain.read_bytes()
    begun = time.perf_counter()
    with plain.open("rb") as source, packed.open("wb") as target:
        subprocess.run(pack, stdin=source, stdout=target, check=True)
    packed_after = time.perf_counter() - begun
    begun = time.perf_counter()
    restored = subprocess.run(
        unpack, input=packed.read_bytes(), stdout=subprocess.PIPE, check=True
    ).stdout
    restored_after = time.perf_counter() - begun
    assert restored == data, f"{packed} does not give its bytes back"
    size, mega = packed.stat().st_size, len(data) / 1e6
    speeds = f"{mega / packed_after:.0f}", f"{mega / restored_after:.0f}"
    shown = f"{len(data):,}", f"{size:,}", f"{size / len(data):.3f}"
    print(ROW.format(kind, how, *shown, *speeds), flush=True)


def run(*arguments: str, cwd: Path | None = None, data: bytes = b"") -> bytes:
    """Run the command that was built; return what it wrote."""
    command = [COMPRESSOR, *arguments]
    return subprocess.run(command, cwd=cwd, input=data, stdout=subprocess.PIPE, check=True).stdout


if __name__ == "__main__":
    main()
