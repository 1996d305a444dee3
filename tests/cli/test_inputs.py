"""Which inputs are taken, skipped or refused, and which are removed."""

import os
import threading
import time
from pathlib import Path

import pytest

from compressor import decompress
from compressor.archive.leaf import Entry
from compressor.cli import main
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.stages.chain import parse
from compressor.tree.inputs import open_input
from tests.cli.process import Run, as_nobody, left

ROOT = os.geteuid() == 0


def test_links_fifos_and_devices_are_refused_by_name(run: Run) -> None:
    Path("a").write_text("a")
    Path("link").symlink_to("a")
    os.mkfifo("fifo")
    Path("device").symlink_to("/dev/null")

    stderr = run("compress", "link", "fifo", "a", "/dev/null", code=3).stderr.decode()

    assert "link: is a symbolic link; -f reads it" in stderr
    assert "fifo: is a FIFO; -f reads it" in stderr
    assert "/dev/null: is a device; -f reads it" in stderr
    assert left(Path()) == {"a", "a.cz", "link", "fifo", "device"}


def test_force_follows_links_and_reads_fifos_once(run: Run) -> None:
    Path("a").write_text("a")
    Path("link").symlink_to("a")
    os.mkfifo("fifo")
    writer = threading.Thread(target=lambda: Path("fifo").write_text("piped"))
    writer.start()

    run("compress", "-f", "-o", "x.cz", "link", "fifo")
    writer.join()

    assert run("decompress", "-c", "x.cz").stdout == b"apiped"


def test_a_fifo_gets_the_zeros_that_a_file_would_leave_out(run: Run) -> None:
    with Path("sparse").open("wb") as sparse:
        sparse.truncate(3 << 20)
    run("compress", "sparse")
    os.mkfifo("fifo")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("fifo").read_bytes()))
    reader.start()

    run("decompress", "-o", "fifo", "sparse.cz")
    reader.join()

    assert read == [bytes(3 << 20)]


def test_a_removed_link_would_not_be_its_file(run: Run) -> None:
    Path("a").write_text("a")
    Path("link").symlink_to("a")

    done = run("compress", "-f", "--rm", "link", code=3)

    assert b"link: is a symbolic link; it is kept" in done.stderr
    assert left(Path()) == {"a", "link", "link.cz"}


def test_missing_files_are_named_and_the_others_packed(run: Run) -> None:
    Path("d").mkdir()
    Path("a").touch()
    Path("cycle").symlink_to("d")

    stderr = run("compress", "d", "cycle", "missing", "missing.cz", "a", code=3).stderr

    assert b"cycle: is a symbolic link; -f reads it" in stderr
    assert b"missing: No such file or directory" in stderr
    assert b"missing.cz: No such file or directory" in stderr
    assert left(Path()) == {"a", "a.cz", "cycle", "d", "d.cz"}


@pytest.mark.skipif(not ROOT, reason="needs to become somebody else")
def test_an_unreadable_file_is_named_and_the_others_are_packed(folder: Path) -> None:
    folder.chmod(0o777)
    Path("secret").write_text("a")
    Path("secret").chmod(0o600)
    Path("open").write_text("b")

    code, stderr = as_nobody(folder, "compress", "secret", "open")

    assert code == 3
    assert stderr == "compressor: secret: Permission denied\n"
    assert Path("open.cz").exists()


@pytest.mark.skipif(not ROOT, reason="needs to become somebody else")
def test_a_folder_that_cannot_be_written_is_named_by_the_output(folder: Path) -> None:
    Path("a").write_text("b")
    folder.chmod(0o755)

    code, stderr = as_nobody(folder, "compress", "a")

    assert (code, stderr) == (1, "compressor: a: a.cz: Permission denied\n")


