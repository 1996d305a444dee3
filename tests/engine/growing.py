"""What an archive is written to that is read again while it grows."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


class Growing(io.BytesIO):
    """In memory."""

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """Give what was written so far."""
        yield io.BytesIO(self.getvalue())
