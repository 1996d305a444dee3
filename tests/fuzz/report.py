"""The table of results in docs/fuzzing.md: one row a target, kept until it is fuzzed again."""

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/fuzzing.md"


def update(section: str, rows: dict[str, list[str]]) -> None:
    """Replace or add ``rows`` between the markers of ``section``; other rows stay.

    Raises:
        ValueError: the page lacks the markers ``<!-- section -->`` and ``<!-- /section -->``.
    """
    text = PAGE.read_text()
    start = text.index(f"<!-- {section} -->\n")
    end = text.index(f"<!-- /{section} -->", start)
    head, columns, rule, *old = text[start:end].splitlines()
    table = {line.split("|")[1].strip(): line for line in old}
    table |= {name: f"| {' | '.join([name, *cells])} |" for name, cells in rows.items()}
    lines = [head, columns, rule, *(table[name] for name in sorted(table)), ""]
    PAGE.write_text(text[:start] + "\n".join(lines) + text[end:])
