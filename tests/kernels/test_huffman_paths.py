"""Every path of the huffman kernel in C, under sanitizers, and on an emulated processor."""

import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from compressor.kernels import huffman as kernel
from tests.vectors.make_huffman import CASES

ROOT = Path(__file__).parents[2]
KERNELS = ROOT / "compressor/kernels"
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CROSS = "aarch64-linux-gnu-gcc"  # Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross
EMULATOR = "qemu-aarch64"  # Debian: qemu-user


def build(folder: Path, *command: str) -> Path:
    """Compile tests/kernels/huffman_paths.c with the kernel, or skip where that can't be done."""
    program = folder / "huffman_paths"
    sources = [Path(__file__).with_name("huffman_paths.c")]
    sources += sorted(KERNELS.glob("huffman_*.c"))
    done = subprocess.run(
        [*command, "-std=gnu11", "-O2", *sources, "-o", program], capture_output=True, check=False
    )
    if done.returncode and b"cannot find" in done.stderr:
        pytest.skip(f"{command[0]} lacks a library")
    assert not done.returncode, done.stderr
    return program


def run(folder: Path, rounds: int, *command: str | Path) -> str:
    """Run the program over the golden files and ``rounds`` blocks; return what it prints."""
    pairs: list[str | Path] = []
    for name, plain in CASES.items():
        (folder / name).write_bytes(plain())
        pairs += [folder / name, ROOT / f"tests/vectors/huffman/{name}.packed"]
    done = subprocess.run(
        [*command, str(rounds), *pairs], capture_output=True, text=True, check=False
    )
    assert not done.returncode, (done.stdout + done.stderr)[-2000:]
    return done.stdout


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_all_paths_agree_and_keep_to_their_buffers(tmp_path: Path) -> None:
    program = build(tmp_path, "cc", *SANITIZERS)

    printed = run(tmp_path, 250, program)

    names = " ".join(kernel.kernel_names())
    assert printed == f"{names} agree on {len(CASES)} golden files and 250 blocks\n"


@pytest.mark.skipif(platform.machine() == "aarch64", reason="this processor is no other one")
def test_neon_agrees_on_an_emulated_processor(tmp_path: Path, peer: Callable[[str], str]) -> None:
    emulator = peer(EMULATOR)
    program = build(tmp_path, peer(CROSS), "-static")

    printed = run(tmp_path, 150, emulator, program)

    assert printed == f"portable neon agree on {len(CASES)} golden files and 150 blocks\n"
