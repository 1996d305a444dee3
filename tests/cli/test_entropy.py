"""`entropy`, and the pictures that it and `bench` draw."""

from pathlib import Path

import pytest

from compressor.cli import plots
from tests.cli.process import Run, left, lines

PNG = b"\x89PNG\r\n"


def test_it_shows_the_bounds_and_what_each_codec_reaches(run: Run) -> None:
    Path("a").write_bytes(b"aaaaabbbcc" * 100)

    text = run("entropy", "a", "--codec", "huffman", "--codec", "zstd:level=3").stdout.decode()

    title, head, order0, order1, tried, huffman, zstd = text.splitlines()
    assert tried.split() == ["codec", "packed", "of", "all", "by", "order", "0"]
    assert title == "a: 1 kB"
    assert head.split() == ["bits", "a", "byte", "bound", "of", "all"]
    assert order0.split() == ["order", "0", "1.4855", "186", "B", "0.1860"]
    assert order1.split()[:2] == ["order", "1"]
    assert huffman.split()[0] == "huffman"
    assert zstd.split()[0] == "zstd:level=3"


def test_without_a_codec_two_levels_are_tried_and_the_help_says_so(run: Run) -> None:
    Path("a").write_bytes(b"aaaaabbbcc" * 100)

    rows = run("entropy", "a").stdout.decode().splitlines()[4:7]

    assert [row.split()[0] for row in rows] == ["level", "-3", "-9"]
    assert "levels 3 and 9, and every codec" in " ".join(
        run("entropy", "--help").stdout.decode().split()
    )


def test_one_input_that_fails_does_not_stop_the_others(run: Run) -> None:
    Path("a").write_bytes(b"abc" * 50)
    Path("empty").touch()

    done = run("entropy", "--json", "missing", "empty", "a", "--codec", "lzw", code=3)

    kinds = [(line["type"], line["path"]) for line in lines(done.stdout)]
    assert kinds == [
        ("error", "missing"),
        ("error", "empty"),
        ("entropy", "a"),
        ("entropy codec", "a"),
    ]


@pytest.mark.parametrize("words", [("entropy", "a"), ("bench", "a")])
def test_a_picture_is_drawn_and_not_written_over(run: Run, words: tuple[str, ...]) -> None:
    Path("a").write_bytes(b"abcabd" * 500)
    call = (*words, "--codec", "huffman", "--codec", "zstd:level=3", "--plot", "p.png")

    run(*call)
    assert Path("p.png").read_bytes().startswith(PNG)

    assert b"exists" in run(*call, code=1).stderr
    run(*call, "-f")
    assert left(Path()) == {"a", "p.png"}


def test_a_picture_of_another_kind_is_refused_before_anything_is_measured(run: Run) -> None:
    Path("a").write_bytes(b"x")

    done = run("entropy", "a", "--plot", "p.gif", code=2)

    assert b".png, .svg, .pdf" in done.stderr
    assert not done.stdout


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda _name: None)

    with pytest.raises(plots.UnsupportedError, match=r"compressor-cz\[plot\]"):
        plots.Picture(Path("p.png"), force=False)


def test_the_frontier_is_what_nothing_else_beats() -> None:
    points = [(1.0, 0.2), (2.0, 0.5), (3.0, 0.4), (3.0, 0.6)]

    assert plots.frontier(points) == [(3.0, 0.4), (1.0, 0.2)]
