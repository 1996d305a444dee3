"""Check that native streams are the same bytes on arm64: python tools/arm64.py FOLDER.

Builds the kernels with Debian's cross compiler, and runs what compares golden files and archives with what
the kernels make of them: by an emulated processor and its own Python.
Needs Debian's apt-get and dpkg, gcc-aarch64-linux-gnu and qemu-user, and the bindings as `make build`
writes them. What it takes it keeps in FOLDER. Exit code 77 where an interpreter or a library for arm64
can't be had.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CROSS = "aarch64-linux-gnu-gcc"
EMULATOR = "qemu-aarch64"
PACKAGES = ("python3-minimal", "libpython3-stdlib", "libpython3-dev")
TESTED = ("pytest", "hypothesis")
PLATFORMS = ("manylinux_2_17_aarch64", "manylinux2014_aarch64", "manylinux_2_28_aarch64")
TESTS = (
    "tests/kernels",
    "tests/archive/test_vectors.py",
    "tests/api/test_vectors.py",
    "tests/stages/codecs/test_dense.py",
    "tests/stages/codecs/test_densedelta.py",
    "tests/stages/codecs/test_floatdelta.py",
)
SETTINGS = """[pytest]
addopts = --import-mode=importlib
pythonpath = .
markers =
    timeout(seconds): how long it may take
"""
CHOSEN = "(golden or vectors) and not making_golden and not reference"
"""What of the tests compares bytes that were made on another machine; the reference is slow there."""


class MissingError(Exception):
    """What this takes can't be had here."""


def run(*command: str | Path, **how: Any) -> str:
    """Run a command; return what it printed.

    Raises:
        MissingError: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    if done.returncode:
        raise MissingError(f"{' '.join(map(str, command))[:200]}: {done.stderr.strip()[-500:]}")
    return done.stdout


@contextmanager
def complete(folder: Path) -> Iterator[Path | None]:
    """Give a folder to fill, which gets its name when that was done; None where it was done before.

    What was begun and not ended, by a lost connection or by Ctrl-C, is begun anew; apt-get and pip compare
    what they load with its hash.
    """
    if folder.exists():
        yield None
        return
    begun = folder.with_name(f"{folder.name}.begun")
    shutil.rmtree(begun, ignore_errors=True)
    yield begun
    begun.rename(folder)


def unpack_python(folder: Path) -> Path:
    """Unpack Debian's Python for arm64 below ``folder``; return the interpreter."""
    root, state = folder / "root", folder / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True, exist_ok=True)
    options = [
        "APT::Architecture=arm64",
        "APT::Architectures=arm64",
        "Dir::State::status=/dev/null",
    ]
    options += [f"Dir::State::lists={state / 'lists'}", f"Dir::Cache={state / 'cache'}"]
    apt = ["apt-get", "-qq", "--yes", *(word for option in options for word in ("-o", option))]
    with complete(root) as begun:
        if begun:
            run(*apt, "update")
            run(*apt, "--no-install-recommends", "--download-only", "install", *PACKAGES)
            for package in sorted((state / "cache/archives").glob("*.deb")):
                run("dpkg", "-x", package, begun)
    return next((root / "usr/bin").glob("python3.[0-9]*[0-9]"))


def install_libraries(folder: Path, version: str) -> Path:
    """Install the libraries that compressor needs, for arm64; return their folder."""
    site = folder / "site"
    wanted = [*_project()["project"]["dependencies"], *TESTED]
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    with complete(site) as begun:
        if begun:
            pip = (sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check")
            how = ("--python-version", version, "--only-binary=:all:", "--target", begun)
            run(*pip, *platforms, *how, *wanted)
    return site


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def build(package: Path, python: Path) -> None:
    """Copy the sources below ``package``, and compile the kernels in the copy."""
    names = run("git", "ls-files", "compressor", "tests", "docs", cwd=ROOT).splitlines()
    for name in names:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, package / name)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda command: run(*command), _compilers(package, python)))


def _compilers(package: Path, python: Path) -> Iterator[list[str | Path]]:
    usr, version = python.parents[1], python.name.removeprefix("python")
    include = ("-I", usr / f"include/python{version}", "-idirafter", usr / "include")
    suffix = f"cpython-{version.replace('.', '')}-aarch64-linux-gnu.so"
    for extension in _project()["tool"]["setuptools"]["ext-modules"]:
        place = package / (extension["name"].replace(".", "/") + ".x")
        sources = [ROOT / name.replace(".pyx", ".c") for name in extension["sources"]]
        flags = extension.get("extra-compile-args", ["-O2"])
        yield [
            CROSS,
            "-shared",
            "-fPIC",
            *flags,
            *include,
            *sources,
            "-o",
            place.with_suffix("." + suffix),
        ]


def main() -> int:
    """Get, build and run all; return the exit code."""
    folder = Path(sys.argv[1]).absolute()
    try:
        for tool in (CROSS, EMULATOR, "apt-get", "dpkg"):
            if shutil.which(tool) is None:
                raise MissingError(f"{tool} is missing")
        python = unpack_python(folder)
        site = install_libraries(folder, python.name.removeprefix("python"))
    except MissingError as error:
        print(f"arm64 is not checked: {error}", file=sys.stderr)
        return 77
    package = folder / "package"
    shutil.rmtree(package, ignore_errors=True)
    build(package, python)
    places = os.pathsep.join(map(str, (package, site)))
    environment = os.environ | {"PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    settings = package / "pytest.ini"
    settings.write_text(SETTINGS)
    pytest = (
        "-P",
        "-m",
        "pytest",
        "-q",
        "-c",
        settings,
        "-p",
        "no:cacheprovider",
        "-k",
        CHOSEN,
        *TESTS,
    )
    emulator = (EMULATOR, "-L", python.parents[2], python)
    return subprocess.run(
        (*emulator, *pytest), cwd=package, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
