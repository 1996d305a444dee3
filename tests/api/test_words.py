"""Errors name what their readers type: keywords in the library, options in the shell."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import compressor
from compressor.cli import main

OPTION = re.compile(r"(?<![\w-])--?[a-z]")
"""What only a shell has, such as ``-f`` or ``--codec``."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("a")
    Path("out").mkdir()
    for name, link in (("there", "a"), ("leads", "/etc")):
        Path(name).mkdir()
        Path(name, "l").symlink_to(link)
    compressor.pack("a", "a.cz")
    compressor.pack("leads", "leads.cz")
    Path("piped.cz").write_bytes(compressor.compress(b"piped"))
    Path("special").mkdir()
    os.mkfifo("special/f")


def restored(archive: str, **options: Any) -> None:
    with compressor.Archive(archive) as opened:
        opened.extract("out", **options)


CASES: list[tuple[Callable[[], object], str, str, str]] = [
    (
        lambda: compressor.compress(b"", level=19),
        'codec="zstd:level=19" goes beyond',
        "-19 a",
        "; --codec zstd:level=19 goes beyond",
    ),
    (
        lambda: compressor.compress(b"", codec="zstd", level=3),
        'write codec="zstd:level=19"',
        "-3 --codec zstd a",
        "write --codec zstd:level=19",
    ),
    (lambda: compressor.pack("a", "a.cz"), "a.cz exists; force=True", "a", "a.cz exists; -f"),
    (
        lambda: restored("leads.cz"),
        "unsafe_links=True makes it",
        "x leads.cz -C out",
        "(--unsafe-links makes it)",
    ),
    (
        lambda: restored("piped.cz"),
        "read it, and write it",
        "x piped.cz -C out",
        "say where it goes: -o or -c",
    ),
]


@pytest.mark.parametrize(("call", "said", "words", "typed"), CASES, ids=range(len(CASES)))
def test_an_error_names_keywords_here_and_options_there(
    capfd: pytest.CaptureFixture[str], call: Callable[[], object], said: str, words: str, typed: str
) -> None:
    with pytest.raises(compressor.CompressorError) as caught:
        call()
    main(["extract", *words.split()[1:]] if words[0] == "x" else ["compress", *words.split()])

    assert said in str(caught.value)
    assert not OPTION.search(str(caught.value))
    assert typed in capfd.readouterr().err


def test_what_is_left_out_is_told_so_too(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(
        RuntimeWarning, match=r"is a FIFO; it is left out \(specials=True takes it\)"
    ):
        compressor.pack("special", "special.cz")
    main(["compress", "-f", "special"])

    assert "is a FIFO; it is left out (--specials takes it)" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"codec": 5}, "codec is a str, such as 'zstd:level=19', not int"),
        ({"codec": b"zstd"}, "codec is a str, such as 'zstd:level=19', not bytes"),
        ({"level": "3"}, "level is an int from 0 to 9, not str"),
    ],
)
def test_a_codec_of_a_wrong_type_is_refused_in_one_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError) as compressing:
        compressor.compress(b"", **options)
    with pytest.raises(TypeError) as packing:
        compressor.pack("a", "new.cz", **options)

    assert str(compressing.value) == str(packing.value) == said
    assert not Path("new.cz").exists()
