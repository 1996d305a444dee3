"""What is said of a COMPRESSOR_KERNEL that is not here: the same by all kernels, and true."""

from collections.abc import Callable

import pytest

from compressor.errors import UsageError
from compressor.kernels import floatsplit, huffman, pieces, preset

NAMES = [floatsplit.kernel_name, huffman.kernel_name, pieces.kernel_name, preset.kernel_name]


@pytest.mark.parametrize("name", NAMES)
def test_a_refusal_says_what_is_here(
    name: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPRESSOR_KERNEL", "nonsense")

    with pytest.raises(UsageError) as caught:
        name()

    said, _, here = str(caught.value).rpartition(" are ")
    assert said == "COMPRESSOR_KERNEL=nonsense can't be had: here, on this processor,"
    for form in here.split(", "):
        monkeypatch.setenv("COMPRESSOR_KERNEL", form)
        assert name() in {form, "portable"}
