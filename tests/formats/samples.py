"""Contents, and files of other programs made of them by these programs themselves."""

import random
import subprocess
from collections.abc import Callable

TEXT = b"".join(b"step %d loss %d\n" % (step, step * step % 977) for step in range(6000))
NOISE = random.Random(11).randbytes(70_000)
CONTENTS = {"empty": b"", "byte": b"x", "text": TEXT, "noise": NOISE, "runs": bytes(300_000)}

PACK = {
    "gz": ("gzip", "-c"),
    "bz2": ("bzip2", "-c"),
    "xz": ("xz", "-c"),
    "lzma": ("xz", "--format=lzma", "-c"),
    "lz4": ("lz4", "-c"),
    "zst": ("zstd", "-c"),
    "lzo": ("lzop", "-c"),
    "Z": ("compress", "-c"),
}
UNPACK = {
    "gz": ("gzip", "-dc"),
    "bz2": ("bzip2", "-dc"),
    "xz": ("xz", "-dc"),
    "lzma": ("xz", "--format=lzma", "-dc"),
    "lz4": ("lz4", "-dc"),
    "zst": ("zstd", "-dc"),
    "lzo": ("lzop", "-dc"),
    "Z": ("uncompress", "-c"),
}

Peer = Callable[[str], str]


def piped(peer: Peer, words: tuple[str, ...], data: bytes) -> bytes:
    """Return what a program makes of ``data``."""
    done = subprocess.run(
        [peer(words[0]), *words[1:]], input=data, capture_output=True, check=False, timeout=60
    )
    assert done.returncode in (0, 2), done.stderr  # 2: compress found nothing to gain
    return done.stdout
