"""Other programs' files at the command line: by the same rules as archives."""

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from compressor.formats.table import MODULES, WRITTEN
from tests.cli.process import Run, left, lines
from tests.formats.samples import NOISE, PACK, TEXT, UNPACK, Peer, piped

WHEN = 1_600_000_000_123_456_789


def made(peer: Peer, name: str, content: bytes = TEXT) -> Path:
    path = Path(f"x.{name}")
    path.write_bytes(piped(peer, PACK[name], content))
    path.chmod(0o640)
    os.utime(path, ns=(WHEN, WHEN))
    return path


@pytest.mark.parametrize("name", MODULES)
def test_decompress_drops_the_ending_and_keeps_mode_and_time(
    run: Run, peer: Peer, name: str
) -> None:
    path = made(peer, name)

    run("decompress", path)

    status = Path("x").stat()
    assert Path("x").read_bytes() == TEXT
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, WHEN)
    assert left(Path()) == {"x", path.name}


@pytest.mark.parametrize("name", MODULES)
def test_pipes_are_read_by_what_they_begin_with(run: Run, peer: Peer, name: str) -> None:
    packed = made(peer, name).read_bytes()

    assert run("-d", input=packed).stdout == TEXT
    assert run("test", input=packed).stdout == b""
    assert run("cat", "-", "--range", "5:11", input=packed).stdout == TEXT[5:11]
    member, archive = lines(run("list", "--json", input=packed).stdout)
    assert (member["name"], member["size"]) == ("", len(TEXT))
    assert (archive["format"], archive["packed_bytes"]) == (name, len(packed))


SKIPPED = {
    "two": [4, 0],
    "many": [1] * 3000,
    "large": [700_000],
    "all that is looked at": [(4 << 20) - 12],
}


@pytest.mark.parametrize("name", ["zst", "lz4"])
@pytest.mark.parametrize("sizes", SKIPPED)
def test_the_first_frame_that_holds_something_says_what_a_file_is(
    run: Run, peer: Peer, name: str, sizes: str
) -> None:
    frames = (b"\x5a\x2a\x4d\x18" + size.to_bytes(4, "little") for size in SKIPPED[sizes])
    skipped = b"".join(f + bytes(n) for f, n in zip(frames, SKIPPED[sizes], strict=True))
    packed = skipped + piped(peer, PACK[name], TEXT)
    Path("x").write_bytes(packed)

    assert run("-d", input=packed).stdout == TEXT
    assert run("cat", "x").stdout == TEXT
    assert lines(run("list", "--json", "x").stdout)[1]["format"] == name


def test_frames_that_hold_nothing_and_do_not_end_are_told(run: Run) -> None:
    frame = b"\x5a\x2a\x4d\x18"
    for packed in (frame, frame + b"\1", frame + b"\xff" * 4 + bytes(99), (frame + bytes(4)) * 9):
        Path("x").write_bytes(packed)
        code = 0 if len(packed) == 72 else 4
        assert run("cat", "x", code=code).stdout == run("-d", input=packed, code=code).stdout == b""


def test_the_first_bytes_count_not_the_name(run: Run, peer: Peer) -> None:
    made(peer, "zst").rename("x.gz")
    run("decompress", "x.gz")
    assert Path("x").read_bytes() == TEXT

    made(peer, "xz").rename("y.bin")
    assert b"does not end in .cz" in run("decompress", "y.bin", code=2).stderr
    run("decompress", "y.bin", "-o", "y")
    assert Path("y").read_bytes() == TEXT


def test_outputs_are_named_and_placed_as_asked(run: Run, peer: Peer) -> None:
    made(peer, "gz").rename("x.tgz")
    run("d", "x.tgz", "-C", "sub")
    run("d", "x.tgz", "-o", "other")
    assert run("d", "-c", "x.tgz").stdout == TEXT
    assert Path("sub/x.tar").read_bytes() == Path("other").read_bytes() == TEXT
    assert b"x.tgz -> x.tar" in run("d", "--dry-run", "x.tgz").stdout
    assert left(Path()) == {"x.tgz", "sub", "other"}
    assert b"-o or -c" in run("d", "-N", "x.tgz", code=2).stderr


