"""Recovery of what is a difference from a file outside, which may be at hand or not."""

import json
from pathlib import Path

import pytest

from compressor.archive.record import HEADER_SIZE, Kind, parse_header
from tests.cli.process import Run, lines
from tests.cli.test_base import missing, write
from tests.tensors.states import state

SMALL = b"a small file, packed in full"


@pytest.fixture(autouse=True)
def archive(run: Run) -> bytearray:
    """Return an archive of a small file and a state, which is a difference from old0."""
    write("old0", "new1")
    Path("a").write_bytes(SMALL)
    run("compress", "--base", "old0", "a", "new1", "-o", "both.cz")
    return bytearray(Path("both.cz").read_bytes())


def damage(archive: bytearray, kind: Kind) -> None:
    """Turn a bit in the last record of a kind."""
    at, found = 8, 0
    while at < len(archive):
        header = parse_header(bytes(archive[at : at + HEADER_SIZE]), at)
        found = header.end if header.kind == kind else found
        at = header.end
    archive[found - 12] ^= 4
    Path("bad.cz").write_bytes(archive)


def test_members_are_kept_as_they_are_where_their_base_is_not_at_hand(run: Run) -> None:
    said = run("recover", "both.cz", "-o", "good.cz", code=3).stderr

    assert missing(said, "old0")
    assert b"new1: kept, not verified" in said
    run("test", "--base", "old0", "good.cz")
    assert run("cat", "--base", "old0", "good.cz").stdout == SMALL + state(1)
    run("recover", "--base", "old0", "good.cz", "-o", "better.cz")


def test_blocks_without_an_entry_are_had_with_their_base(run: Run, archive: bytearray) -> None:
    damage(archive, Kind.MEMBERS)

    done = run("recover", "--json", "--base", "old0", "bad.cz", "-o", "good.cz", code=3)

    (found,) = [one for one in lines(done.stdout) if one["type"] == "recovered"]
    assert found["left_out"] == []
    (name,) = found["lost_found"]
    assert run("cat", "--base", "old0", "good.cz", name).stdout == state(1)


def test_without_the_base_they_are_named_with_it_and_the_others_are_had(
    run: Run, archive: bytearray
) -> None:
    damage(archive, Kind.MEMBERS)

    done = run("recover", "bad.cz", "-o", "good.cz", code=3)

    assert missing(done.stderr, "old0")
    assert done.stderr.count(b"left out") == 1
    run("test", "good.cz")
    head = run("cat", "good.cz").stdout.removeprefix(SMALL)
    assert len(head) > 100
    assert state(1).startswith(head)


def test_a_base_of_which_nothing_is_known_any_more_is_the_reason(
    run: Run, archive: bytearray
) -> None:
    damage(archive, Kind.BASE)

    done = run("recover", "--json", "--base", "old0", "bad.cz", "-o", "good.cz", code=3)

    reasons = [
        one["message"] for one in map(json.loads, done.stdout.splitlines()) if "message" in one
    ]
    assert sum("difference from is" in reason for reason in reasons) == 2  # the member, its blocks
    run("test", "good.cz")
    assert run("cat", "good.cz", "a").stdout == SMALL
