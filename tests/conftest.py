"""What tests of every folder share."""

import importlib
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def _reachable(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let other users get at the folders of tests, as those that become nobody need it.

    Each time: another run of pytest, which begins meanwhile, closes the topmost one again.
    """
    base = tmp_path_factory.getbasetemp()
    for folder in (base, *base.parents):
        if folder.stat().st_uid == os.geteuid() and folder.name.startswith(("pytest-", "popen-")):
            folder.chmod(folder.stat().st_mode | 0o111)


@pytest.fixture(scope="session")
def peer() -> Callable[[str], str]:
    """Return a function from a program's name to its path.

    Where the program is missing, a user's test is skipped; where CI=true, it fails.
    """

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is not None:
            return path
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed, and CI=true wants every peer")
        return pytest.skip(f"{name} is not installed")

    return find


@pytest.fixture(scope="session")
def library() -> Callable[[str], Any]:
    """Return a function from the name of a large library to it; where it is missing: as with a peer."""

    def find(name: str) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return importlib.import_module(name)
        except ImportError:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{name} is not installed, and CI=true wants every peer")
            return pytest.skip(f"{name} is not installed: make models")

    return find
