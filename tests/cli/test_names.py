"""What members and outputs are called, and which names are refused."""

import os
from pathlib import Path

import pytest

from tests.cli.archives import hostile
from tests.cli.process import Run, left, lines


def recorded(run: Run, *inputs: str | bytes | Path) -> list[str]:
    run("compress", "-f", "-o", "all.cz", "--", *inputs)
    members = lines(run("list", "--json", "all.cz").stdout)
    return [line["name"] for line in members if line["type"] == "member"]


def test_names_are_recorded_as_typed_and_never_climb(run: Run, folder: Path) -> None:
    (folder / "d").mkdir()
    for name in ("a", "b", "c", "d/e"):
        Path(name).write_text(name)

    found = recorded(run, "./a", "d/../b", folder / "c", "d/./e", "a", "d/../a")

    assert found == ["a", "b", "c", "d/e"]  # `a`, reached three ways, counts once


STRANGE = [b"with space", b"new\nline", b"n\xff\xfe", b"--rm", b"-", "é" * 120, b"%s", b"tab\t"]


def test_strange_names_go_in_and_come_out(run: Run) -> None:
    names = [os.fsencode(name) for name in STRANGE]
    for name in names:
        Path(os.fsdecode(name)).write_bytes(name)

    typed = [b"./-" if name == b"-" else name for name in names]
    run("compress", "--rm", "--", *typed)
    assert left(Path()) == {os.fsdecode(name) + ".cz" for name in names}
    run("decompress", "--rm", "--", *(name + b".cz" for name in names))

    assert {os.fsencode(name) for name in left(Path())} == set(names)
    assert all(Path(os.fsdecode(name)).read_bytes() == name for name in names)


def test_strange_names_are_listed_on_one_line_and_found_by_cat(run: Run) -> None:
    for name in STRANGE[:4]:
        Path(os.fsdecode(name)).write_bytes(os.fsencode(name))
    assert recorded(run, *STRANGE[:4]) == [os.fsdecode(name) for name in sorted(STRANGE[:4])]

    listed = run("list", "all.cz").stdout
    bare = run("cat", "all.cz", "--", "--rm", b"n\xff\xfe").stdout

    assert listed.count(b"\n") == 5
    assert b"new\\nline" in listed
    assert bare == b"--rmn\xff\xfe"


def test_a_backslash_in_a_name_is_told_from_an_escape(run: Run) -> None:
    for name in ("a\nb", r"a\nb"):
        Path(name).write_bytes(b"")
    run("compress", "-q", "-o", "both.cz", "a\nb", r"a\nb")

    listed = run("list", "both.cz").stdout.splitlines()[:2]

    assert [line.split()[-1] for line in listed] == [rb"a\nb", rb"a\\nb"]
    said = run("compress", r"none\nb", code=1).stderr
    assert said == rb"compressor: none\\nb: No such file or directory" + b"\n"
    names = [line.get("name") for line in lines(run("list", "--json", "both.cz").stdout)]
    assert names[:2] == ["a\nb", r"a\nb"]


def test_an_empty_list_makes_no_archive_of_all_and_is_an_error(run: Run) -> None:
    """A nightly job whose find finds nothing passed for done."""
    for words in (["-o", "all.cz"], ["-c"], ["-o", "all.gz", "--format", "gz"]):
        done = run("compress", "--files-from", "-", "-0", *words, code=1)
        assert b"list of inputs is empty" in done.stderr
        assert done.stdout == b""
    assert b"one archive" in run("decompress", "--files-from", "-", "-o", "a", code=2).stderr
    assert left(Path()) == set()


@pytest.mark.parametrize("verb", ["compress", "decompress"])
def test_an_empty_list_of_inputs_with_outputs_of_their_own_is_a_note(run: Run, verb: str) -> None:
    said = b"compressor: the list of inputs is empty: nothing is done\n"

    assert run(verb, "--files-from", "-").stderr == said
    assert run(verb, "--files-from", "-", "-q").stderr == b""


def test_lists_of_paths_end_in_newline_or_nul(run: Run) -> None:
    for name in ("a", "b\nc", "-"):
        Path(name).write_text(name)

    run("compress", "--files-from", "-", input=b"a\n\n-\n")
    run("compress", "--files-from", "-", "-0", input=b"b\nc\0")

    assert left(Path()) == {"a", "b\nc", "-", "a.cz", "b\nc.cz", "-.cz"}
    assert b"holds NUL bytes: -0" in run("c", "--files-from", "-", input=b"a\0b", code=2).stderr


@pytest.mark.parametrize("name", ["..", "/", ".", "a/.."])
def test_what_has_no_name_is_wrong_usage(run: Run, name: str) -> None:
    Path("a").mkdir()

    assert b"no name of its own" in run("compress", name, code=2).stderr
    if name != ".":  # whose contents need no name of the folder
        assert b"no name of its own" in run("compress", "-o", "x.cz", name, code=2).stderr
    assert left(Path()) == {"a"}


def test_clashes_are_refused_before_anything_is_written(run: Run) -> None:
    for name in ("d", "e"):
        Path(name).mkdir()
        Path(name, "a").write_text(name)
    before = left(Path())

    for words in (
        ["compress", "--output-dir", "out", "d/a", "e/a"],
        ["compress", "-o", "x.cz", "d/../d/a", "e/../e/a"],
    ):
        assert b"would both be named" in run(*words, code=2).stderr
        assert left(Path()) == before


