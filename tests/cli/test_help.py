"""Help, completion, and what is loaded for them."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from compressor.cli import COMMANDS, commands, completion
from compressor.cli.shorthand import ALIASES
from compressor.stages import TABLE, stage_by_name
from tests.cli.process import Run, environment


def command(name: str) -> click.Command:
    found = commands.get_command(click.Context(commands), name)
    assert found is not None
    return found


def examples(name: str) -> list[list[str]]:
    """Return the calls of `compressor` in a command's help, as words behind its name."""
    text = command(name).help or ""
    calls = re.findall(
        r"^ +(?:.*[|'] *)?compressor ([^|\n]*)", text.partition("\b")[2], re.MULTILINE
    )
    return [shlex.split(re.split(r"  +|'", call)[0], comments=True) for call in calls]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_examples_as_they_were_written(run: Run, name: str) -> None:
    text = run(name, "--help").stdout.decode()

    assert re.search(rf"^    .*compressor {name} ?", text, re.MULTILINE)
    assert "\\b" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_use_options_that_exist(name: str) -> None:
    assert examples(name)
    for words in examples(name):
        verb = words[0] if words and words[0] in COMMANDS else None
        if verb is None:
            continue
        known = {
            text
            for option in command(verb).params
            for text in (*option.opts, *option.secondary_opts)
        }
        used = {word.split("=")[0] for word in words[1:] if re.match(r"--?[A-Za-z0-9]", word)}
        assert used <= known


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_comes_for_every_shell(run: Run, shell: str) -> None:
    script = run(env={"_COMPRESSOR_COMPLETE": f"{shell}_source"}).stdout

    assert b"_COMPRESSOR_COMPLETE" in script


@pytest.mark.parametrize("verb", ["decompress", *ALIASES])
def test_completion_knows_the_options_of_verbs_and_short_forms(run: Run, verb: str) -> None:
    env = {
        "_COMPRESSOR_COMPLETE": "bash_complete",
        "COMP_WORDS": f"compressor {verb} --th",
        "COMP_CWORD": "2",
    }
    expected = b"\n" if verb == "l" else b"plain,--threads\n"

    assert run(env=env).stdout == expected


def test_completion_offers_the_verbs(run: Run) -> None:
    env = {
        "_COMPRESSOR_COMPLETE": "bash_complete",
        "COMP_WORDS": "compressor co",
        "COMP_CWORD": "1",
    }

    assert run(env=env).stdout == b"plain,compress\nplain,convert\nplain,codecs\n"


def loaded(*words: str) -> set[str]:
    code = (
        "import sys; from compressor.__main__ import main\n"
        f"sys.argv = ['compressor', *{list(words)!r}]\n"
        "try: main()\n"
        "except SystemExit as done: assert not done.code\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=environment()
    )
    return set(done.stderr.decode().split())


def test_the_version_is_told_without_the_command_line() -> None:
    assert not {"click", "zstandard", "blake3"} & loaded("--version")


def test_packing_a_small_file_loads_no_more_than_it_needs() -> None:
    Path("a").write_bytes(b"a" * 1000)

    modules = loaded("compress", "a")

    assert "zstandard" in modules
    unused = {"tqdm", "concurrent.futures", "lz4", "bz2", "lzma", "lzallright", "numpy", "asyncio"}
    assert not unused & modules


def test_levels_take_one_line_of_the_help(run: Run) -> None:
    text = run("compress", "--help").stdout.decode()

    assert re.findall(r"^ +(-[1-9].*?)  +", text, re.MULTILINE) == ["-1 ... -9"]


def completed(run: Run, words: str, place: int) -> list[str]:
    env = {
        "_COMPRESSOR_COMPLETE": "bash_complete",
        "COMP_WORDS": f"compressor {words}",
        "COMP_CWORD": str(place),
    }
    done = run(env=env)
    assert done.stderr == b""
    return done.stdout.decode().split()


@pytest.mark.parametrize("verb", ["compress", "bench"])
def test_completion_offers_codecs(run: Run, verb: str) -> None:
    assert completed(run, f"{verb} --codec lz", 3) == [
        "plain,lz4",
        "plain,lzma",
        "plain,lzo",
        "plain,lzw",
        "plain,lz77",
        "plain,lz78",
    ]


def test_completion_offers_members_and_is_silent_where_it_can_not(run: Run) -> None:
    Path("run").mkdir()
    for name in ("run/a", "run/b", "c"):
        Path(name).touch()
    run("compress", "-o", "x.cz", "run/a", "run/b", "c")

    assert completed(run, "cat x.cz run/", 3) == ["plain,run/a", "plain,run/b"]
    assert completed(run, "cat x.cz run/a c", 4) == ["plain,c"]
    for archive in ("c", "run", "missing"):
        assert completed(run, f"cat {archive} r", 3) == []


def test_completion_loads_no_codec() -> None:
    code = (
        "import sys, compressor.cli.completion as c; c.codecs(None, None, 'z');"
        "sys.stdout.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert not {"zstandard", "compressor.stages.codecs.zstd"} & set(done.stdout.decode().split())


def test_completion_offers_no_codec_that_is_refused() -> None:
    offered = completion.codecs(None, None, "")

    assert offered == [name for name in TABLE if not stage_by_name(name).based]
    assert completion.codecs(None, None, "floatd") == []
