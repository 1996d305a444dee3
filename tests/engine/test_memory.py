"""The memory budget, measured as the peak resident size of whole processes."""

import filecmp
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MIB = 1 << 20
CLI = [sys.executable, "-m", "compressor"]


def peaks(generate: list[str], *options: str) -> list[int]:
    """Run generate | compress | decompress | compare; return the peaks of the middle two, in bytes."""
    watch = [sys.executable, __file__]
    with (
        _started(generate, None) as producer,
        _started([*watch, *CLI, "compress", *options], producer.stdout) as packer,
        _started([*watch, *CLI, "decompress", *options[:4]], packer.stdout) as unpacker,
        _started(["cksum"], unpacker.stdout) as checker,
        _started(generate, None) as again,
        _started(["cksum"], again.stdout) as reference,
    ):
        for process in (producer, packer, unpacker, again):
            process.stdout.close()  # ours: the process behind it has its own
        found, expected = checker.stdout.read(), reference.stdout.read()
        highest = [_peak(packer), _peak(unpacker)]  # which fails first, and says why
        assert found == expected
        return highest


def within(budget: int, found: list[int]) -> bool:
    """Say whether all peaks are below the budget, in bytes; `pytest -rP` shows what they are."""
    sys.stdout.write("peaks of packing, unpacking: " + ", ".join(f"{n >> 20} MiB" for n in found))
    return max(found) < budget


def _started(command: list[str], stdin) -> subprocess.Popen:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=stdin, stdout=pipe, stderr=pipe)


def _peak(process: subprocess.Popen) -> int:
    said = process.stderr.read().decode()
    assert process.wait() == 0, said
    return int(said.split()[-1]) * 1024


def _generator(size: int) -> list[str]:
    program = (
        "import os,sys,random\n"
        "r = random.Random(1); block = r.randbytes(1 << 19) + bytes(1 << 19)\n"
        f"for n in range({size >> 20}): os.write(1, block) if n % 2 else os.write(1, block[::-1])"
    )
    program = program.replace("os.write(1, ", "sys.stdout.buffer.write(")
    return [sys.executable, "-c", program]


@pytest.mark.parametrize("budget", [160, 320])
def test_a_stream_stays_within_the_budget_both_ways(budget) -> None:
    options = ["--memory", f"{budget}M", "-T", "8"]

    assert within(budget * MIB, peaks(_generator(192 * MIB), *options))


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize(
    "codec",
    [
        "zstd:level=3",
        "lz4",
        "zlib:level=1",
        "zstd:level=-3:long=27",
        "huffman",
        "lzw",
        "lz78",
        "preset",
    ],
)
def test_four_gib_stay_within_the_default_budget(codec) -> None:
    options = ["--memory", "1G", "-T", "0", "--codec", codec]

    assert within(1024 * MIB, peaks(_generator(4096 * MIB), *options))


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("codec", ["zstd:level=22", "lzma:level=9", "bz2", "lz4:level=12"])
def test_the_highest_levels_stay_within_the_default_budget(codec) -> None:
    options = ["--memory", "1G", "-T", "0", "--codec", codec]

    assert within(1024 * MIB, peaks(_generator(256 * MIB), *options))


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_the_densest_level_stays_within_the_default_budget() -> None:
    options = ["--memory", "1G", "-T", "0", "-9"]

    assert within(1024 * MIB, peaks(_generator(256 * MIB), *options))


def watched(*words: str) -> int:
    """Run a command of ours on files; return its peak in bytes."""
    with _started([sys.executable, __file__, *CLI, *words], subprocess.DEVNULL) as process:
        return _peak(process)


def write_tensor(path: Path, size: int) -> None:
    """Write a file of one tensor, bf16, whose numbers lie as weights do."""
    drawn = np.random.default_rng(1).normal(0, 0.02, 1 << 22).astype(np.float32)
    numbers = (drawn.view(np.uint32) >> 16).astype("<u2")
    entry = {"dtype": "BF16", "shape": [size // 8192, 4096], "data_offsets": [0, size]}
    header = json.dumps({"weight": entry}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for number in range(size // numbers.nbytes):  # turned round, so that nothing comes twice
            file.write((np.roll(numbers, number * 4099) ^ np.uint16(number & 3)).tobytes())


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("level", ["-3", "-9"])
def test_a_tensor_of_three_gib_stays_within_the_default_budget(tmp_path, level) -> None:
    plain, packed, back = (tmp_path / name for name in ("plain", "packed.cz", "back"))
    write_tensor(plain, 3 << 30)

    budget = ["--memory", "1G", "-q"]
    into = watched("compress", level, *budget, str(plain), "-o", str(packed))
    out = watched("decompress", *budget, str(packed), "-o", str(back))

    assert filecmp.cmp(plain, back, shallow=False)
    assert packed.stat().st_size < 0.7 * plain.stat().st_size
    assert within(1024 * MIB, [into, out])


if __name__ == "__main__":  # run a command, then say its peak in KiB as the last word of stderr
    code = subprocess.call(sys.argv[1:])
    sys.stderr.write(f" {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}\n")
    os._exit(code)