@pytest.mark.parametrize("program", ["gzip", "lzop"])
def test_the_recorded_name_and_time_are_had_by_n(run: Run, peer: Peer, program: str) -> None:
    Path("before").write_bytes(TEXT)
    os.utime("before", (1_500_000_000, 1_500_000_000))
    subprocess.run([peer(program), "before"], check=True)
    Path("before").unlink(missing_ok=True)
    packed = next(Path().iterdir()).rename("x.gz")
    os.utime(packed, ns=(WHEN, WHEN))

    run("decompress", "x.gz", "-C", "without")
    run("decompress", "-N", "x.gz", "-C", "with")
    run("decompress", "-C", "piped", input=packed.read_bytes())

    assert Path("without/x").stat().st_mtime_ns == WHEN
    for folder in ("with", "piped"):
        restored = Path(folder, "before")
        assert restored.read_bytes() == TEXT
        assert restored.stat().st_mtime == 1_500_000_000
    assert b"exists" in run("decompress", "-N", "x.gz", "-C", "with", code=1).stderr
    run("decompress", "-N", "--rm", "x.gz")
    assert left(Path()) >= {"before", "with", "without"}
    assert not packed.exists()


def test_endings_are_known_in_capitals(run: Run, peer: Peer) -> None:
    made(peer, "gz").rename("X.GZ")
    Path("y").write_bytes(TEXT)
    run("compress", "y")
    Path("y.cz").rename("Y.CZ")

    run("decompress", "X.GZ", "Y.CZ")

    assert Path("X").read_bytes() == Path("Y").read_bytes() == TEXT
    assert b"already ends in .gz" in run("compress", "--format", "gz", "X.GZ").stderr
    assert b"already ends in .cz" in run("compress", "Y.CZ").stderr


def header(name: bytes, extra: bytes = b"") -> bytes:
    """Return gzip's, with a name, and an extra field before it."""
    flags = 8 | (4 if extra else 0)
    sized = len(extra).to_bytes(2, "little") + extra if extra else b""
    return b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + sized + name + b"\0"


def named(name: bytes, extra: bytes = b"") -> Path:
    path = Path("x.gz")
    path.write_bytes(header(name, extra) + gzip.compress(TEXT, mtime=0)[10:])
    os.utime(path, ns=(WHEN, WHEN))
    return path


def test_a_recorded_name_is_held_to_the_policy_of_ours(run: Run) -> None:
    named(b"a/..")
    assert b"refused" in run("decompress", "-N", "x.gz", "-C", "d", code=1).stderr
    assert left(Path("d")) == set()

    for name in (b"na\xffme", b"../na\xffme", b"/tmp/na\xffme", b"a/../../na\xffme"):
        named(name, b"xx\x03\0abc")
        run("decompress", "-N", "-f", "x.gz", "-C", "d")
        made = Path(os.fsdecode(b"d/na\xffme"))
        assert made.read_bytes() == TEXT
        assert made.stat().st_mtime_ns == WHEN  # 0 is no time
        made.unlink()
    assert left(Path("d")) == set()


def test_a_name_that_is_not_there_is_not_made_up(run: Run) -> None:
    path = Path("x.gz")
    path.write_bytes(gzip.compress(TEXT))
    assert b"does not say what its content is called" in run("d", "-N", "x.gz", code=2).stderr

    path.write_bytes(header(b"long" * 2000) + gzip.compress(TEXT)[10:])
    assert b"a name of more than 4096" in run("d", "-N", "x.gz", code=4).stderr
    path.write_bytes(header(b"name")[:12])
    run("decompress", "-N", "x.gz", code=4)
    assert left(Path()) == {"x.gz"}


