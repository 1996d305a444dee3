"""CPython's own tests of bz2, lzma and gzip files, run against ``compressor.open``.

Class, functions and compressed constants are replaced, nothing else: a case passes if our file object
does what Python's users know from those three. A case that can't run is listed with its reason.
"""

import importlib
import os
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import compressor
from compressor import CompressorError

SHARE = 0.85  # of all cases have to run

TRAILING = "bytes behind an archive are an error: they are no archive, and no declared padding"
HEADER = "it is about the fields of gzip's header"
OPTIONS = "it is about liblzma's options"

SHORTCUT = "it is about gzip.compress, not about files"
NAME = "GzipFile has a name and a mode of its own, BZ2File and LZMAFile those of the file below"
INNER = "it reaches into the insides of gzip's reader"

NOT_RUN = {
    "bz2.BZ2FileTest.testReadTrailingJunk": TRAILING,
    "bz2.BZ2FileTest.testReadMultiStreamTrailingJunk": TRAILING,
    "lzma.FileTestCase.test_read_trailing_junk": TRAILING,
    "lzma.FileTestCase.test_read_multistream_trailing_junk": TRAILING,
    "lzma.FileTestCase.test_init_bad_check": OPTIONS,
    "lzma.FileTestCase.test_init_bad_filter_spec": OPTIONS,
    "lzma.FileTestCase.test_init_bad_preset": OPTIONS + ": a preset of -1 overflows there",
    "lzma.FileTestCase.test_issue21872": "it is about LZMADecompressor, not about files",
    "gzip.TestGzip.test_compress_correct_level": SHORTCUT + ": its level 0 does not compress",
    "gzip.TestGzip.test_compress_mtime": SHORTCUT + ": its time",
    "gzip.TestGzip.test_compresslevel_metadata": HEADER,
    "gzip.TestGzip.test_metadata": HEADER,
    "gzip.TestGzip.test_metadata_ascii_name": HEADER,
    "gzip.TestGzip.test_mtime": HEADER,
    "gzip.TestGzip.test_fileobj_mode": "gzip infers the mode from its file, and warns of that itself",
    "gzip.TestGzip.test_gzip_BadGzipFile_exception": "our errors have a tree of their own",
    "gzip.TestGzip.test_prepend_error": INNER,
    "gzip.TestGzip.test_seek_write": "lzma's test_seek_bad_args asks for the opposite",
    "gzip.TestGzip.test_write_read_with_pathlike_file": NAME,
    "gzip.TestGzip.test_zero_padded_file": TRAILING,
}
NOT_RUN_SINCE_3_12 = {
    "gzip.TestGzip.test_flush_flushes_compressor": INNER,
    "gzip.TestGzip.test_flush_modes": "its flush takes zlib's modes",
    "gzip.TestGzip.test_write_seek_write": NOT_RUN["gzip.TestGzip.test_seek_write"],
}
NOT_RUN_SINCE_3_13 = {
    "gzip.TestGzip.test_bytes_filename": NAME,
    "gzip.TestGzip.test_fileobj_and_filename": NAME,
    "gzip.TestGzip.test_fileobj_from_fdopen": NAME,
    "gzip.TestGzip.test_fileobj_with_name": NAME,
    "gzip.TestGzip.test_fileobj_without_name": NAME,
    "gzip.TestOpen.test_pathlike_file": NAME,
    "gzip.TestGzip.test_issue112346": SHORTCUT + ": its time",
}
if sys.version_info >= (3, 12):
    NOT_RUN |= NOT_RUN_SINCE_3_12
if sys.version_info >= (3, 13):
    NOT_RUN |= NOT_RUN_SINCE_3_13


@dataclass(frozen=True)
class Suite:
    """One of CPython's modules of tests, the module that it tests, and its cases about files."""

    name: str
    classes: tuple[str, ...]

    @property
    def tests(self) -> types.ModuleType:
        return importlib.import_module(f"test.test_{self.name}")

    @property
    def real(self) -> types.ModuleType:
        return importlib.import_module(self.name)

    def cases(self) -> list[str]:
        loader = unittest.TestLoader()
        return [
            f"{self.name}.{kind}.{case}"
            for kind in self.classes
            for case in loader.getTestCaseNames(getattr(self.tests, kind))
        ]


