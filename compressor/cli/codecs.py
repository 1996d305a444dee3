"""compressor codecs."""

from collections.abc import Iterator
from typing import Any

import click

from compressor.cli.options import report_from, reporting
from compressor.errors import PlugInError, UnsupportedError
from compressor.stages import TABLE, plugins, stage_by_name
from compressor.stages.base import StageInfo


@click.command()
@reporting
def codecs(**options: Any) -> int:
    r"""List the codecs, their options, and the libraries behind them.

    \b
      compressor codecs
      compressor compress --codec lz4:level=9 big.log
    """
    report = report_from(options)
    for name in _names():
        try:
            info = stage_by_name(name)
            lines, fields = _lines(info), _fields(info)
        except UnsupportedError as error:  # the others can be listed all the same
            lines, fields = f"{name:<12}broken: {error}", _broken(name, error)
        report.output("codec", lines, **fields)
    return report.exit_code


def _names() -> Iterator[str]:
    yield from TABLE
    yield from (name for name in plugins.names() if name not in TABLE)


def _broken(name: str, error: UnsupportedError) -> dict[str, Any]:
    """Return the fields of a stage of which nothing can be known."""
    whose = error.plug_in if isinstance(error, PlugInError) else ""
    no_provider = {"provider": whose, "version": "", "licence": "", "hint": ""}
    known = {"summary": "", "native": False, "outputs": 0, "based": False, "options": []}
    return {"name": name, **known, **no_provider, "broken": str(error)}


def _fields(info: StageInfo) -> dict[str, Any]:
    provider = info.provider()
    return {
        "name": info.name,
        "summary": info.summary,
        "native": info.native,
        "outputs": info.outputs,
        "based": info.based,
        "options": [
            {
                "name": o.name,
                "default": o.default,
                "allowed": o.allowed,
                "summary": o.summary,
            }
            for o in info.options
        ],
        "provider": provider.name,
        "version": provider.version,
        "licence": provider.licence,
        "hint": provider.hint,
        "broken": "",
    }


def _lines(info: StageInfo) -> str:
    provider = info.provider()
    state = f"{provider.version}, {provider.licence}" if provider.version else "missing"
    lines = [f"{info.name:<12}{info.summary}", f"{'':<12}by {provider.name} ({state})"]
    lines += [
        f"{'':<12}{o.name}, {o.allowed}, default {o.default}: {o.summary}" for o in info.options
    ]
    if provider.hint:
        lines.append(f"{'':<12}{provider.hint}")
    return "\n".join(lines)


COMMAND = codecs