def test_nothing_is_overwritten_unasked(run: Run, peer: Peer) -> None:
    path = made(peer, "bz2")
    Path("x").write_bytes(b"mine")

    assert b"x exists; -f overwrites it" in run("d", path, code=1).stderr
    assert b"skipped" in run("d", "--skip-existing", path).stderr
    assert Path("x").read_bytes() == b"mine"
    run("d", "-f", path)
    assert Path("x").read_bytes() == TEXT


def test_two_that_would_get_one_name_are_refused(run: Run, peer: Peer) -> None:
    made(peer, "gz")
    made(peer, "xz")

    assert b"would both be named" in run("d", "x.gz", "x.xz", code=2).stderr
    assert left(Path()) == {"x.gz", "x.xz"}


@pytest.mark.parametrize("name", [name for name in MODULES if name != "Z"])
def test_damage_leaves_nothing_and_removes_nothing(run: Run, peer: Peer, name: str) -> None:
    path = made(peer, name)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])

    for words in (["d", "--rm"], ["test"], ["list"]):
        stderr = run(*words, path, code=4).stderr
        assert path.name.encode() in stderr
        assert b"ends too early" in stderr
    assert left(Path()) == {path.name}


def test_one_damaged_file_of_several_does_not_stop_the_rest(run: Run, peer: Peer) -> None:
    path = made(peer, "gz")
    path.rename("bad.gz")
    Path("bad.gz").write_bytes(Path("bad.gz").read_bytes()[:-1])
    made(peer, "lz4")

    assert b"bad.gz: this is a gzip file that ends" in run("d", "bad.gz", "x.lz4", code=4).stderr
    assert left(Path()) == {"bad.gz", "x.lz4", "x"}


def test_rm_removes_what_was_unpacked(run: Run, peer: Peer) -> None:
    run("d", "--rm", made(peer, "zst"))
    assert left(Path()) == {"x"}


def test_limits_hold(run: Run, peer: Peer) -> None:
    zeros = made(peer, "zst", bytes(80 << 20))
    wide = Path("wide.zst")
    wide.write_bytes(piped(peer, ("zstd", "-c", "--long=27"), TEXT))

    assert b"exceeds 1048576 bytes" in run("d", zeros, "--max-output", "1M", code=4).stderr
    assert b"times the input" in run("t", zeros, "--max-expansion", "9", code=4).stderr
    assert b"(--memory)" in run("d", wide, "--memory", "100M", code=4).stderr
    assert left(Path()) == {"x.zst", "wide.zst"}


def test_what_only_archives_have_is_refused(run: Run, peer: Peer) -> None:
    path = made(peer, "gz")
    for words in (["cat", path, "member"], ["cat", path, "--at", "1"], ["list", path, "--at", "1"]):
        assert b"a gzip file" in run(*words, code=2).stderr
    assert b"`compressor decompress`" in run("extract", path, code=1).stderr
    assert b"--range begins" in run("cat", path, "--range", "999999999:", code=2).stderr


# Writing


@pytest.mark.parametrize("name", WRITTEN)
def test_compress_writes_what_its_own_program_reads(run: Run, peer: Peer, name: str) -> None:
    Path("x").write_bytes(TEXT)
    Path("x").chmod(0o640)
    os.utime("x", ns=(WHEN, WHEN))

    run("compress", "--format", name, "x")

    path = Path(f"x.{name}")
    status = path.stat()
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, WHEN)
    assert piped(peer, UNPACK[name], path.read_bytes()) == TEXT
    assert run("--format", name, input=TEXT).stdout == path.read_bytes()
    assert left(Path()) == {"x", path.name}


def test_outputs_of_compress_follow_the_same_rules(run: Run) -> None:
    Path("x").write_bytes(TEXT)
    Path("y").write_bytes(NOISE)

    run("compress", "--format", "gz", "x", "--output-dir", "out")
    run("compress", "--format", "gz", "x", "y", "-o", "both")
    run("compress", "--format", "xz", "--rm", "x", "-1")
    assert b"already ends in .xz" in run("compress", "--format", "xz", "x.xz").stderr

    assert run("d", "-c", "both").stdout == TEXT + NOISE
    assert left(Path("out")) == {"x.gz"}
    assert left(Path()) == {"out", "both", "x.xz", "y"}
    run("compress", "--format", "gz", "y")
    assert b"exists" in run("compress", "--format", "gz", "y", code=1).stderr