SUITES = {
    suite.name: suite
    for suite in (
        Suite("bz2", ("BZ2FileTest", "OpenTest")),
        Suite("lzma", ("FileTestCase", "OpenTestCase")),
        Suite("gzip", ("TestGzip", "TestOpen")),
    )
}


def all_cases() -> list[str]:
    """Return the cases of the suites that are installed; CI must have them all."""
    try:
        importlib.import_module("test.support.os_helper")
        return [case for suite in SUITES.values() for case in suite.cases()]
    except ImportError:
        if os.environ.get("CI") == "true":
            raise
        return []


CASES = all_cases()
if CASES:
    from test.support import os_helper


# What stands in for the modules' classes and functions


def opened(*args: Any, level: int | None = None, **keywords: Any) -> Any:
    """Call ``compressor.open``; a level that is not given is not passed."""
    return compressor.open(*args, **keywords, **({} if level is None else {"level": level}))


def binary(mode: object) -> Any:
    """Return the mode as a class takes it: binary only."""
    if not isinstance(mode, str) or "t" in mode:
        raise ValueError(f"invalid mode: {mode!r}")
    return mode


def compress(data: bytes, compresslevel: int | None = None) -> bytes:
    return compressor.compress(data, level=compresslevel)


IN_MEMORY = {"compress": compress, "decompress": compressor.decompress}


def stand_in_for_bz2() -> dict[str, Any]:
    def bz2_file(filename: Any, mode: str = "r", *, compresslevel: int | None = None) -> Any:
        return opened(filename, binary(mode), level=compresslevel)

    def bz2_open(filename: Any, mode: str = "rb", compresslevel: Any = None, **text: Any) -> Any:
        return opened(filename, mode, level=compresslevel, **text)

    functions = {"open": bz2_open, "BZ2File": bz2_file, **IN_MEMORY}
    return {
        "bz2": types.SimpleNamespace(**functions),
        "BZ2File": bz2_file,
        "OSError": (OSError, CompressorError),
        "has_cmdline_bunzip2": False,
    }


def stand_in_for_gzip() -> dict[str, Any]:
    def gzip_file(
        filename: Any = None,
        mode: str | None = None,
        compresslevel: int | None = None,
        fileobj: Any = None,
        mtime: object = None,
    ) -> Any:
        del mtime
        file = opened(fileobj or filename, binary(mode or "rb"), level=compresslevel)
        file.fileobj = file.myfileobj = file._fp
        return file

    def gzip_open(filename: Any, mode: str = "rb", compresslevel: Any = None, **text: Any) -> Any:
        return opened(filename, mode, level=compresslevel, **text)

    functions = {"open": gzip_open, "GzipFile": gzip_file, **IN_MEMORY}
    constants = {"READ": "rb", "WRITE": "wb", "BadGzipFile": compressor.NotAnArchiveError}
    return {"gzip": types.SimpleNamespace(**functions, **constants)}


