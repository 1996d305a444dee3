"""Levels 1 to 9 as chains, and what else blocks are tried with at a level."""

from compressor.errors import ChainError, UnknownStageError, UsageError
from compressor.plan.densest import STRONG, Trials, densest
from compressor.stages.chain import Chain, parse

DEFAULT = 3
LEVELS = {
    1: "zstd:level=1",
    2: "zstd:level=2",
    3: "zstd:level=3",
    4: "zstd:level=5",
    5: "zstd:level=7",
    6: "zstd:level=9",
    7: "zstd:level=12",
    8: "zstd:level=19",
    9: STRONG,
}
FAST = "zstd:level=-3"
SOLID_SIZES = {5: 8 << 20, 6: 16 << 20, 7: 16 << 20, 8: 32 << 20, 9: 24 << 20}
"""Bytes that small files share from these levels on: a block each, .4 to 1.6 % less; decisions/0023."""


def chain_for(codec: str | None, level: int | None) -> Chain:
    """Return the chain that is asked for: by name, by level (1 to 9, 0: fastest), or the default.

    Raises:
        UsageError: both are given, the level is out of range, or the codec can't be asked for.
        TypeError: the codec is no text, or the level no whole number.
    """
    if not isinstance(codec, str | None):
        raise TypeError(f"codec is a str, such as 'zstd:level=19', not {type(codec).__name__}")
    if not isinstance(level, int | None):
        raise TypeError(f"level is an int from 0 to 9, not {type(level).__name__}")
    if codec is not None and level is not None:
        raise UsageError(
            'a codec and a level exclude each other: write codec="zstd:level=19"', "codec"
        )
    if codec is not None:
        return _unbased(_typed(codec))
    level = DEFAULT if level is None else level
    if level != 0 and level not in LEVELS:
        raise UsageError(
            f'level {level} is not from 1 to 9; codec="zstd:level=19" goes beyond', "codec"
        )
    return parse(LEVELS[level] if level else FAST)


def trials_for(level: int | None) -> Trials | None:
    """Return what blocks of any bytes are tried with at a level; None: the level's chain alone."""
    return densest() if level == max(LEVELS) else None


def _typed(text: str) -> Chain:
    """Read a chain that a user wrote: of that an unknown stage is a mistake like any other."""
    try:
        return parse(text)
    except UnknownStageError as error:
        what = f"no stage here is called {error.stage!r}: `compressor codecs` lists them"
        raise ChainError(what, text, error.column) from error


def _unbased(chain: Chain) -> Chain:
    if chain.based:
        raise UsageError(
            f"{chain} packs what sets a state apart from an earlier one: the archiver chooses it "
            "where it has both; name another codec for the rest"
        )
    return chain
