"""How members are restored into a folder."""

from msgspec import Struct

from compressor.tree.outputs import NOTHING, Identity


class RestoreOptions(Struct, frozen=True):
    """How members are restored. ``default_mode`` is for files without a recorded one.

    ``below`` is what the user called the target folder.
    """

    default_mode: int
    force: bool = False
    sync: bool = False
    protected: frozenset[Identity] = NOTHING
    unsafe_links: bool = False
    specials: bool = False
    numeric_owner: bool = False
    below: str = ""

    @property
    def folder_mode(self) -> int:
        """Mode of folders without a recorded one: who may read files may look for them."""
        return self.default_mode | self.default_mode >> 2 & 0o111 | 0o700
