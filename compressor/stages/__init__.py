"""The one table of stages, and the entry points that extend it.

A name is written into archives: it is never given to another format.
"""

from importlib import import_module

from compressor.errors import UnknownStageError, UnsupportedError
from compressor.stages.base import StageInfo

__all__ = ["BASED", "TABLE", "stage_by_name"]

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


def stage_by_name(name: str, column: int = 0) -> StageInfo:
    """Return the stage with this name, ours or a plug-in's; ``column`` is where a chain has the name.

    Raises:
        UnknownStageError: neither the table nor an installed plug-in has it.
        UnsupportedError: its library is missing.
        PlugInError: the plug-in can't be imported.
    """
    if name in TABLE:
        try:
            info: StageInfo = import_module(TABLE[name]).STAGE
        except ImportError as error:
            what = f"stage {name!r} can't be had here, for its library can't be loaded ({error})"
            raise UnsupportedError(f"{what}: install compressor-cz anew") from error
        return info
    from compressor.stages.plugins import loaded  # imported late: most runs meet no plug-in

    found = loaded(name)
    if found is None:
        raise UnknownStageError(name, column)
    return found
