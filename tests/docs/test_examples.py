"""What the documents show is what happens."""

import json
import random
import re
import shutil
from array import array
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Example, examples, outputs, pattern, run, steps

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the files that the documents speak of."""
    folder = tmp_path_factory.mktemp("sample")
    numbers = random.Random(8)
    (folder / "model.bin").write_bytes(array("f", (numbers.gauss(0, 1) for _ in range(1 << 18))))
    halves = memoryview((folder / "model.bin").read_bytes()).cast("H")[1::2].tolist()
    weights = array("H", halves).tobytes()  # the upper halves of floats are what bf16 is
    header = {"w": {"dtype": "BF16", "shape": [1 << 18], "data_offsets": [0, 1 << 19]}}
    text = json.dumps(header).encode()
    (folder / "weights.bin").write_bytes(weights)
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + weights)
    later = array("H", (one + (numbers.random() < 0.3) for one in halves)).tobytes()
    for step, state in ((1100, weights), (1200, later)):
        head = len(text).to_bytes(8, "little") + text
        (folder / f"step-{step}.safetensors").write_bytes(head + state)
    lines = (f"step {step} loss {9 / (step + 3):.4f}\n" for step in range(20_000))
    (folder / "train.log").write_text("".join(lines))
    (folder / "config.json").write_text(json.dumps({"layers": 12, "width": 768}) + "\n")
    (folder / "run").mkdir()
    for step in (1000, 2000):
        (folder / f"run/step-{step}.bin").write_bytes(numbers.randbytes(100_000))
    return folder


@pytest.fixture
def folder(sample: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample, tmp_path / "here"))


def check(example: Example, folder: Path) -> None:
    if example.text.startswith(">>> "):
        return  # a doctest: tests/docs/test_library.py runs it
    if example.language == "python":
        run(["python3", "-c", example.text], folder)
        return
    if example.language == "sh":
        run(["bash", "-euo", "pipefail", "-c", example.text], folder)
        return
    script = steps(example.text)
    for step, said in zip(script, outputs(script, folder), strict=True):
        if step.shown:
            assert pattern(step.shown).fullmatch(said), f"{step.command}\n{said}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_of_a_document_runs_and_says_what_is_shown(
    document: Path, folder: Path
) -> None:
    found = examples(document)
    if not found:
        pytest.skip("shows nothing to run")

    for example in found:
        check(example, folder)


def test_an_example_that_says_something_else_is_noticed(folder: Path) -> None:
    with pytest.raises(AssertionError):
        check(Example("console", "$ echo one\ntwo\n", 1), folder)


def test_an_example_that_fails_is_noticed(folder: Path) -> None:
    with pytest.raises(AssertionError, match="exit 1"):
        check(Example("console", "$ false\n", 1), folder)


def test_every_document_names_only_targets_that_make_has() -> None:
    declared = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    there = set(" ".join(declared).split())
    for document in DOCUMENTS:
        assert set(targets(document.read_text())) <= there, document


def targets(text: str) -> list[str]:
    return re.findall(r"(?:`|^|&& )make ([a-z]+)", text, re.MULTILINE)


def test_the_readme_begins_with_six_lines_that_people_type() -> None:
    text = (ROOT / "README.md").read_text()
    first = next(block for block in examples(ROOT / "README.md") if block.language == "sh")

    assert "\nSix lines that people type:\n" in text
    assert len(first.text.strip().splitlines()) == 6
    assert first.line < 30  # on the first screen