def test_archives_whose_content_would_clash_are_refused(run: Run) -> None:
    for name in ("d", "e"):
        Path(name).mkdir()
        Path(name, "a").write_text(name)
    run("compress", "d/a", "e/a")

    done = run("decompress", "-C", "out", "d/a.cz", "e/a.cz", code=2)

    assert b"would both be named out/a" in done.stderr
    assert not Path("out").exists()


def test_output_dir_takes_last_components(run: Run) -> None:
    Path("d").mkdir()
    Path("d/a").write_text("a")

    run("compress", "--output-dir", "new/out", "d/a")

    assert left(Path("new/out")) == {"a.cz"}
    assert lines(run("list", "--json", "new/out/a.cz").stdout)[0]["name"] == "a"


def test_the_archives_name_wins_unless_told_otherwise(run: Run) -> None:
    Path("a").write_text("a")
    run("compress", "--rm", "a")
    Path("a.cz").rename("b.cz")

    run("decompress", "b.cz")
    run("decompress", "-N", "b.cz")
    run("decompress", "-C", "d", "b.cz")
    run("decompress", "-o", "c", "b.cz")
    run("decompress", "-N", "-C", "e", "b.cz")

    assert left(Path()) == {"a", "b", "b.cz", "c", "d", "e"}
    assert (left(Path("d")), left(Path("e"))) == ({"b"}, {"a"})
    assert run("decompress", "-c", "b.cz").stdout == b"a"


def test_an_archive_without_the_suffix_needs_a_destination(run: Run) -> None:
    Path("a").write_text("a")
    run("compress", "-o", "backup", "a")

    assert b"does not end in .cz" in run("decompress", "backup", code=2).stderr


def test_several_members_go_below_a_folder(run: Run) -> None:
    Path("d").mkdir()
    for name in ("a", "d/b"):
        Path(name).write_text(name)
    run("compress", "-o", "x.cz", "a", "d/b")

    run("decompress", "x.cz", "-C", "out")

    assert b"several members" in run("decompress", "x.cz", "-o", "one", code=2).stderr
    assert Path("out/a").read_text() == "a"
    assert Path("out/d/b").read_text() == "d/b"
    assert run("decompress", "-c", "x.cz").stdout == b"ad/b"


def test_concatenated_streams_give_their_concatenation(run: Run) -> None:
    packed = run(input=b"one ").stdout + run(input=b"two").stdout
    Path("x.cz").write_bytes(packed)

    run("decompress", "x.cz")

    assert Path("x").read_bytes() == run("-dc", input=packed).stdout == b"one two"


def test_a_piped_member_is_named_on_request(run: Run) -> None:
    Path("x.cz").write_bytes(run("--name", "d/log", input=b"x").stdout)
    Path("y.cz").write_bytes(run(input=b"y").stdout)

    run("decompress", "-N", "x.cz")

    assert Path("d/log").read_bytes() == b"x"
    assert b"a member has no name" in run("decompress", "-N", "y.cz", code=1).stderr


@pytest.mark.parametrize("name", [b"/etc/x", b"../x", b"d/../../x", b"./x", b"a//x", b"in/x"])
def test_recorded_names_that_would_escape_are_refused(run: Run, name: bytes) -> None:
    Path("outside").mkdir()
    Path("out").mkdir()
    Path("out/in").symlink_to(Path("outside").absolute())
    Path("x.cz").write_bytes(hostile([b"good", name]))

    done = run("decompress", "-f", "-C", "out", "x.cz", code=3)

    assert b"refused" in done.stderr
    assert left(Path("out")) == {"good", "in"}
    assert left(Path("outside")) == set()
    assert left(Path()) == {"out", "outside", "x.cz"}


def test_a_recorded_name_with_a_nul_is_damage(run: Run) -> None:
    Path("x.cz").write_bytes(hostile([b"a\0b"]))

    done = run("decompress", "x.cz", code=4)

    assert b"NUL" in done.stderr
    assert left(Path()) == {"x.cz"}


def test_a_link_in_the_way_is_replaced_and_never_followed(run: Run) -> None:
    Path("precious").write_text("precious")
    Path("a").symlink_to("precious")
    Path("x.cz").write_bytes(hostile([b"a", b"b"]))

    assert b"a exists; -f overwrites it" in run("decompress", "x.cz", code=3).stderr
    assert Path("a").is_symlink()
    run("decompress", "-f", "x.cz")

    assert Path("a").read_text() == "a"
    assert not Path("a").is_symlink()
    assert Path("precious").read_text() == "precious"


def test_a_member_never_replaces_the_archive_it_comes_from(run: Run) -> None:
    archive = hostile([b"x.cz", b"b"])
    Path("x.cz").write_bytes(archive)

    assert b"x.cz is an input" in run("decompress", "-f", "x.cz", code=3).stderr
    assert Path("x.cz").read_bytes() == archive


@pytest.mark.parametrize("name", ["../log", "/var/log", "a/../log"])
def test_a_name_for_a_pipe_that_would_climb_is_its_last_part(run: Run, name: str) -> None:
    Path("x.cz").write_bytes(run("--name", name, input=b"x").stdout)

    listed = lines(run("list", "--json", "x.cz").stdout)
    assert [line["name"] for line in listed if "name" in line] == ["log"]
