"""A folder that changes as people's do, by chance: what histories are of."""

import random
from array import array
from collections.abc import Callable
from pathlib import Path

from tests.engine.crashes import Tree, tree_of


def floats(rng: random.Random, count: int = 8192) -> array:  # type: ignore[type-arg]
    """Return numbers such as weights are, fp32."""
    return array("f", (rng.gauss(0, 0.02) for _ in range(count)))


def as_safetensors(numbers: array) -> bytes:  # type: ignore[type-arg]
    header = (
        f'{{"w":{{"dtype":"F32","shape":[{len(numbers) // 64},64],'
        f'"data_offsets":[0,{4 * len(numbers)}]}}}}'
    ).encode()
    return len(header).to_bytes(8, "little") + header + numbers.tobytes()


class Folder:
    """What is archived: small files, large ones of which a part changes, and weights that are trained."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.path = Path("tree")
        self.path.mkdir()
        self.weights = floats(rng)
        for _ in range(4):
            self.change()

    def change(self) -> None:
        """Change something."""
        rng = self.rng
        name = f"{rng.choice(['', 'sub/', 'sub/deep/'])}{rng.choice('abcdefg')}"
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rng.choice([self._write, self._write, self._edit, self._train, self._remove])(path)

    def tree(self) -> Tree:
        """Return what it holds, as members are called."""
        return {f"tree/{name}": data for name, data in tree_of(self.path).items()}

    def _write(self, path: Path) -> None:
        kinds: list[Callable[[], bytes]] = [
            lambda: b"",
            lambda: b"line %d\n" % self.rng.randrange(9) * self.rng.randrange(1, 3000),
            lambda: self.rng.randbytes(self.rng.randrange(1, 3000)),
            lambda: self.rng.randbytes(self.rng.randrange(60_000, 200_000)),
        ]
        path.write_bytes(self.rng.choice(kinds)())

    def _edit(self, path: Path) -> None:
        if path.is_file() and (data := bytearray(path.read_bytes())):
            at = self.rng.randrange(len(data))
            data[at : at + self.rng.randrange(4)] = self.rng.randbytes(self.rng.randrange(4))
            path.write_bytes(data)

    def _train(self, _path: Path) -> None:
        moved = (x + self.rng.gauss(0, 1e-4) for x in self.weights)
        self.weights = array("f", moved)
        (self.path / "weights.safetensors").write_bytes(as_safetensors(self.weights))

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
