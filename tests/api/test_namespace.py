import re
import subprocess
import sys
from pathlib import Path

import pytest

import compressor

ROOT = Path(__file__).parents[2]


def test_the_namespace_is_what_the_documentation_lists() -> None:
    text = (ROOT / "docs/library.md").read_text()
    table = text.split("## Names", 1)[1].split("\n## ", 1)[0]
    documented = re.findall(r"^\| `([\w]+)", table, re.MULTILINE)

    assert sorted(documented) == sorted(compressor.__all__)


def test_every_public_name_is_there() -> None:
    assert all(getattr(compressor, name) is not None for name in compressor.__all__)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        compressor.nonsense  # noqa: B018


def test_dir_lists_the_names_before_they_are_loaded() -> None:
    assert set(compressor.__all__) <= set(dir(compressor))


def test_importing_the_package_loads_none_of_it() -> None:
    code = "import sys, compressor; print([m for m in sys.modules if m.startswith('compressor.')])"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)

    assert result.stdout.strip() == b"[]"


def test_every_error_of_the_tree_is_public() -> None:
    from compressor import errors

    tree = {name for name in vars(errors) if name.endswith("Error")}

    assert tree == {name for name in compressor.__all__ if name.endswith("Error")}
