"""What the README's table says of other programs, tried on them."""

import os
import random
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

COMPRESSOR = Path(sys.executable).with_name("compressor")
Peer = Callable[[str], str]
FIRST_NIGHT = 1_700_000_000_123_456_789  # nanoseconds since 1970

ONE_STREAM = pytest.mark.parametrize("name", ["gzip", "zstd", "xz"])


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    """Make a file that shrinks a little, so that a flipped bit is one of a literal."""
    drawn = random.Random(3)
    path = tmp_path / "numbers"
    path.write_bytes(array("f", (drawn.gauss(0, 1) for _ in range(500_000))))
    return path


def output(*command: str | Path, data: bytes = b"") -> tuple[int, bytes]:
    """Return the exit code of a command, and what it wrote to stdout."""
    done = subprocess.run([*map(str, command)], input=data, capture_output=True, check=False)
    return done.returncode, done.stdout


def flipped(packed: bytes) -> bytes:
    damaged = bytearray(packed)
    damaged[len(damaged) // 2] ^= 1
    return bytes(damaged)


@ONE_STREAM
def test_one_stream_is_given_out_before_its_check_was_tested(
    name: str, numbers: Path, peer: Peer
) -> None:
    _, packed = output(peer(name), "-c", numbers)

    code, restored = output(peer(name), "-dc", data=flipped(packed))

    assert code != 0
    assert restored != numbers.read_bytes()[: len(restored)]


@pytest.mark.parametrize("codec", ["zstd", "store", "zlib"])
def test_compressor_gives_out_nothing_but_what_was_checked(codec: str, numbers: Path) -> None:
    command = [COMPRESSOR, "-c", "--block-size", "64K", "--codec", codec]
    _, packed = output(*command, numbers)

    code, restored = output(COMPRESSOR, "-dc", data=flipped(packed))

    assert code == 4
    assert 0 < len(restored) < numbers.stat().st_size
    assert restored == numbers.read_bytes()[: len(restored)]


def test_seven_zip_loses_a_solid_block_to_one_bit(
    numbers: Path, tmp_path: Path, peer: Peer
) -> None:
    seven = peer("7z")
    (tmp_path / "words").write_text("a few words")
    output(seven, "a", "-ms=on", tmp_path / "x.7z", numbers, tmp_path / "words")
    (tmp_path / "x.7z").write_bytes(flipped((tmp_path / "x.7z").read_bytes()))

    code, _ = output(seven, "x", "-y", f"-o{tmp_path / 'out'}", tmp_path / "x.7z")

    assert code != 0
    assert not (tmp_path / "out/words").exists()
    assert (tmp_path / "out/numbers").read_bytes() != numbers.read_bytes()


def test_seven_zip_does_not_pack_to_a_pipe(numbers: Path, peer: Peer) -> None:
    code, _ = output(peer("7z"), "a", "-t7z", "-so", "x.7z", numbers)

    assert code != 0


def test_the_threads_of_xz_show_in_its_bytes(numbers: Path, peer: Peer) -> None:
    one, two = (output(peer("xz"), "-0", threads, "-c", numbers)[1] for threads in ("-T1", "-T2"))

    assert one != two


def test_the_threads_of_compressor_do_not_show(numbers: Path) -> None:
    one, two = (output(COMPRESSOR, threads, "-c", numbers)[1] for threads in ("-T1", "-T2"))

    assert one == two


@pytest.fixture
def two_nights(tmp_path: Path) -> Path:
    """Make a folder of one file that does not shrink, with a time that has nanoseconds."""
    folder = tmp_path / "night"
    folder.mkdir()
    (folder / "state").write_bytes(random.Random(9).randbytes(1_000_000))
    os.utime(folder / "state", ns=(FIRST_NIGHT, FIRST_NIGHT))
    return folder


def grown(folder: Path) -> None:
    with (folder / "state").open("ab") as file:
        file.write(b"a little more")
    later = time.time_ns() + 10**9  # tar takes a file for unchanged that changes as it begins
    os.utime(folder / "state", ns=(later, later))


def test_tar_stores_a_changed_file_whole(two_nights: Path, tmp_path: Path, peer: Peer) -> None:
    command = [peer("tar"), "-C", two_nights.parent, "-g", tmp_path / "snapshot", "-c", "-f"]
    output(*command, tmp_path / "0.tar", two_nights.name)
    grown(two_nights)
    output(*command, tmp_path / "1.tar", two_nights.name)

    assert (tmp_path / "1.tar").stat().st_size > 1_000_000


def test_compressor_stores_what_is_new_of_a_file(two_nights: Path) -> None:
    archive = two_nights.with_suffix(".cz")
    output(COMPRESSOR, "compress", two_nights)
    before = archive.stat().st_size
    grown(two_nights)

    code, _ = output(COMPRESSOR, "append", archive, two_nights)

    assert code == 0
    assert archive.stat().st_size - before < 200_000


def test_tar_as_it_comes_forgets_nanoseconds(two_nights: Path, tmp_path: Path, peer: Peer) -> None:
    output(peer("tar"), "-C", two_nights, "-cf", tmp_path / "x.tar", "state")
    output(peer("tar"), "-C", tmp_path, "-xf", tmp_path / "x.tar")

    assert (tmp_path / "state").stat().st_mtime_ns == FIRST_NIGHT // 10**9 * 10**9


def test_compressor_keeps_nanoseconds(two_nights: Path, tmp_path: Path) -> None:
    output(COMPRESSOR, "compress", two_nights)
    output(COMPRESSOR, "extract", two_nights.with_suffix(".cz"), "-C", tmp_path / "back")

    assert (tmp_path / "back/night/state").stat().st_mtime_ns == FIRST_NIGHT