@pytest.mark.parametrize("end", ["/", "/."])
@pytest.mark.parametrize(
    "words",
    ["compress a", "decompress b.cz", "cat b.cz", "export b.cz", "recover b.cz", "convert t.tar"],
)
def test_an_output_that_ends_in_a_slash_is_no_file(
    run: Run, folder: Path, words: str, end: str
) -> None:
    """The slash was dropped, and the file written."""
    Path("a").write_bytes(b"x")
    run("compress", "a", "-o", "b.cz")
    run("export", "b.cz", "-o", "t.tar")
    before = left(folder)

    done = run(*words.split(), "-o", f"new{end}", code=2)

    assert done.stderr == f"compressor: new{end} is not a folder; name a file\n".encode()
    assert left(folder) == before


def test_an_input_that_ends_in_a_slash_is_a_folder(run: Run, folder: Path) -> None:
    """A file was packed; -C says where it is looked for."""
    Path("in/b").mkdir(parents=True)
    Path("in/a").write_bytes(b"x")
    Path("b").write_bytes(b"x")
    listed = ["compress", "-C", "in", "-o", "c.cz", "-f", "--files-from", "-"]

    for words in (["compress", "b/"], ["compress", "-C", "in", "a/"], ["info", "b/."]):
        assert b"is not a folder" in run(*words, code=2).stderr
    assert b"a/ is not a folder" in run(*listed, input=b"a/\n", code=2).stderr
    assert left(folder) == {"in", "b"}
    run("compress", "b/", "-C", "in", "-o", "b.cz")
    run(*listed, input=b"b/\n")
    run("extract", "b.cz", "-C", "new/deep/")
    assert Path("new/deep/b").is_dir()


@pytest.mark.parametrize("verb", ["compress", "decompress", "export", "recover", "cat"])
def test_an_output_that_is_the_input_is_told_alike_by_all(run: Run, verb: str) -> None:
    Path("a").write_bytes(b"x")
    run("compress", "a")

    done = run(verb, "a.cz", "-f", "-o", "a.cz", code=1)

    assert done.stderr == b"compressor: a.cz is an input; name another output\n"


def test_one_file_is_never_input_and_output(run: Run, folder: Path) -> None:
    Path("a").write_text("a")
    Path("link").symlink_to("a")
    os.link("a", "hard")

    for output in ("a", "./a", "link", "hard", str(folder / "a")):
        assert (
            b"is an input; name another output"
            in run("compress", "-f", "-o", output, "a", code=1).stderr
        )

    assert Path("a").read_text() == "a"


def test_no_output_replaces_an_input_whose_turn_comes_later(run: Run) -> None:
    Path("a").write_text("a")
    run("compress", "a")
    run("compress", "-o", "a.cz.cz", "a.cz")
    archive = Path("a.cz").read_bytes()

    done = run("decompress", "-f", "a.cz.cz", "a.cz", code=3)

    assert b"a.cz is an input" in done.stderr
    assert Path("a.cz").read_bytes() == archive


def test_an_output_that_exists_is_left_alone(run: Run) -> None:
    Path("a").write_text("a")
    Path("a.cz").write_text("precious")

    assert b"a.cz exists; -f overwrites it" in run("compress", "a", code=1).stderr
    assert b"a.cz exists" in run("compress", "--dry-run", "a", code=1).stderr
    assert Path("a.cz").read_text() == "precious"
    run("compress", "-f", "a")
    Path("a").write_text("changed")
    assert b"a exists; -f overwrites it" in run("decompress", "a.cz", code=1).stderr

    assert Path("a").read_text() == "changed"


def test_devices_are_written_to_and_never_replaced(run: Run) -> None:
    Path("a").write_text("a")
    os.mkfifo("sink")
    reader = threading.Thread(target=lambda: Path("copy.cz").write_bytes(Path("sink").read_bytes()))
    reader.start()

    run("compress", "-f", "-o", "sink", "a")
    reader.join()

    assert Path("sink").is_fifo()
    assert run("decompress", "-c", "copy.cz").stdout == b"a"
    assert (
        b"--rm needs an output that is a file"
        in run("compress", "--rm", "-o", "/dev/null", "a", code=2).stderr
    )
    assert Path("a").exists()


