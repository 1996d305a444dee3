"""What is said of an append that was not finished: the same by an index as from front to back."""

from compressor.errors import UnfinishedError


def without_end(number: int, offset: int | None, why: str = "") -> UnfinishedError:
    """Return what there is to say of a version that is whole, but for what comes behind its last leaf."""
    what = "an append" if number > 1 else "the archive"
    what = f"{what} was not finished: version {number} is whole, but lacks its end"
    return UnfinishedError(f"{what}: {why}" if why else what, offset=offset)


def cut_off(number: int, offset: int | None, why: str = "") -> UnfinishedError:
    """Return what there is to say of a version that was begun behind the one of this number."""
    last = f"version {number} is the last whole one: {why}"
    if not why:  # the message goes on with "at byte"
        last = f"version {number}, the last whole one, ends"
    return UnfinishedError(f"an append was not finished: {last}", offset=offset)
