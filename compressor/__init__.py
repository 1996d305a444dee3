"""Compress files, streams and folders, and get the same bytes back."""

__version__ = "0.1.0"

# Nothing is imported here: until the command line sees to it, a Ctrl-C is a traceback.
TYPE_CHECKING = False  # type checkers know better

__all__ = [
    "Appended",
    "Archive",
    "ChainError",
    "CompressorError",
    "CompressorFile",
    "DamagedBaseError",
    "DamagedError",
    "LimitError",
    "Limits",
    "Member",
    "MemberNotFoundError",
    "MemoryBudgetError",
    "MissingBaseError",
    "NotAnArchiveError",
    "OutputExistsError",
    "OutputRefusedError",
    "Packed",
    "PlugInError",
    "Pruned",
    "SeveralMembersError",
    "TruncatedError",
    "UnfinishedError",
    "UnknownStageError",
    "UnsafeNameError",
    "UnsupportedError",
    "UsageError",
    "Version",
    "VersionNotFoundError",
    "__version__",
    "append",
    "compress",
    "decompress",
    "open",
    "pack",
    "prune",
    "safe_open",
]

if TYPE_CHECKING:
    from compressor.api.content import CompressorFile, Limits, compress, decompress, open
    from compressor.api.tensors import safe_open
    from compressor.api.trees import (
        Appended,
        Archive,
        Member,
        Packed,
        Pruned,
        Version,
        append,
        pack,
        prune,
    )
    from compressor.errors import (
        ChainError,
        CompressorError,
        DamagedBaseError,
        DamagedError,
        LimitError,
        MemberNotFoundError,
        MemoryBudgetError,
        MissingBaseError,
        NotAnArchiveError,
        OutputExistsError,
        OutputRefusedError,
        PlugInError,
        SeveralMembersError,
        TruncatedError,
        UnfinishedError,
        UnknownStageError,
        UnsafeNameError,
        UnsupportedError,
        UsageError,
        VersionNotFoundError,
    )
else:
    _HOMES = dict.fromkeys(
        ("CompressorFile", "Limits", "compress", "decompress", "open"), "api.content"
    )
    _HOMES["safe_open"] = "api.tensors"

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used, so that ``compressor --version`` is quick."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = "errors" if name.endswith("Error") else _HOMES.get(name, "api.trees")
        value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
