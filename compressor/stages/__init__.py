"""The one table of stages, and the entry points that extend it.

A name is written into archives: it is never given to another format.
"""

from importlib import import_module

from compressor.errors import UnsupportedError
from compressor.stages.base import StageInfo

__all__ = ["BASED", "ENTRY_POINT_GROUP", "TABLE", "stage_by_name"]

ENTRY_POINT_GROUP = "compressor.stages"

TABLE: dict[str, str] = {
    "store": "compressor.stages.codecs.store",
    "zstd": "compressor.stages.codecs.zstd",
    "lz4": "compressor.stages.codecs.lz4",
    "zlib": "compressor.stages.codecs.zlib",
    "bz2": "compressor.stages.codecs.bz2",
    "lzma": "compressor.stages.codecs.lzma",
    "lzo": "compressor.stages.codecs.lzo",
    "dense": "compressor.stages.codecs.dense",
    "huffman": "compressor.stages.codecs.huffman",
    "lzw": "compressor.stages.codecs.lzw",
    "lz77": "compressor.stages.codecs.lz77",
    "lz78": "compressor.stages.codecs.lz78",
    "preset": "compressor.stages.codecs.preset",
    "densedelta": "compressor.stages.codecs.densedelta",
    "floatdelta": "compressor.stages.codecs.floatdelta",
    "floatsplit": "compressor.stages.filters.floatsplit",
    "zeromask": "compressor.stages.filters.zeromask",
    "fields": "compressor.stages.filters.fields",
}
"""Name of a stage -> its module, imported when the name is first met."""

BASED = frozenset({"densedelta", "floatdelta"})
"""Those that are based, known without an import: nobody can ask for one."""


def stage_by_name(name: str) -> StageInfo:
    """Return the stage with this name, ours or a plug-in's.

    Raises:
        UnsupportedError: neither the table nor an installed plug-in has it.
    """
    if name in TABLE:
        info: StageInfo = import_module(TABLE[name]).STAGE
        return info
    from importlib.metadata import entry_points  # imported late: it takes half of a short run

    for entry in entry_points(group=ENTRY_POINT_GROUP, name=name):
        loaded = entry.load()
        if isinstance(loaded, StageInfo) and loaded.name == name:
            return loaded
        raise UnsupportedError(f"plug-in {entry.value!r} does not define a stage named {name!r}")
    raise UnsupportedError(
        f"stage {name!r} is unknown to this release; install the plug-in that brings it, "
        "or a newer release (`compressor codecs` lists what is here)"
    )