def test_rm_removes_what_is_safe_in_its_archive(run: Run) -> None:
    for name in ("a", "b"):
        Path(name).write_text(name)

    run("compress", "--rm", "-o", "x.cz", "a", "b")
    assert left(Path()) == {"x.cz"}
    run("decompress", "--rm", "x.cz")

    assert left(Path()) == {"a", "b"}


@pytest.mark.parametrize("change", ["content", "replaced", "gone"])
def test_rm_keeps_an_input_that_changed_meanwhile(run: Run, change: str) -> None:
    Path("a").write_text("a")
    os.mkfifo("fifo")

    def meddle() -> None:
        with Path("fifo").open("wb"):  # opened by the run once it has read `a`
            time.sleep(0.02)
            if change == "content":
                Path("a").write_text("changed")
            elif change == "replaced":
                Path("b").write_text("a")
                Path("b").rename("a")
            else:
                Path("a").unlink()

    meddler = threading.Thread(target=meddle)
    meddler.start()
    stderr = run("compress", "-f", "--rm", "-o", "x.cz", "a", "fifo", code=3).stderr
    meddler.join()

    assert (b"a: is gone already" if change == "gone" else b"a: changed meanwhile") in stderr
    assert Path("a").exists() == (change != "gone")


@pytest.mark.parametrize("change", ["size", "mtime", "mode"])
def test_an_input_is_removed_only_as_it_was_opened(change: str) -> None:
    path = Path("a")
    path.write_text("a")
    source = open_input(path, follow=False)
    os.utime(path, ns=(1, 1)) if change == "mtime" else None
    path.write_text("longer") if change == "size" else None
    time.sleep(0.02)
    path.chmod(0o600) if change == "mode" else None

    assert source.remove(path) == "changed meanwhile; it is kept"
    os.close(source.descriptor)


def test_archives_are_skipped_where_each_input_gets_its_own(run: Run) -> None:
    Path("a").write_text("a")
    run("compress", "a")

    assert b"a.cz: already ends in .cz; skipped" in run("compress", "a.cz").stderr
    assert run("compress", "-q", "a.cz").stderr == b""
    run("compress", "-o", "x.cz", "a.cz")

    assert run("cat", "x.cz", "a.cz").stdout == Path("a.cz").read_bytes()


def test_skip_existing_passes_over_what_is_not_older(run: Run) -> None:
    for name in ("a", "b"):
        Path(name).write_text(name)
    run("compress", "a")
    run("compress", "-o", "x.cz", "a", "b")
    os.utime("a.cz", ns=(0, Path("a").stat().st_mtime_ns))

    assert b"a.cz: is there and not older; skipped" in run("c", "--skip-existing", "a", "b").stderr
    assert b"x.cz: is there" in run("c", "--skip-existing", "-o", "x.cz", "a", "b").stderr
    assert b"a: is there" in run("d", "--skip-existing", "a.cz").stderr
    assert b"x.cz: b: is there" in run("d", "--skip-existing", "x.cz").stderr
    os.utime("a", ns=(0, Path("a.cz").stat().st_mtime_ns + 1))
    assert b"a.cz exists" in run("c", "--skip-existing", "a", code=1).stderr


def test_dry_run_says_what_would_be_done_and_writes_nothing(run: Run) -> None:
    Path("a").write_text("a")
    run("compress", "-o", "x.cz", "a")
    before = left(Path())

    assert run("c", "--dry-run", "a", "--output-dir", "out").stdout == b"a -> out/a.cz\n"
    assert run("c", "--dry-run", "-o", "y.cz", "a").stdout == b"a -> y.cz\n"
    assert run("c", "--dry-run", "-c", "a").stdout == b"a -> stdout\n"
    assert run("d", "--dry-run", "x.cz", "-C", "new").stdout == b"x.cz -> new/x\n"

    assert left(Path()) == before


