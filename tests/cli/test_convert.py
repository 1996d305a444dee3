"""Tar and zip files into archives, and archives into tar files: what they hold, and what they try."""

import io
import json
import os
import random
import stat
import struct
import subprocess
import tarfile
import zipfile
from array import array
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import Run, left, lines
from tests.formats.samples import NOISE, TEXT, Peer

ROOT = os.geteuid() == 0
NS = 981_173_106_123_456_789


def tree(top: Path) -> None:
    """Make one of everything that may be made by anybody, and of some that root makes."""
    (top / "sub/deep").mkdir(parents=True)
    (top / "a").write_bytes(TEXT)
    (top / "hard").hardlink_to(top / "a")
    (top / "soft").symlink_to("a")
    (top / "out").symlink_to("/etc/passwd")
    (top / "sub/empty").touch(mode=0o600)
    (top / "sub/program").write_bytes(NOISE)
    (top / "sub/program").chmod(0o4751)
    os.mkfifo(top / "sub/fifo")
    os.link(top / "soft", top / "soft-again", follow_symlinks=False)
    (top / "n\udcffm").write_bytes(b"odd")
    (top / ("long" * 40)).write_bytes(b"long")
    with (top / "sparse").open("wb") as file:
        file.truncate(3 << 20)
        file.seek(1 << 20)
        file.write(TEXT)
    with suppress(OSError):  # not every file system has attributes
        os.setxattr(top / "a", "user.note", b"v\xff\0\n=w")
        for name in ("user.a=b", "user.100%", "user.%3D", "user.%41"):
            os.setxattr(top / "a", name, name.encode())
    if ROOT:
        os.chown(top / "sub", 1234, 4321)
    for path in sorted(top.rglob("*"), reverse=True):
        os.utime(path, ns=(NS, NS), follow_symlinks=False)
    (top / "sub/deep").chmod(0o555)
    os.utime(top, ns=(NS + 1, NS + 1))


