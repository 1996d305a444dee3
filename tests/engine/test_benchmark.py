"""What can't be measured is named with its reason, and the others are measured; what lies ends it all."""

import pytest

from compressor.engine import benchmark, levelbench
from compressor.engine.benchmark import Row, Sample, tried
from compressor.errors import DamagedError, LimitError, UsageError

DATA = bytearray(b"measured " * 300)


def test_codecs_that_can_not_be_had_are_passed_over() -> None:
    odd, even = benchmark.measure(DATA, ["middleout", "zlib"])

    assert isinstance(odd, tuple)
    assert odd[0] == "middleout"
    assert isinstance(odd[1], UsageError)
    assert isinstance(even, Row)
    assert even.name == "zlib"


def test_levels_that_can_not_be_had_are_passed_over_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = LimitError("no memory")
    usual = levelbench._options

    def options(level: int, size: int, *, several: bool) -> object:
        if level == 1:
            raise error
        return usual(level, size, several=several)

    monkeypatch.setattr(levelbench, "_options", options)

    odd, even = levelbench.measure(Sample([DATA], cut=False), [1, 3])

    assert odd == ("-1", error)
    assert isinstance(even, Row)
    assert even.name == "-3"


def test_a_codec_that_lies_ends_the_run() -> None:
    def work() -> None:
        raise DamagedError("it did not give back what it was given")

    with pytest.raises(DamagedError):
        tried("liar", work)
