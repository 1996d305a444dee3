"""Write the man pages, which say what --help says: python tools/man_pages.py DIRECTORY.

One page for `compressor`, one for each command. click-man would do, but takes the lines of examples for
one paragraph and leaves characters that roff takes for its own as they are.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path

import click

from compressor.cli import COMMANDS, commands

KEPT = "\b\n"
"""How click marks a paragraph whose lines stay as they are."""

EXITS = (
    (0, "all done"),
    (1, "a problem with a file or the system"),
    (2, "wrong usage"),
    (3, "some of several inputs failed, or something asked for was skipped"),
    (4, "damaged data, or a limit exceeded"),
    (5, "the archive needs a feature, a stage or a base that is missing here"),
    (130, "ended by Ctrl-C; by SIGTERM: 143"),
)


def escaped(text: str) -> str:
    """Return text that roff prints as it is."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


def paragraphs(help_text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; examples keep their lines."""
    for paragraph in re.split(r"\n\s*\n", cleandoc(help_text)):
        if paragraph.startswith(KEPT):
            yield f".PP\n.nf\n{escaped(paragraph.removeprefix(KEPT))}\n.fi"
        else:
            yield f".PP\n{escaped(' '.join(paragraph.split()))}"


def tagged(items: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines of a list of terms and what they mean."""
    for term, meaning in items:
        yield f".TP\n\\fB{escaped(term)}\\fR\n{escaped(' '.join(meaning.split()))}"


def section(title: str, lines: Iterator[str]) -> str:
    """Return a section, or nothing where it has no lines."""
    text = "\n".join(lines)
    return f".SH {title}\n{text}\n" if text else ""


def page(context: click.Context) -> str:
    """Return the man page of a command."""
    command, name = context.command, context.command_path.replace(" ", "-")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    records = (i.get_help_record(context) for i in command.params if isinstance(i, click.Option))
    options = [record for record in records if record]
    below = [(verb, commands.get_command(context, verb)) for verb in subcommands(context)]
    return "".join(
        [
            f'.TH "{name.upper()}" 1 "" "compressor {version("compressor-cz")}" "compressor"\n.ad l\n',
            f".SH NAME\n{escaped(name)} \\- {escaped(command.get_short_help_str(200))}\n",
            f".SH SYNOPSIS\n.B {escaped(usage)}\n",
            section("DESCRIPTION", paragraphs(command.help or "")),
            section("OPTIONS", tagged(options)),
            section("COMMANDS", tagged([(v, c.get_short_help_str(200)) for v, c in below if c])),
            section("EXIT STATUS", tagged([(str(code), what) for code, what in EXITS])),
            section("SEE ALSO", iter([see_also(context)])),
        ]
    )


def subcommands(context: click.Context) -> list[str]:
    """Return the names of the commands below this one."""
    return list(COMMANDS) if context.command is commands else []


def see_also(context: click.Context) -> str:
    """Return the pages that lead on from this one."""
    if context.command is not commands:
        return r"\fBcompressor\fR(1)"
    return ", ".join(rf"\fBcompressor\-{verb}\fR(1)" for verb in COMMANDS)


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name of each page's file, and the page."""
    top = click.Context(commands, info_name="compressor")
    yield "compressor.1", page(top)
    for verb in COMMANDS:
        command = commands.get_command(top, verb)
        if command is not None:
            yield f"compressor-{verb}.1", page(click.Context(command, top, info_name=verb))


def main(folder: Path) -> None:
    """Write all pages into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
