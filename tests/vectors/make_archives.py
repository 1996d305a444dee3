"""Make the archives in tests/vectors/archive, and their index: python tests/vectors/make_archives.py

A file that exists and would change is left alone, and the run fails, unless told ``--force``: vectors
are promises. Files made with libraries that are missing here, or others, stay as they are.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from blake3 import blake3

from tests.archive.forged import FORGERIES
from tests.archive.sound import SOUND, Sound, makers

FOLDER = Path(__file__).parent / "archive"
INDEX = "index.json"


def describe(sound: Sound) -> dict[str, Any]:
    members = [
        {
            "name": name.decode("latin-1"),
            "size": len(content),
            "blake3": blake3(content).hexdigest(),
        }
        for name, content in sound.members
    ]
    about: dict[str, Any] = {"about": sound.about, "members": members}
    if sound.bases:
        about["bases"] = [content.hex() for content in sound.bases]
    return about | ({"libraries": makers(sound)} if sound.codecs else {})


def make(before: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return all files that can be made here, and the index of all files."""
    files = {f"{name}.cz": forgery.make() for name, forgery in FORGERIES.items()}
    index: dict[str, Any] = {
        f"{name}.cz": {
            "about": forgery.about,
            "forward": forgery.forward,
            "seekable": forgery.seekable,
        }
        for name, forgery in FORGERIES.items()
    }
    for name, sound in SOUND.items():
        file = f"{name}.cz"
        known = before.get(file, {}).get("libraries")
        if sound.codecs and (not makers(sound) or known not in (None, makers(sound))):
            continue
        files[file], index[file] = sound.make(), describe(sound)
    index = {name: before[name] for name in before if "libraries" in before[name]} | index
    return files, dict(sorted(index.items()))


def write(folder: Path, *, force: bool) -> list[str]:
    """Write what is new; return what differs from what is there, and was not written for that."""
    folder.mkdir(exist_ok=True)
    place = folder / INDEX
    files, index = make(json.loads(place.read_text()) if place.exists() else {})
    files[INDEX] = (json.dumps(index, indent=1) + "\n").encode()
    differ = [
        name
        for name, data in files.items()
        if (folder / name).exists() and (folder / name).read_bytes() != data
    ]
    # The index has to name what is new: alone it may grow.
    blocked = [name for name in differ if name != INDEX]
    for name, data in files.items():
        if force or name not in blocked:
            (folder / name).write_bytes(data)
    return [] if force else blocked


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="rewrite files that would change")
    blocked = write(FOLDER, force=parser.parse_args().force)
    for name in blocked:
        sys.stderr.write(f"{name} would change: left as it is (--force rewrites it)\n")
    return 1 if blocked else 0


if __name__ == "__main__":
    sys.exit(main())
