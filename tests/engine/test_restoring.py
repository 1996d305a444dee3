"""What decides how members are restored, and how far back a packer looks."""

import io
from pathlib import Path

import pytest

from compressor.engine.packoptions import reach_of
from compressor.engine.reading import UnpackOptions
from compressor.engine.restoring import Restoring, restore
from compressor.engine.select import Selection
from compressor.errors import UsageError
from compressor.tree.restoreoptions import RestoreOptions


def test_a_pipe_has_no_version_to_be_asked_for(tmp_path: Path) -> None:
    what = Restoring(Selection(()), RestoreOptions(0o644), UnpackOptions(), version=1)

    with pytest.raises(UsageError, match="from a file only"):
        restore(io.BytesIO(b""), tmp_path / "out", what, lambda _: None, seekable=False)

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("asked", "total", "default", "reach"),
    [
        (None, None, None, None),
        (None, 10, None, 10),
        (None, None, 256, 256),
        (None, 10, 256, 10),
        (5, None, None, 5),
        (5, 10, 256, 5),
        (50, 10, 256, 10),
        (0, None, None, 0),
    ],
)
def test_reach_is_as_asked_and_never_more_than_there_is(
    asked: int | None, total: int | None, default: int | None, reach: int | None
) -> None:
    assert reach_of(asked, total, default) == reach
