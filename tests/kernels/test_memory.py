"""Memory of the caller is filled, and nothing beside it."""

import pytest

from compressor.kernels.memory import clear, copy_into


@pytest.mark.parametrize("size", [0, 1, 63, 100_000])
def test_bytes_go_where_they_should_and_no_farther(size: int) -> None:
    memory = bytearray(b"x" * (size + 2))
    source = bytes(range(256)) * (size // 256 + 1)

    copy_into(memoryview(memory)[1:-1], memoryview(source)[:size])

    assert memory == b"x" + source[:size] + b"x"


def test_zeros_go_where_they_should_and_no_farther() -> None:
    memory = bytearray(b"x" * 1000)

    clear(memoryview(memory)[1:-1])
    clear(memoryview(memory)[:0])

    assert memory == b"x" + bytes(998) + b"x"


def test_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes do not go into 2"):
        copy_into(bytearray(2), b"abc")


def test_what_can_not_be_written_is_refused() -> None:
    with pytest.raises((BufferError, ValueError)):
        copy_into(b"abc", b"def")