def facts(top: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that is to be kept of a tree."""
    found = {}
    for path in (top, *top.rglob("*")):
        status = path.lstat()
        content: Any = None
        if stat.S_ISREG(status.st_mode):
            content = path.read_bytes()
        elif stat.S_ISLNK(status.st_mode):
            content = path.readlink()
        names = [] if path.is_symlink() else sorted(os.listxattr(path))
        xattrs = [(name, os.getxattr(path, name)) for name in names if name.startswith("user.")]
        owner = (status.st_uid, status.st_gid)
        facts = (status.st_mode, status.st_nlink, owner, status.st_mtime_ns, content, xattrs)
        found[str(path.relative_to(top))] = facts
    return found


def tar_of(*members: tuple[tarfile.TarInfo, bytes], **options: Any) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **options) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def info(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.mtime = kind, link, 1_000_000_000
    return found


def kept(found: dict[str, tuple[Any, ...]], packed: list[str]) -> dict[str, tuple[Any, ...]]:
    """Return what a tar file keeps: GNU's own format has no attributes and no parts of seconds."""
    if packed != ["--format=gnu"]:
        return found
    return {name: (*one[:3], one[3] // 10**9, one[4]) for name, one in found.items()}


@pytest.mark.parametrize(
    "packed", [[], ["-z"], ["-J"], ["-j"], ["--zstd"], ["--format=gnu"]], ids=lambda w: "".join(w)
)
def test_a_tree_goes_through_tar_and_back(run: Run, peer: Peer, packed: list[str]) -> None:
    tree(Path("run"))
    before = facts(Path("run"))
    form = packed if packed == ["--format=gnu"] else ["--format=pax", "--xattrs", *packed]
    subprocess.run([peer("tar"), "-S", *form, "-cf", "x.tar", "run"], check=True)

    run("convert", "x.tar")
    run("extract", "x.cz", "-C", "ours", "--unsafe-links", "--specials")
    run("export", "x.cz", "-o", "back.tar")
    Path("theirs").mkdir()
    words = [peer("tar"), "--xattrs", "-xpf", "back.tar", "-C", "theirs"]
    done = subprocess.run(words, capture_output=True, check=True)

    assert done.stderr == b""
    for after in (Path("ours/run"), Path("theirs/run")):
        assert kept(facts(after), packed) == kept(before, packed)
        assert (after / "sparse").stat().st_blocks * 512 < 1 << 20


def test_compress_then_export_is_what_tar_restores(run: Run, peer: Peer) -> None:
    tree(Path("run"))
    before = facts(Path("run"))
    run("compress", "--specials", "run")

    packed = run("export", "run.cz", "-o", "-").stdout

    subprocess.run([peer("mv"), "run", "was"], check=True)
    subprocess.run([peer("tar"), "--xattrs", "-xp"], input=packed, check=True)
    assert facts(Path("run")) == before
    assert run("convert", "-", "-o", "again.cz", input=packed).stdout == b""
    names = [line["name"] for line in lines(run("list", "--json", "again.cz").stdout)[:-1]]
    assert names == [line["name"] for line in lines(run("list", "--json", "run.cz").stdout)[:-1]]


def test_incremental_tar_files_are_converted(run: Run, peer: Peer) -> None:
    tree(Path("run"))
    before = facts(Path("run"))
    words = ["-g", "state", "--format=gnu", "-S", "-cf", "x.tar", "run"]
    subprocess.run([peer("tar"), *words], check=True)

    run("convert", "x.tar")
    run("extract", "x.cz", "-C", "ours", "--unsafe-links", "--specials")

    assert kept(facts(Path("ours/run")), ["--format=gnu"]) == kept(before, ["--format=gnu"])


@pytest.mark.parametrize("version", ["0.0", "0.1", "1.0"])
def test_names_of_sparse_files_are_kept(run: Run, peer: Peer, version: str) -> None:
    names = ["short", "long" * 40]
    for name in names:
        with Path(name).open("wb") as file:
            file.seek(1 << 20)
            file.write(TEXT)
    form = ["--format=pax", "-S", f"--sparse-version={version}"]
    subprocess.run([peer("tar"), *form, "-cf", "x.tar", *names], check=True)

    run("convert", "x.tar")

    for name in names:
        assert run("cat", "x.cz", name).stdout == bytes(1 << 20) + TEXT


def test_labels_of_tar_files_are_passed_by(run: Run, peer: Peer) -> None:
    Path("a").write_bytes(TEXT)
    for form in ("gnu", "pax"):
        words = ["-V", "label", f"--format={form}", "-cf", "x.tar", "a"]
        subprocess.run([peer("tar"), *words], check=True)

        assert run("convert", "-f", "x.tar").stderr == b""

        assert [line.get("name") for line in lines(run("list", "--json", "x.cz").stdout)] == [
            "a",
            None,
        ]


def test_owners_and_times_go_through_tar_and_back(run: Run) -> None:
    times = {"a": 0, "b": -1, "c": -(10**9), "d": -1.5, "e": 10**9 + 0.25, "f": 1 << 33}
    members = [info(name) for name in times]
    for number, one in enumerate(members):
        one.mtime = times[one.name]
        one.uid, one.gid = (1 << 32) - 1 - number, (1 << 21) + number
        one.uname, one.gname = f"user\u00e9{number}", f"group{number}"
    packed = tar_of(*((one, b"x") for one in members), format=tarfile.PAX_FORMAT)
    run("convert", "-", "-o", "x.cz", input=packed)

    back = run("export", "x.cz", "-o", "-").stdout

    with tarfile.open(fileobj=io.BytesIO(back)) as tar:
        for before, after in zip(members, tar.getmembers(), strict=True):
            for what in ("name", "mtime", "uid", "gid", "uname", "gname"):
                assert getattr(after, what) == getattr(before, what)


def test_owners_in_zip_files_are_kept(run: Run) -> None:
    owners = {"a": (1234, 4321, 4), "b": (7, 300, 2), "c": ((1 << 32) - 1, 0, 4)}
    with zipfile.ZipFile("x.zip", "w") as archive:
        for name, (uid, gid, size) in owners.items():
            one = zipfile.ZipInfo(name)
            numbers = (bytes([size]) + number.to_bytes(size, "little") for number in (uid, gid))
            data = b"\1" + b"".join(numbers)
            one.extra = (
                struct.pack("<HHI", 0x9999, 4, 5) + struct.pack("<HH", 0x7875, len(data)) + data
            )
            archive.writestr(one, b"x")

    run("convert", "x.zip")

    with tarfile.open(fileobj=io.BytesIO(run("export", "x.cz", "-o", "-").stdout)) as tar:
        found = {one.name: (one.uid, one.gid) for one in tar}
    assert found == {name: (uid, gid) for name, (uid, gid, _) in owners.items()}


def test_zip_files_are_converted(run: Run, peer: Peer) -> None:
    Path("run/sub").mkdir(parents=True)
    Path("run/a").write_bytes(TEXT)
    Path("run/sub/program").write_bytes(NOISE)
    Path("run/sub/program").chmod(0o751)
    Path("run/soft").symlink_to("a")
    for name in ("ca\u00e9", "n\udcffm"):
        Path("run", name).write_bytes(b"odd")
    for name in ("run/a", "run/sub/program"):
        os.utime(name, (1_000_000_001, 1_000_000_001))
    before = facts(Path("run"))
    subprocess.run([peer("zip"), "-qry", "x.zip", "run"], check=True)

    run("convert", "x.zip")
    run("extract", "x.cz", "-C", "out")

    after = facts(Path("out/run"))
    assert after.keys() == before.keys()
    for name in ("a", "sub/program", "soft"):
        assert after[name][0] == before[name][0]
        assert after[name][4] == before[name][4]
    assert after["a"][3] == 1_000_000_001 * 10**9
    assert (
        b"can't be read from a pipe"
        in run("convert", "-", "-o", "y.cz", input=Path("x.zip").read_bytes(), code=2).stderr
    )


HOSTILE = {
    "../up": info("../up"),
    "a/../../up": info("a/../../up"),
    "link": info("link", tarfile.LNKTYPE, "/etc/passwd"),
    "strange": info("strange", b"Q"),
    "nowhere": info("nowhere", tarfile.SYMTYPE, ""),
}


def test_hostile_members_are_left_out_and_named(run: Run) -> None:
    members = [(one, b"") for one in HOSTILE.values()]
    Path("x.tar").write_bytes(
        tar_of(
            *members, (info("/etc/abs"), b"abs"), (info("./good//name"), b"good"), (info("./"), b"")
        )
    )

    stderr = run("convert", "x.tar", code=3).stderr

    for name in HOSTILE:
        assert f"x.tar: {name}: ".encode() in stderr
    assert b"/etc/abs: is an absolute name" in stderr
    run("extract", "x.cz", "-C", "out")
    assert sorted(str(p) for p in Path("out").rglob("*") if p.is_file()) == [
        "out/etc/abs",
        "out/good/name",
    ]
    assert left(Path()) == {"x.tar", "x.cz", "out"}


def test_what_has_no_name_is_left_out_and_told(run: Run) -> None:
    names = [".", "", "./", "//"]
    for name in names:
        one = info(name) if name != "./" else info(name, tarfile.SYMTYPE, "there")
        Path("x.tar").write_bytes(tar_of((info("a"), b"x"), (one, b"lost" * one.isreg())))

        said = run("convert", "-f", "x.tar", code=3).stderr.decode()

        assert said.count("\n") == 1
        assert "x.tar: " in said
        assert "has no name; it is left out" in said
        assert run("cat", "x.cz", "a").stdout == b"x"
    Path("x.tar").write_bytes(
        tar_of(*((info(name, tarfile.DIRTYPE), b"") for name in ("a", *names)))
    )
    run("convert", "-f", "x.tar")


def test_links_that_lead_out_are_kept_and_not_followed(run: Run) -> None:
    Path("out").mkdir()
    Path("out/lib").symlink_to(Path("there").absolute())
    Path("there").mkdir()
    Path("x.tar").write_bytes(
        tar_of((info("a", tarfile.SYMTYPE, "/tmp"), b""), (info("lib/b"), b"x"), (info("c"), b"y"))
    )
    run("convert", "x.tar")

    run("extract", "x.cz", "-C", "out", code=3)

    assert left(Path("there")) == set()
    assert Path("out/c").read_bytes() == b"y"
    run("export", "x.cz", "-o", "y.tar")
    with tarfile.open("y.tar") as tar:
        assert tar.getmember("a").linkname == "/tmp"


def test_of_a_name_that_comes_twice_the_last_counts(run: Run) -> None:
    packed = tar_of((info("a"), b"old"), (info("b"), b"b"), (info("./a"), b"new"))
    Path("x.tar").write_bytes(packed)

    run("convert", "x.tar")

    assert run("cat", "x.cz", "a").stdout == b"new"
    assert len(lines(run("list", "--json", "x.cz").stdout)) == 3
    assert b"comes twice" in run("convert", "-", "-o", "y.cz", input=packed, code=2).stderr
    assert left(Path()) == {"x.tar", "x.cz"}


def test_of_a_file_and_what_lies_below_it_the_last_counts(run: Run) -> None:
    h, below, link = info("h"), info("h/x/y"), info("h", tarfile.SYMTYPE, "elsewhere")
    other, name = info("other"), info("again", tarfile.LNKTYPE, "h")
    cases = {
        "h": [(below, b"1"), (other, b"2"), (h, b"3")],
        "h/x/y": [(h, b"1"), (other, b"2"), (below, b"3")],
        "h/x/y ": [(link, b""), (info("h/x", tarfile.DIRTYPE), b""), (below, b"3"), (other, b"2")],
        "again": [(h, b"3"), (name, b""), (info("h/z"), b"4"), (other, b"2")],
    }
    for number, (kept_name, members) in enumerate(cases.items()):
        packed = tar_of(*members)
        Path("x.tar").write_bytes(packed)

        said = run("convert", "x.tar", "-f", code=0 if kept_name == "again" else 3).stderr
        run("extract", "x.cz", "-C", f"out{number}")

        assert Path(f"out{number}", kept_name.strip()).read_bytes() == b"3"
        assert Path(f"out{number}/other").read_bytes() == b"2"
        if kept_name != "again":
            assert b"which comes later; it is left out" in said
        piped = run("convert", "-", "-o", "y.cz", input=packed, code=2).stderr
        assert b"is no folder, 'h/" in piped
    assert Path("out3/h/z").read_bytes() == b"4"


def test_damaged_tar_files_make_no_archive(run: Run) -> None:
    whole = tar_of((info("a"), TEXT), (info("b"), NOISE), format=tarfile.PAX_FORMAT)
    second = whole.index(b"b\0\0\0\0\0\0\0", 512)
    flipped = bytearray(whole)
    flipped[second + 100] ^= 1
    for number, damaged in enumerate(
        (whole[:600], whole[: second + 700], bytes(flipped), whole[:second])
    ):
        Path(f"{number}.tar").write_bytes(damaged)
        stderr = run("convert", f"{number}.tar", code=4).stderr
        assert f"{number}.tar: ".encode() in stderr
    Path("x.tgz").write_bytes(run("--format", "gz", input=whole).stdout[:-9])
    assert b"gzip" in run("convert", "x.tgz", code=4).stderr
    assert b"neither a tar file" in run("convert", "-", "-o", "y.cz", input=TEXT, code=1).stderr
    assert not list(Path().glob("*.cz"))


def test_names_in_zip_files_are_read_by_where_they_were_made(run: Run) -> None:
    names = {(0, "k\u00e9a", False): "k\u251c\u2310a", (0, "k\u00e9b", True): "k\u00e9b"}
    names |= {(3, "k\u00e9c", False): "k\u00e9c", (3, "k\u00e9d", True): "k\u00e9d"}
    with zipfile.ZipFile("x.zip", "w") as archive:
        for system, name, flagged in names:
            one = zipfile.ZipInfo(name if flagged else name.replace("\u00e9", "EE"))
            one.create_system = system
            archive.writestr(one, b"x")
    packed = Path("x.zip").read_bytes().replace(b"kEE", "k\u00e9".encode())
    Path("x.zip").write_bytes(packed)

    run("convert", "x.zip")

    found = [line["name"] for line in lines(run("list", "--json", "x.cz").stdout)[:-1]]
    assert sorted(found) == sorted(names.values())
    Path("x.zip").write_bytes(packed.replace(b"cx", b"cy"))
    assert "k\u00e9c" in run("convert", "-f", "x.zip", code=4).stderr.decode()


def test_hostile_zip_files_are_refused(run: Run) -> None:
    with zipfile.ZipFile("x.zip", "w") as archive:
        archive.writestr("../up", b"x")
        archive.writestr("/abs", TEXT)
    assert b"climbs" in run("convert", "x.zip", code=3).stderr
    assert run("cat", "x.cz", "abs").stdout == TEXT

    data = bytearray(Path("x.zip").read_bytes())
    data[data.index(TEXT[:50]) + 9] ^= 1
    Path("bad.zip").write_bytes(data)
    assert b"damaged" in run("convert", "bad.zip", code=4).stderr
    Path("cut.zip").write_bytes(data[:-30])
    assert b"damaged" in run("convert", "cut.zip", code=4).stderr
    assert left(Path()) == {"x.zip", "x.cz", "bad.zip", "cut.zip"}


def test_limits_hold_for_what_is_converted(run: Run) -> None:
    Path("x.tar").write_bytes(tar_of((info("zeros"), bytes(3 << 20))))
    with zipfile.ZipFile("x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(3 << 20))
    for name in ("x.tar", "x.zip"):
        assert b"exceeds" in run("convert", name, "--max-output", "1M", code=4).stderr
    assert left(Path()) == {"x.tar", "x.zip"}


def test_outputs_are_never_inputs_nor_replaced_unasked(run: Run) -> None:
    Path("x.tar").write_bytes(tar_of((info("a"), b"x")))
    run("convert", "x.tar")

    assert b"exists" in run("convert", "x.tar", code=1).stderr
    assert b"is an input" in run("convert", "x.tar", "-f", "-o", "x.tar", code=1).stderr
    run("export", "x.cz", "-o", "y.tar")
    assert b"exists" in run("export", "x.cz", "-o", "y.tar", code=1).stderr
    assert b"add -o" in run("convert", "-", code=2).stderr


def test_numbers_in_what_is_converted_are_packed_as_numbers(run: Run) -> None:
    chosen = random.Random(4)
    values = array("f", (chosen.gauss(0, 1) for _ in range(50_000))).tobytes()
    halves = b"".join(values[at + 2 : at + 4] for at in range(0, len(values), 4))
    header = json.dumps(
        {"w": {"dtype": "BF16", "shape": [50_000], "data_offsets": [0, len(halves)]}}
    ).encode()
    model = len(header).to_bytes(8, "little") + header + halves
    Path("x.tar").write_bytes(tar_of((info("m.safetensors"), model)))

    run("convert", "x.tar")

    assert b"floatsplit:dtype=bf16" in run("info", "x.cz").stdout
    assert run("cat", "x.cz", "m.safetensors").stdout == model


def test_export_gives_any_version(run: Run) -> None:
    Path("d").mkdir()
    Path("d/a").write_bytes(b"one")
    run("compress", "d")
    Path("d/a").write_bytes(b"two!")
    run("append", "d.cz", "d")

    contents = []
    for words in (["--at", "1"], []):
        packed = run("export", "d.cz", "-o", "-", *words).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            file = archive.extractfile("d/a")
            assert file
            contents.append(file.read())
    assert contents == [b"one", b"two!"]


def test_what_is_wrong_and_where_and_what_to_do_is_said(run: Run) -> None:
    gap = info("gap")
    sparse = {"major": "0", "minor": "1", "name": "gap", "size": "100", "numblocks": "2"}
    gap.pax_headers = {f"GNU.sparse.{key}": value for key, value in sparse.items()}
    gap.pax_headers["GNU.sparse.map"] = "50,10,20,10"
    whole = tar_of((info("a"), TEXT), (info("b"), NOISE))
    with zipfile.ZipFile("x.zip", "w") as archive:
        archive.writestr("a", TEXT)
    zipped = bytearray(Path("x.zip").read_bytes())
    method = zipped.index(b"PK\1\2") + 10
    cases = {
        "cut.tar": (whole[:3000], 4, "this tar file was cut short (member 'a')"),
        "end.tar": (whole[: whole.index(b"b\0\0\0", 512)], 4, "cut short: it lacks its end"),
        "gap.tar": (tar_of((gap, b"x" * 20), format=tarfile.PAX_FORMAT), 4, "(member 'gap')"),
        "long.tar": (tar_of((info("x" * 70000), b"")), 3, "x...x"),
        "cut.zip": (zipped[:-30], 4, "no sound list of members at its end"),
        "method.zip": (
            zipped[:method] + b"\t" + zipped[method + 1 :],
            5,
            "'a' is packed by a method",
        ),
        "zip.gz": (
            run("--format", "gz", input=bytes(zipped)).stdout,
            1,
            "`compressor decompress` it",
        ),
        "text": (TEXT, 1, "`compressor compress` what comes out"),
        "x.cz": (run(input=b"x").stdout, 1, "this is a .cz archive already"),
    }
    for name, (content, code, words) in cases.items():
        Path(name).write_bytes(content)
        said = run("convert", name, "-f", code=code).stderr.decode()
        assert said.startswith(f"compressor: {name}: ")
        assert words in said
        assert said.count("\n") == 1
        assert len(said) < 400
    said = run("convert", "end.tar", "--memory", "80M", "-f", code=4).stderr.decode()
    assert "80 MiB are allowed" in said


def test_what_has_no_name_can_not_be_exported(run: Run) -> None:
    Path("x.cz").write_bytes(run(input=b"piped").stdout)

    assert b"no name" in run("export", "x.cz", "-o", "x.tar", code=2).stderr
    assert left(Path()) == {"x.cz"}


def test_tar_files_in_a_row_are_one(run: Run) -> None:
    first, second = tar_of((info("a"), b"old"), (info("b"), b"b")), tar_of((info("a"), b"new"))
    Path("x.tar").write_bytes(first + second)
    Path("x.tgz").write_bytes(
        b"".join(run("--format", "gz", input=p).stdout for p in (first, second))
    )
    Path("cut.tar").write_bytes(first + second[:513])

    for name in ("x.tar", "x.tgz"):
        run("convert", name, "-f")
        assert run("cat", "x.cz", "a", "b").stdout == b"newb"
    run("convert", "cut.tar", code=4)


def test_what_else_follows_a_tar_file_is_told(run: Run) -> None:
    whole = tar_of((info("a"), b"x"))
    for tail in (TEXT, b"few"):
        Path("x.tar").write_bytes(whole + tail)
        assert b"behind the end" in run("convert", "-f", "x.tar", code=3).stderr
        assert run("cat", "x.cz", "a").stdout == b"x"
    Path("x.tar").write_bytes(whole + bytes(77))
    run("convert", "-f", "x.tar")


def test_times_that_can_not_be_recorded_are_told(run: Run) -> None:
    for time in ("1e11", "-1e30", "Infinity", "none"):
        one = info("a")
        one.pax_headers = {"mtime": time}
        Path("x.tar").write_bytes(tar_of((one, b"x"), format=tarfile.PAX_FORMAT))

        assert b"x.tar: a: has a time that" in run("convert", "-f", "x.tar", code=3).stderr
        assert run("cat", "x.cz", "a").stdout == b"x"


def test_owners_that_can_not_be_recorded_are_told_once(run: Run) -> None:
    members = [info(name) for name in "abcde"]
    members[0].uid = members[0].gid = (1 << 32) - 1
    members[1].uid = members[2].gid = 1 << 32
    members[3].uname = members[4].gname = "x" * 300
    for one in members[:4]:
        packed = tar_of((one, b""), (members[4], b""), format=tarfile.PAX_FORMAT)
        Path("x.tar").write_bytes(packed)

        said = run("convert", "-f", "x.tar", code=3).stderr.decode()

        told = "e" if one is members[0] else one.name
        assert said.startswith(f"compressor: x.tar: {told}: has an owner that can't be recorded")
        assert said.count("\n") == 1


def test_hard_links_to_a_name_that_came_again_keep_what_they_led_to(run: Run) -> None:
    links = [info(name, tarfile.LNKTYPE, to) for name, to in (("l", "f"), ("m", "f"), ("n", "l"))]
    Path("x.tar").write_bytes(
        tar_of(
            (info("f"), b"one"),
            *((link, b"") for link in links),
            (info("f"), b"two"),
            (info("o", tarfile.LNKTYPE, "./f"), b""),
            (info("g"), b"3"),
            (info("g"), b"4"),
        )
    )

    run("convert", "x.tar")
    run("extract", "x.cz", "-C", "out")

    found = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    assert found == {"l": b"one", "m": b"one", "n": b"one", "f": b"two", "o": b"two", "g": b"4"}
    assert [Path("out", name).stat().st_nlink for name in ("l", "f", "g")] == [3, 2, 1]


def test_hard_links_to_links_and_pipes_are_kept_whichever_name_came_again(run: Run) -> None:
    again = [info(f"{name}{end}", tarfile.LNKTYPE, name) for name in "sp" for end in "12"]
    members = [
        info("s", tarfile.SYMTYPE, "there"),
        info("p", tarfile.FIFOTYPE),
        *again,
        info("d", tarfile.DIRTYPE),
    ]
    Path("once.tar").write_bytes(tar_of(*((one, b"") for one in members)))
    Path("twice.tar").write_bytes(tar_of(*((one, b"") for one in (*members, info("s"), info("p")))))

    for name, count in (("once", 3), ("twice", 2)):
        run("convert", f"{name}.tar")
        run("extract", f"{name}.cz", "-C", name, "--specials")

        assert str(Path(name, "s1").readlink()) == "there"
        assert Path(name, "p1").is_fifo()
        assert [Path(name, one).lstat().st_nlink for one in ("s2", "p2")] == [count] * 2

    Path("x.tar").write_bytes(tar_of((members[-1], b""), (info("l", tarfile.LNKTYPE, "d"), b"")))
    assert b"is no file before it" in run("convert", "x.tar", code=3).stderr