CONTRADICTIONS = [
    "compress -c -o x.cz a",
    "compress --output-dir d -o x.cz a",
    "compress --output-dir d -c a",
    "compress --rm -c a",
    "compress --rm -k a",
    "compress --rm -o - a",
    "compress --codec store -9 a",
    "compress --name n a",
    "compress --flush-after 1 a",
    "compress --flush-after 0 -",
    "compress --flush-after nan -",
    "compress --flush-after inf -",
    "decompress --max-expansion nan a.cz",
    "test --max-expansion 1e999 a.cz",
    f"test --max-output {'9' * 5000} a.cz",
    f"test --max-output 1.{'9' * 5000} a.cz",
    f"bench --sample {'9' * 5000} a",
    "compress -0 a",
    "compress --block-size 0 a",
    "compress --memory lots a",
    "compress - a",
    "compress --sync -c a",
    "compress --skip-existing -c a",
    "compress --files-from - -",
    "decompress --rm -c a.cz",
    "decompress -o x -c a.cz",
    "decompress -o x -C d a.cz",
    "decompress -c -N a.cz",
    "decompress -o x a.cz b.cz",
    "decompress - a.cz",
    "cat a.cz --range 5:3",
    "cat a.cz --range x",
]


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_contradictions_are_wrong_usage_and_nothing_is_written(words: str) -> None:
    for name in ("a", "a.cz", "b.cz"):
        Path(name).write_text(name)

    assert main(words.split()) == 2

    assert left(Path()) == {"a", "a.cz", "b.cz"}


@pytest.mark.parametrize("codec", ["zstd:level=19", "zstd:level=3", "lzma:level=9", "huffman"])
def test_small_inputs_need_little_memory_and_make_the_same_archive(run: Run, codec: str) -> None:
    Path("a").write_bytes(b"12345678")
    Path("b").write_bytes(bytes(100_000))
    for names in (["a"], ["a", "b"]):
        packed = [
            run("compress", "-c", "--codec", codec, "--memory", size, *names).stdout
            for size in ("100M", "1G")
        ]
        assert packed[0] == packed[1]
    with Path("a").open("rb") as file:
        from_file = run("--codec", codec, "--memory", "100M", "-c", stdin=file).stdout
    assert from_file == run("--codec", codec, input=b"12345678").stdout
    assert b"--memory" in run("--codec", "zstd:level=19", "--memory", "100M", code=4).stderr


def test_a_file_that_grows_keeps_to_the_memory_that_was_reckoned() -> None:
    parts: list[bytes] = []
    options = PackOptions(parse("zstd:level=19"), plain_limit=8)
    packer = Packer(lambda data: parts.append(bytes(data)), options)
    Path("a").write_bytes(b"12345678")
    source = open_input(Path("a"), follow=False)
    Path("a").write_bytes(bytes(range(256)) * 2000)

    pieces = list(source.pieces(packer.piece_size))
    os.close(source.descriptor)
    assert max(map(len, pieces)) <= packer.piece_size == 1 << 16
    packer.add(Entry(b"a"), iter(pieces))
    packer.finish()

    assert decompress(b"".join(parts)) == Path("a").read_bytes()


READERS = ["list", "test", "info", "decompress -c", "cat -", "decompress -fN", "recover - -fo r"]


@pytest.mark.parametrize("words", READERS)
@pytest.mark.parametrize("several", [False, True])
def test_a_seekable_stdin_is_read_from_where_it_stands(run: Run, words: str, several: bool) -> None:
    Path("a").write_bytes(b"1")
    Path("b").write_bytes(b"2")
    run("compress", "-o", "x.cz", *(["a", "b"] if several else ["a"]))
    Path("y").write_bytes(b"junk" + Path("x.cz").read_bytes())
    answers = []
    for name, begin in (("x.cz", 0), ("y", 4)):
        with Path(name).open("rb", buffering=0) as file:
            file.seek(begin)
            answers.append(run(*words.split(), stdin=file).stdout)

    assert answers[0] == answers[1]


def test_a_sparse_stdin_is_packed_from_where_it_stands(run: Run) -> None:
    with Path("a").open("wb") as file:
        file.write(b"head")
        file.truncate(4 << 20)
    with Path("a").open("rb", buffering=0) as file:
        file.seek(1)
        packed = run(stdin=file).stdout

    assert run("-d", input=packed).stdout == Path("a").read_bytes()[1:]