def stand_in_for_lzma() -> dict[str, Any]:
    real = SUITES["lzma"].real
    codecs = {real.FORMAT_ALONE: "zstd:level=1", real.FORMAT_RAW: "store"}

    def codec(mode: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return another chain for another format, for what is written; reading needs no word."""
        chain = codecs.get(options.get("format")) if "r" not in mode else None
        return {"codec": chain} if chain else {}

    def lzma_file(file: Any = None, mode: Any = "r", **options: Any) -> Any:
        return opened(file, binary(mode), level=options.get("preset"), **codec(mode, options))

    def lzma_open(file: Any, mode: str = "rb", **options: Any) -> Any:
        chain = codec(mode, options)
        text = {key: options[key] for key in ("encoding", "errors", "newline") if key in options}
        return opened(file, mode, level=options.get("preset"), **chain, **text)

    def lzma_compress(data: bytes, **options: Any) -> bytes:
        return compressor.compress(data, **codec("w", options))

    functions = {
        "open": lzma_open,
        "LZMAFile": lzma_file,
        "compress": lzma_compress,
        "decompress": lambda data, **_options: compressor.decompress(data),
    }
    constants = {name: getattr(real, name) for name in dir(real) if name.isupper()}
    return {
        "lzma": types.SimpleNamespace(**{**vars(real), **constants, **functions}),
        "LZMAFile": lzma_file,
        "LZMAError": CompressorError,
    }


STAND_INS = {"bz2": stand_in_for_bz2, "lzma": stand_in_for_lzma, "gzip": stand_in_for_gzip}


# What stands in for compressed constants


def recoded(value: object, suite: Suite) -> object:
    """Return our archive of the same plain bytes for what the module itself can decompress."""
    if value == os_helper.TESTFN:  # a name that is not ASCII skips some cases
        return os_helper.TESTFN_ASCII
    if not isinstance(value, bytes) or not value:
        return value
    for options in ({}, *raw_options(suite)):
        try:
            plain = suite.real.decompress(value, **options)
        except (OSError, ValueError, EOFError, suite_error(suite)):
            continue
        if not options or plain == suite.tests.INPUT:  # without a header, anything goes
            return compressor.compress(plain)
    return value


def raw_options(suite: Suite) -> Iterator[dict[str, Any]]:
    """Yield the options of the headerless constants."""
    if suite.name == "lzma":
        for number in range(1, 5):
            filters = getattr(suite.tests, f"FILTERS_RAW_{number}")
            yield {"format": suite.real.FORMAT_RAW, "filters": filters}


def suite_error(suite: Suite) -> type[Exception]:
    error: type[Exception] = getattr(suite.real, "LZMAError", OSError)
    return error


def with_recoded_constants(case: types.FunctionType, suite: Suite) -> types.FunctionType:
    code = case.__code__
    constants = tuple(recoded(value, suite) for value in code.co_consts)
    renewed = code.replace(co_consts=constants)
    return types.FunctionType(
        renewed, case.__globals__, case.__name__, case.__defaults__, case.__closure__
    )


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[[Suite, Any, str], None]:
    def replace_all(suite: Suite, kind: Any, case: str) -> None:
        monkeypatch.chdir(tmp_path)
        for owner in (suite.tests, *kind.__mro__[: kind.__mro__.index(unittest.TestCase)]):
            for name, value in list(vars(owner).items()):
                new = recoded(value, suite)
                if new is not value:
                    monkeypatch.setattr(owner, name, new)
        function = getattr(kind, case)
        monkeypatch.setattr(kind, case, with_recoded_constants(function, suite))
        for name, value in STAND_INS[suite.name]().items():
            monkeypatch.setattr(suite.tests, name, value, raising=False)

    return replace_all


@pytest.mark.skipif(not CASES, reason="this interpreter comes without its own tests")
@pytest.mark.parametrize("case", [case for case in CASES if case not in NOT_RUN])
def test_our_file_object_passes_the_case_of_pythons_own(
    case: str, replace: Callable[[Suite, Any, str], None]
) -> None:
    module, kind, name = case.split(".")
    suite = SUITES[module]
    cases = getattr(suite.tests, kind)
    replace(suite, cases, name)

    try:
        cases(name).debug()
    except unittest.SkipTest as reason:
        pytest.fail(f"a case that is counted was skipped: {reason}")


@pytest.mark.skipif(not CASES, reason="this interpreter comes without its own tests")
def test_at_least_85_percent_of_the_cases_run() -> None:
    run = [case for case in CASES if case not in NOT_RUN]

    assert len(run) >= SHARE * len(CASES)


@pytest.mark.skipif(not CASES, reason="this interpreter comes without its own tests")
def test_the_list_of_cases_that_do_not_run_names_only_cases_that_there_are() -> None:
    assert set(NOT_RUN) <= set(CASES)


@pytest.mark.skipif(not CASES, reason="this interpreter comes without its own tests")
@pytest.mark.parametrize("case", NOT_RUN)
def test_a_case_that_is_listed_does_fail(
    case: str, replace: Callable[[Suite, Any, str], None]
) -> None:
    module, kind, name = case.split(".")
    suite = SUITES[module]
    cases = getattr(suite.tests, kind)
    replace(suite, cases, name)
    result = unittest.TestResult()

    cases(name).run(result)

    assert not result.wasSuccessful()
