"""Bytes are written behind the caller's back: all of them, in order, and nothing once it is closed."""

import threading
from unittest.mock import Mock

import pytest

from compressor.engine.behind import HELD, Behind

BIG = bytes(HELD)


class Writer:
    """Notes what is written and by whom; waits for ``gate``, fails at ``bad``."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.written: list[bytes] = []
        self.threads: set[str] = set()

    def write(self, data: bytes) -> None:
        assert self.gate.wait(10)
        if data == b"bad":
            raise OSError("full")
        self.threads.add(threading.current_thread().name)
        self.written.append(data)


@pytest.fixture
def writer():
    return Writer()


@pytest.fixture
def behind(writer):
    made = Behind(writer.write, apart=True)
    yield made
    writer.gate.set()
    made.close()


def test_what_is_written_keeps_its_order(writer, behind) -> None:
    pieces = [b"a", BIG, b"b", b"c", BIG, BIG, b"d"]

    for piece in pieces:
        behind.write(piece)
    behind.flush()

    assert writer.written == pieces


def test_large_pieces_are_written_while_the_caller_goes_on(writer, behind) -> None:
    writer.gate.clear()

    behind.write(BIG)
    behind.write(b"next")

    assert writer.written == []
    writer.gate.set()
    behind.flush()
    assert writer.written == [BIG, b"next"]
    assert "compressor-write" in writer.threads


def test_without_a_thread_all_is_written_at_once(writer) -> None:
    behind = Behind(writer.write, apart=False)

    behind.write(BIG)

    assert writer.written == [BIG]
    assert writer.threads == {threading.current_thread().name}


def test_an_error_is_raised_at_a_later_call_and_nothing_follows_it(writer, behind) -> None:
    for piece in (b"bad", BIG):
        behind.write(piece)

    with pytest.raises(OSError, match="full"):
        behind.flush()
    with pytest.raises(OSError, match="full"):
        behind.write(BIG)

    assert writer.written == []


def test_nothing_is_written_once_it_is_closed(writer, behind) -> None:
    writer.gate.clear()
    behind.write(b"first")
    behind.write(BIG)
    behind.write(b"dropped")
    closing = threading.Thread(target=behind.close)
    closing.start()
    writer.gate.set()
    closing.join(10)

    count = len(writer.written)

    assert not closing.is_alive()
    assert b"dropped" not in writer.written
    assert len(writer.written) == count


def test_at_most_one_batch_is_on_its_way(writer, behind) -> None:
    writer.gate.clear()
    behind.write(BIG)
    second = threading.Thread(target=behind.write, args=(BIG,))
    second.start()
    second.join(0.1)

    waits = second.is_alive()
    writer.gate.set()
    second.join(10)
    behind.flush()

    assert waits
    assert writer.written == [BIG, BIG]


def test_an_interrupted_wait_is_not_waited_for_again(writer, behind, monkeypatch) -> None:
    monkeypatch.setattr("compressor.engine.behind.PATIENCE", 0.05)
    writer.gate.clear()
    behind.write(BIG)

    monkeypatch.setattr(behind, "_busy", Mock(acquire=Mock(side_effect=[KeyboardInterrupt, False])))
    with pytest.raises(KeyboardInterrupt):
        behind.write(BIG)
    behind.close()

    assert writer.written == []


def test_a_small_part_of_a_block_does_not_keep_all_of_it(behind) -> None:
    block = bytearray(1000)

    behind.write(memoryview(block)[:10])
    behind.write(memoryview(block)[:900])

    assert isinstance(behind._waiting[0], bytes)
    assert isinstance(behind._waiting[1], memoryview)


def test_an_interrupt_before_the_handing_over_does_not_stop_the_end(writer, monkeypatch) -> None:
    behind = Behind(writer.write, apart=True)
    behind.write(BIG)  # so that there is a thread
    behind.flush()
    thread = behind._thread
    monkeypatch.setattr(Behind, "_hand_over", interrupt)

    with pytest.raises(KeyboardInterrupt):
        behind.write(BIG)
    behind.close()

    assert thread is not None
    assert not thread.is_alive()


def test_a_thread_that_can_not_be_had_is_told_and_does_not_stop_the_end(
    writer, monkeypatch
) -> None:
    behind = Behind(writer.write, apart=True)
    monkeypatch.setattr(threading.Thread, "start", no_thread)

    with pytest.raises(RuntimeError, match="can't start"):
        behind.write(BIG)
    behind.close()
    behind.flush()


def interrupt(_behind: Behind) -> None:
    raise KeyboardInterrupt


def no_thread(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