def test_what_other_files_have_no_place_for_is_refused(run: Run) -> None:
    Path("x").write_bytes(TEXT)
    Path("y").write_bytes(TEXT)
    Path("sub").mkdir()
    for words, told in (
        (["sub"], b"tar -c sub"),
        (["x", "--codec", "lz4"], b"--codec is for archives"),
        (["x", "--label", "tuesday"], b"--label is for archives"),
        (["x", "--exclude", "y"], b"--exclude is for archives"),
        (["x", "-c", "--verify"], b"needs an output file"),
        (["x", "y", "-o", "both"], b"one input at a time"),
    ):
        form = "Z" if b"at a time" in told else "gz"
        assert told in run("compress", "--format", form, *words, code=2).stderr
    assert left(Path()) == {"x", "y", "sub"}


def test_levels_and_threads_go_with_formats(run: Run) -> None:
    Path("x").write_bytes(TEXT * 6)

    fast, small = (
        run("compress", "--format", "gz", level, "-c", "x").stdout for level in ("-1", "-9")
    )
    one, two = (run("compress", "--format", "zst", "-c", "x", "-T", n).stdout for n in ("1", "2"))

    assert len(small) < len(fast)
    assert one == two
    assert (
        run("compress", "--format", "gz", "-c", "x", env={"COMPRESSOR_LEVEL": "9"}).stdout == small
    )


def test_tar_calls_it_for_other_formats(run: Run, peer: Peer) -> None:
    Path("x").write_bytes(TEXT)
    tar = subprocess.run([peer("tar"), "-c", "x"], capture_output=True, check=True).stdout

    packed = run("--format", "zst", input=tar).stdout

    assert run("-d", input=packed).stdout == tar


@pytest.mark.parametrize(
    ("name", "byte", "cut"),
    [("gz", 2, 2), ("bz2", 3, 3), ("bz2", 6, 6), ("bz2", 9, 9), ("lzma", 4, 3), ("lzo", 6, 5)],
)
def test_damage_in_the_first_bytes_is_damage(
    run: Run, peer: Peer, name: str, byte: int, cut: int
) -> None:
    path = made(peer, name)
    data = bytearray(path.read_bytes())
    data[byte] ^= 4
    for damaged in (bytes(data), bytes(data[:cut])):
        path.write_bytes(damaged)
        for verb in ("decompress", "test", "list"):
            assert b"file that is damaged or too short" in run(verb, path, code=4).stderr
        assert b"damaged or too short" in run("-d", input=damaged, code=4).stderr


def test_an_empty_file_is_said_to_be_empty(run: Run) -> None:
    Path("x.gz").touch()

    assert run("decompress", "x.gz", code=4).stderr == b"compressor: x.gz: the input is empty\n"
    assert left(Path()) == {"x.gz"}


def test_lzop_files_that_hold_several_say_so(run: Run, peer: Peer) -> None:
    Path("a").write_bytes(b"a")
    Path("b").write_bytes(b"b")
    subprocess.run([peer("lzop"), "-o", "x.lzo", "a", "b"], check=True)

    assert b"holds several files" in run("d", "-c", "x.lzo", code=5).stderr


def test_a_zstd_file_tells_the_dictionary_that_it_needs(run: Run, peer: Peer) -> None:
    samples = [f"s{number}" for number in range(100)]
    for number, name in enumerate(samples):
        Path(name).write_bytes(TEXT[number * 50 :][:400])
    words: list[str] = ["--train", *samples, "-o", "dictionary", "--maxdict=1024", "--dictID=77"]
    subprocess.run([peer("zstd"), "-q", *words], check=True, capture_output=True)
    subprocess.run([peer("zstd"), "-q", "-D", "dictionary", "s0"], check=True)

    assert b"needs dictionary ID 77;" in run("d", "-c", "s0.zst", code=5).stderr
