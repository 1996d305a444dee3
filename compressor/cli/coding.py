"""Options of what packs: which chain, blocks of which size, and what is said of the version."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from compressor.archive.record import MAX_BLOCK
from compressor.cli import completion
from compressor.cli.options import Integer, Size, together
from compressor.cli.report import Report
from compressor.engine.packoptions import LEAST_BLOCK, SOLID_SIZE, PackOptions
from compressor.errors import UsageError
from compressor.plan.levels import DEFAULT, LEVELS, SOLID_SIZES, chain_for, trials_for
from compressor.plan.numbers import NONE, Codings, codings_for

FLOATS = ("bf16", "f16", "f32", "f64", "f8_e4m3", "f8_e5m2")
INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Level(click.Option):
    """One of nine options; the help has one line for them all."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the line, for the first."""
        del ctx
        if self.flag_value != 1:
            return None
        return "-1 ... -9", f"Level, from fast to small; -{DEFAULT} if none is given."


class Time(click.ParamType[int]):
    """A time, as nanoseconds since 1970: ISO 8601 (UTC unless it says otherwise), or ``@`` and seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a time."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        if since_epoch := re.fullmatch(r"@(-?[0-9]{1,18})", text):
            return int(since_epoch[1]) * 10**9
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"{value!r} is no time; write 2026-11-22T10:00:00Z or @1763800000", param, ctx
            )
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - EPOCH) // timedelta(microseconds=1) * 1000


coding = together(
    click.option(
        "--codec",
        metavar="CHAIN",
        help="A codec with options, such as zstd:level=19.",
        shell_complete=completion.codecs,
    ),
    *(
        click.option(f"-{level}", "level", cls=_Level, flag_value=level, type=int)
        for level in range(1, 10)
    ),
    click.option("--level", type=Integer(0, 9), help="The same, by name; 0 is --fast."),
    click.option("--fast", "level", flag_value=0, type=int, help="Faster than -1."),
    click.option("--best", "level", flag_value=9, type=int, help="The same as -9."),
    click.option(
        "--dtype",
        type=click.Choice([*FLOATS, *INTEGERS], case_sensitive=False),
        help="What files hold that do not say it: arrays without a header, pipes.",
    ),
    click.option(
        "--block-size",
        type=Size(MAX_BLOCK, least=LEAST_BLOCK),
        help="Bytes that are packed, and read back, as one; at least 4K.",
    ),
    click.option(
        "--solid-size",
        type=Size(MAX_BLOCK),
        help="Bytes that small files share as one block.  [default: 4M; a block from -5 on]",
    ),
    click.option(
        "--verify/--no-verify", default=None, help="Decode each block before it is written."
    ),
)

versioning = together(
    click.option("--label", default="", metavar="TEXT", help="What to call this version."),
    click.option(
        "--time",
        type=Time(),
        help="When it was made (2026-11-22T10:00Z, @SECONDS).  [default: that of the newest file]",
    ),
)


def packing_from(options: Mapping[str, Any], report: Report) -> PackOptions:
    """Return what the options say of packing; from where and to where is the command's to say."""
    level = level_from(options)
    known = DEFAULT if level is None else level
    return PackOptions(
        chain_for(options["codec"], level),
        options["block_size"],
        options["solid_size"] or SOLID_SIZES.get(known, SOLID_SIZE),
        options["threads"],
        options["memory"],
        options["verify"],
        codings=_codings(options, known),
        trials=trials_for(level),
        dtype=(options["dtype"] or "").upper(),  # as the table of codings has it
        warn=report.warn,
    )


def _codings(options: Mapping[str, Any], level: int) -> Codings:
    """Return how numbers are packed: as the level has it, and like any bytes where a codec is named."""
    if options["codec"] is None:
        return codings_for(level)
    for name, given in (("dtype", options["dtype"]), ("base", options["bases"])):
        if given:
            raise UsageError(f"--codec packs any bytes alike; --{name} goes with levels")
    return NONE


def level_from(options: Mapping[str, Any]) -> int | None:
    """Return the level asked for, by option or by the environment; a codec needs none."""
    level: int | None = options["level"]
    text = os.environ.get("COMPRESSOR_LEVEL")
    if level is not None or options["codec"] is not None or not text:
        return level
    if text not in map(str, LEVELS):
        raise UsageError(f"COMPRESSOR_LEVEL={text!r} is not a level from 1 to 9")
    return int(text)
