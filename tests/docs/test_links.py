"""Documents lead where they say, and say nothing of the machine they were written on."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT
from tests.docs.test_examples import DOCUMENTS

LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FOLDERS_OF_A_MACHINE = re.compile(rb"(?<![\w.])/(?:" + b"work|root|home|opt|mnt" + rb")/")


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as its readers' sites make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    for link in LINK.finditer(FENCED.sub("", document.read_text())):
        target = document.parent / link["path"] if link["path"] else document
        assert target.exists(), link[0]
        assert not link["anchor"] or link["anchor"] in anchors(target), link[0]


def test_every_document_can_be_reached_from_the_readme() -> None:
    waiting, seen = [ROOT / "README.md"], set[Path]()
    while waiting:
        document = waiting.pop().resolve()
        if document.suffix != ".md" or document in seen or not document.exists():
            continue
        seen.add(document)
        links = LINK.finditer(document.read_text())
        waiting += [document.parent / link["path"] for link in links if link["path"]]

    assert {path.resolve() for path in DOCUMENTS} - seen == set()


def test_no_tracked_file_names_a_folder_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a checkout")
    files = [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]

    guilty = [
        path for path in files if path.is_file() and FOLDERS_OF_A_MACHINE.search(path.read_bytes())
    ]
    assert guilty == []
