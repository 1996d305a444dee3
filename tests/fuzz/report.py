"""The table of results in docs/fuzzing.md: one row a target, kept until it is fuzzed again."""

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/fuzzing.md"


def update(rows: dict[str, list[str]]) -> None:
    """Replace or add ``rows`` between the markers; other rows stay.

    Raises:
        ValueError: the page lacks the markers ``<!-- results -->`` and ``<!-- /results -->``.
    """
    text = PAGE.read_text()
    start = text.index("<!-- results -->\n")
    end = text.index("<!-- /results -->", start)
    head, columns, rule, *old = text[start:end].splitlines()
    table = {line.split("|")[1].strip(): line for line in old}
    table |= {name: f"| {' | '.join([name, *cells])} |" for name, cells in rows.items()}
    lines = [head, columns, rule, *(table[name] for name in sorted(table)), ""]
    PAGE.write_text(text[:start] + "\n".join(lines) + text[end:])
