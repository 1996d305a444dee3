"""The forms that native kernels have, of which COMPRESSOR_KERNEL asks for one."""

import os
from collections.abc import Callable

from compressor.errors import UsageError

FORMS = ("portable", "ssse3", "avx2", "avx512", "neon")


def not_here(has: Callable[[bytes], bool]) -> UsageError:
    """Return the error of a kernel that lacks that form on this processor; ``has`` says which it has."""
    wanted = os.environ["COMPRESSOR_KERNEL"]
    there = ", ".join(form for form in FORMS if has(form.encode()))
    return UsageError(
        f"COMPRESSOR_KERNEL={wanted} can't be had: here, on this processor, are {there}"
    )
