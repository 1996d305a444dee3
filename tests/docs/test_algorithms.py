"""The page that teaches the codecs says what the references do."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/algorithms.md"


def test_every_line_of_the_page_runs() -> None:
    lines = [line for line in PAGE.read_text().split("\n") if line != "```python"]
    text = "\n".join("" if line == "```" else line for line in lines)  # which ends what is shown
    page = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)

    result = doctest.DocTestRunner().run(page)

    assert result.failed == 0
    assert result.attempted > 20
