"""LZO with either library, and with the slower one what keeps it from growing without end."""

import re
import sys
from pathlib import Path
from types import ModuleType

import lzallright
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.errors import DamagedError, UnsupportedError
from compressor.stages.chain import parse
from compressor.stages.codecs import lzo
from compressor.stages.codecs.lzo import Lzo
from tests import strategies

END = b"\x11\0\0"
END_GAIN = 3  # bytes that the end mark counts for
LITERALS = b"\x12a"  # one literal, and then a state of 1
PYTHON_LZO = lzo._python_lzo()
both = pytest.mark.skipif(isinstance(PYTHON_LZO, str), reason="needs python-lzo")


def without_python_lzo(level: int = 1) -> Lzo:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lzo, "_python_lzo", lambda: lzo.INSTALL)
        return Lzo(level)


def match(length: int) -> bytes:
    """Return a far match (16..31) at distance 16384 + 0, long by zero bytes; not a sound one."""
    zeros, rest = divmod(length - 2 - 31 - 1, 255)
    return b"\x20" + bytes(zeros) + bytes([rest + 1]) + b"\0\0"


@both
@pytest.mark.parametrize("level", [1, 9])
@given(plain=strategies.plain())
def test_what_python_lzo_packs_lzallright_reads(level: int, plain: bytes) -> None:
    packed = Lzo(level).encode(plain)

    assert without_python_lzo().decode(packed, len(plain)) == plain


@both
@given(plain=strategies.plain())
def test_what_lzallright_packs_python_lzo_reads(plain: bytes) -> None:
    packed = without_python_lzo().encode(plain)

    assert Lzo().decode(packed, len(plain)) == plain


@both
def test_the_five_bytes_of_python_lzo_are_left_out() -> None:
    assert isinstance(PYTHON_LZO, ModuleType)

    assert Lzo().encode(b"abc" * 99) == PYTHON_LZO.compress(b"abc" * 99)[5:]


@given(plain=strategies.plain())
def test_without_python_lzo_what_goes_in_comes_out(plain: bytes) -> None:
    codec = without_python_lzo()

    assert codec.decode(codec.encode(plain), len(plain)) == plain


@given(plain=strategies.plain(), data=st.data())
def test_without_python_lzo_damage_is_found_or_keeps_the_size(
    plain: bytes, data: st.DataObject
) -> None:
    codec = without_python_lzo()
    packed = bytearray(codec.encode(plain))
    packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    del packed[data.draw(st.integers(1, len(packed))) :]

    try:
        result = codec.decode(bytes(packed), len(plain))
    except DamagedError:
        return

    assert len(result) == len(plain)


@pytest.mark.parametrize("tail", [b"\0", END])
def test_without_python_lzo_bytes_behind_the_end_are_damage(tail: bytes) -> None:
    codec = without_python_lzo()

    with pytest.raises(DamagedError):
        codec.decode(codec.encode(b"abc") + tail, 3)


def test_without_python_lzo_a_bomb_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = LITERALS + match(lzo.EXCESS + 2000) + END
    monkeypatch.setattr(lzallright, "LZOCompressor", None)

    with pytest.raises(DamagedError, match="holds more than its 1000 bytes"):
        without_python_lzo().decode(bomb, 1000)


@given(plain=strategies.plain())
def test_instructions_add_up_to_the_size(plain: bytes) -> None:
    packed = without_python_lzo().encode(plain)

    assert lzo._bounded(packed, len(plain) + END_GAIN)
    assert not lzo._bounded(packed, len(plain) + END_GAIN - 1)


@both
@pytest.mark.parametrize("level", [1, 9])
@given(plain=strategies.plain())
def test_instructions_of_python_lzo_add_up_too(level: int, plain: bytes) -> None:
    packed = Lzo(level).encode(plain)

    assert lzo._bounded(packed, len(plain) + END_GAIN)
    assert not lzo._bounded(packed, len(plain) + END_GAIN - 1)


@given(packed=st.binary(max_size=200), limit=st.integers(0, 1000))
def test_adding_up_survives_anything(packed: bytes, limit: int) -> None:
    bounded = lzo._bounded(packed, limit)

    if bounded:
        assert lzo._bounded(packed, limit + 1)


def test_level_9_needs_python_lzo_to_encode_and_nothing_to_decode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lzo, "_python_lzo", lambda: lzo.INSTALL)

    with pytest.raises(UnsupportedError, match="install python-lzo"):
        parse("lzo:level=9")
    assert parse("lzo").wire == "lzo"


def test_a_slow_provider_gives_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lzo, "_python_lzo", lambda: lzo.INSTALL)

    notice = lzo.STAGE.notice()

    assert lzo.STAGE.provider().name == "lzallright"
    assert notice
    assert "6 MB/s" in notice


@both
def test_a_fast_provider_gives_none() -> None:
    assert lzo.STAGE.notice() is None
    assert lzo.STAGE.provider().name == "python-lzo"


def test_a_size_beyond_the_libraries_is_damage() -> None:
    with pytest.raises(DamagedError, match="claims"):
        Lzo().decode(END, 1 << 40)


def test_a_python_lzo_that_can_not_be_loaded_is_said_and_done_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lzo.py").write_text("raise OSError('liblzo2.so.2: cannot open')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lzo", raising=False)
    said = r"python-lzo is installed, but can't be loaded \(OSError: liblzo2.so.2: cannot open\)"

    with pytest.raises(UnsupportedError, match=said):
        parse("lzo:level=9")
    provider = lzo.STAGE.provider()
    assert provider.name == "lzallright"
    assert re.match(said, provider.hint)
    assert re.search(said, lzo.STAGE.notice() or "")
    assert Lzo().decode(Lzo().encode(b"abc" * 99), 297) == b"abc" * 99
