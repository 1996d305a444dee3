"""docs/architecture.md: where a reader finds each module of the engine."""

import re

from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text()


def test_the_page_says_of_each_module_of_the_engine_what_it_is_for() -> None:
    table = PAGE.split("**The modules of `engine`", 1)[1].split("\n**", 1)[0]
    rows = re.findall(r"^\| .* \| (.*) \|$", table, re.MULTILINE)
    named = re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", " ".join(rows)))
    modules = [path.stem for path in (ROOT / "compressor/engine").glob("[a-z]*.py")]

    assert sorted(named) == sorted(modules)
