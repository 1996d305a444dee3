"""One open file of tensors used by threads, by forked processes, by others through a pickle."""

import multiprocessing
import os
import pickle  # noqa: TID251  what data loaders do
import threading
from concurrent.futures import ProcessPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import safetensors.numpy

import compressor
from compressor.engine.access import SeekableArchive
from tests.api.tensorfiles import model, packed, same
from tests.conftest import descriptors

MODEL = model()


@pytest.fixture(scope="module", params=["archive", "plain"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    content = safetensors.numpy.save(MODEL)
    (folder / "plain").write_bytes(content)
    return folder / "plain" if request.param == "plain" else packed(folder, {"m": content})


def digests(opened: Any) -> dict[str, str]:
    return {name: digest(opened.get_tensor(name)) for name in opened.keys()}  # noqa: SIM118


def digest(array: Any) -> str:
    return blake2b(array.tobytes()).hexdigest()


EXPECTED = {name: digest(array) for name, array in MODEL.items()}


def test_threads_share_one(file: Path) -> None:
    right: list[bool] = []

    def read(opened: Any) -> None:
        right.extend(digests(opened) == EXPECTED for _ in range(5))

    with compressor.safe_open(file, "np") as opened:
        threads = [threading.Thread(target=read, args=(opened,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert right == [True] * 30


def test_a_thread_that_reads_is_not_disturbed_by_the_end_of_with(file: Path) -> None:
    got: list[Any] = []
    begun = threading.Event()

    def read(opened: Any) -> None:
        while True:
            try:
                got.append(opened.get_tensor("layer.weight"))
            except compressor.UsageError:
                return
            begun.set()

    with compressor.safe_open(file, "np") as opened:
        thread = threading.Thread(target=read, args=(opened,))
        thread.start()
        assert begun.wait(60)
    thread.join()

    assert all(same(array, MODEL["layer.weight"]) for array in got)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_processes_go_on_with_it(file: Path) -> None:
    context = multiprocessing.get_context("fork")
    with compressor.safe_open(file, "np") as opened:
        assert digests(opened) == EXPECTED
        queue = context.SimpleQueue()
        children = [context.Process(target=lambda: queue.put(digests(opened))) for _ in range(4)]
        for child in children:
            child.start()
        assert digests(opened) == EXPECTED  # at the same time
        answers = [queue.get() for _ in children]
        for child in children:
            child.join()

    assert answers == [EXPECTED] * 4


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_lock_that_another_thread_holds_at_a_fork_does_not_stop_the_child(file: Path) -> None:
    opened = compressor.safe_open(file, "np")
    archive = getattr(opened._file._content, "_archive", None)
    if not isinstance(archive, SeekableArchive):
        pytest.skip("a plain file has no lock")
    with archive._lock:
        child = os.fork()
        if not child:
            os._exit(0 if digests(opened) == EXPECTED else 1)
    _, status = os.waitpid(child, 0)

    assert status == 0


def test_processes_get_it_by_its_path(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    with compressor.safe_open(file.name, "np") as opened:
        monkeypatch.chdir("/")
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=spawning) as pool:
            answers = list(pool.map(digests, [opened] * 3))

    assert answers == [EXPECTED] * 3


def test_a_slice_can_be_pickled(file: Path) -> None:
    with compressor.safe_open(file, "np") as opened:
        part = pickle.loads(pickle.dumps(opened.get_slice("steps")))

    assert same(part[2, 1:9], MODEL["steps"][2, 1:9])


def test_what_is_closed_is_not_pickled(file: Path) -> None:
    with compressor.safe_open(file, "np") as opened:
        pass

    with pytest.raises(compressor.UsageError, match="was closed"):
        pickle.dumps(opened)


def test_no_descriptor_is_left(file: Path) -> None:
    before = descriptors()
    for _ in range(10):
        with compressor.safe_open(file, "np") as opened:
            opened.get_tensor("steps")
    del opened

    assert descriptors() == before
