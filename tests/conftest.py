"""What tests of every folder share."""

import os
import shutil
from collections.abc import Callable

import pytest


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
