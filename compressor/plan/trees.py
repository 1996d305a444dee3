"""Chains put together from their parts: of many, each start would feel the parsing (.4 ms a chain)."""

from compressor.stages import stage_by_name
from compressor.stages.chain import Chain


def tree(name: str, *children: Chain, **options: int | str) -> Chain:
    """Return a stage with these options, given in the order of its table, before its children."""
    info = stage_by_name(name)
    return Chain(info, tuple(options.items()), info.make(**options), children)
