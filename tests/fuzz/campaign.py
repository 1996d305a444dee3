"""Fuzz kernels, readers and sniffers: python tests/fuzz/campaign.py [--minutes M] [--only NAME] [--jobs N].

What a target is, and what is written down: docs/fuzzing.md.
"""

import argparse
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from compressor.reference import floatdelta  # noqa: E402  (found through the line above)
from tests.fuzz import report  # noqa: E402  (the same)
from tests.tensors import samples  # noqa: E402  (the same)
from tests.vectors import make_floatdelta  # noqa: E402  (the same)

FOLDER = Path(__file__).parent
OUT = ROOT / "fuzz-out"
FLAGS = ["-std=c11", "-g", "-O2", "-fno-omit-frame-pointer"]
SANITIZERS = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
COVERAGE = ["-fno-sanitize-coverage=trace-cmp"]  # traced comparisons take half of the time
TIMEOUT = 25  # seconds by the clock; an input that takes longer is tried again alone
CPU_TIME = 10  # seconds of processor time that it may take then: on a loaded machine the clock lies
PARTS = {
    "floatcode": ("floatsplit", "huffman"),
    "lz77": ("huffman",),
    "lz78": ("huffman",),
}  # kernels that a kernel is made of
LIMITS = ["-rss_limit_mb=2048"]
LONGEST = 4096  # bytes of a kernel's input, which targets repeat; longer ones only take longer
LONGEST_FILE = 16384  # bytes of an input that is a file
HABITS = ["-print_final_stats=1", "-entropic_scale_per_exec_time=1"]  # quick inputs come oftener
MEMORY = "quarantine_size_mb=16:malloc_context_size=2"  # more is most of the time, in new pages
MODES = range(4)  # what a seed's first byte may be; a target may know fewer
ENDED = {0, 72, -signal.SIGTERM, -signal.SIGUSR1}
"""Exit codes of a fuzzer that was told to end; 72 is libFuzzer's where that was SIGTERM."""
PROGRESS = re.compile(rb"cov: (\d+) ft: (\d+) corp: (\d+)/")
EXECUTED = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")


STOPPED = threading.Event()


class FindingError(Exception):
    """The fuzzer found something; the message says how to see it again."""


@dataclass(slots=True)
class Run:
    """One target, and what is known of it so far."""

    name: str
    executions: int = 0
    edges: int = 0
    features: int = 0
    corpus: int = 0
    seconds: float = 0
    last_new_edge: float = 0

    @property
    def folder(self) -> Path:
        """Where the binary, the corpus and the findings are."""
        return OUT / self.name

    @property
    def script(self) -> Path:
        """Where the target is if it is one in Python."""
        return FOLDER / f"{self.name}_fuzz.py"

    @property
    def command(self) -> list[str | Path]:
        """The fuzzer: a program made from C, or a script under atheris."""
        if self.script.exists():
            return [sys.executable, self.script]
        return [self.folder / "fuzzer"]

    @property
    def limits(self) -> list[str]:
        """What an input may be, and take."""
        longest = LONGEST_FILE if self.script.exists() else LONGEST
        return [*LIMITS, f"-timeout={TIMEOUT}", f"-max_len={longest}"]

    def lasts(self, seconds: float) -> bool:
        """Say whether to go on: time is left, or an edge came in the second half."""
        return not STOPPED.is_set() and self.seconds < max(seconds, 2 * self.last_new_edge)

    def row(self) -> list[str]:
        """Return the cells behind the name."""
        counts = [self.executions, self.edges, self.features, self.corpus]
        times = [self.last_new_edge, self.seconds]
        return [f"{n:,}" for n in counts] + [f"{t / 60:.1f}" for t in times]


def build(run: Run) -> None:
    """Compile the target and its kernel under the sanitizers."""
    run.folder.mkdir(parents=True, exist_ok=True)
    if run.script.exists():
        return
    kernels = ROOT / "compressor/kernels"
    names = (run.name, *PARTS.get(run.name, ()))
    sources = [path for name in names for path in sorted(kernels.glob(f"{name}_*.c"))]
    target = ROOT / f"tests/fuzz/{run.name}_fuzz.c"
    headers = [*kernels.glob("*.h"), *FOLDER.glob("*.h")]
    if is_newer(run.folder / "fuzzer", [target, *sources, *headers, Path(__file__)]):
        return
    command = [
        "clang",
        *FLAGS,
        *SANITIZERS,
        *COVERAGE,
        target,
        *sources,
        "-o",
        run.folder / "fuzzer",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(
            f"{run.name}: clang failed (Debian: apt install clang libclang-rt-dev)\n{done.stderr}"
        )


def is_newer(made: Path, sources: list[Path]) -> bool:
    """Say whether a file was made from sources as they are."""
    changed = max(path.stat().st_mtime for path in sources)
    return made.exists() and made.stat().st_mtime > changed


def deltas() -> dict[str, bytes]:
    """Return floatdelta's golden files, each behind its type, its size and its base."""
    return {
        name: bytes([list(floatdelta.TYPES).index(dtype)])
        + len(base).to_bytes(2, "little")
        + base
        + (make_floatdelta.FOLDER / f"{name}.packed").read_bytes()
        for name, (dtype, (_, base)) in make_floatdelta.CASES.items()
        if len(base) < 1 << 14
    }


MADE = {"tensors": lambda: samples.SOUND, "deltas": deltas}
"""Targets whose corpus begins with what is made here: its names and bytes."""


def seed(run: Run) -> None:
    """Put golden files into the corpus, of a kernel once under each mode."""
    corpus = run.folder / "corpus"
    corpus.mkdir(exist_ok=True)
    if run.name == "readers":
        for vector in sorted((ROOT / "tests/vectors/archive").glob("*.cz")):
            shutil.copy(vector, corpus)
        return
    if run.name in MADE:
        for name, data in MADE[run.name]().items():
            (corpus / name).write_bytes(data)
        return
    vectors = ROOT / "tests/vectors"
    names = (run.name, *PARTS.get(run.name, ()))
    for vector in sorted(path for name in names for path in (vectors / name).glob("*")):
        for mode in MODES:
            (corpus / f"{vector.name}-{mode}").write_bytes(bytes([mode]) + vector.read_bytes())


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, which may have ended but was not waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def note(run: Run, line: bytes) -> None:
    """Take what a line of libFuzzer tells."""
    if executed := EXECUTED.search(line):
        run.executions += int(executed[1])
    if progress := PROGRESS.search(line):
        edges, features, run.corpus = map(int, progress.groups())
        run.features = max(run.features, features)
        if edges > run.edges:
            run.edges, run.last_new_edge = edges, run.seconds


@contextmanager
def timed(run: Run, fuzzer: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """Count the fuzzer's processor time, and end it when the run lasts no longer."""
    over, before = threading.Event(), run.seconds

    def watch() -> None:
        while run.lasts(seconds) and not over.wait(1):
            run.seconds = before + cpu_seconds(fuzzer.pid)
        fuzzer.send_signal(signal.SIGUSR1)  # it ends after the input at hand, which may hang

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    over.set()
    watcher.join()


def start(run: Run) -> subprocess.Popen[bytes]:
    """Start the fuzzer on the corpus."""
    command = [*run.command, run.folder / "corpus", *run.limits, *HABITS]
    return subprocess.Popen(
        [*command, f"-artifact_prefix={run.folder}/"],
        env=os.environ | {"ASAN_OPTIONS": MEMORY},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )


def fuzz_once(run: Run, seconds: float) -> None:
    """Run the fuzzer until the run lasts no longer, or it stops by itself.

    Raises:
        FindingError: it stopped with a finding.
    """
    log: list[bytes] = []
    with start(run) as fuzzer, timed(run, fuzzer, seconds):
        for line in fuzzer.stderr:
            log.append(line)
            note(run, line)
    if fuzzer.returncode not in ENDED and not merely_waited(run, log):
        (run.folder / "finding.log").write_bytes(b"".join(log))
        raise FindingError(explain(run, log))


def merely_waited(run: Run, log: list[bytes]) -> bool:
    """Say whether an input that took too long by the clock is quick by the processor's time."""
    slow = re.search(rb"Test unit written to (\S*/timeout-\S+)", b"".join(log))
    if not slow:
        return False
    unit = Path(os.fsdecode(slow[1]))
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*run.command, unit], stderr=quiet, stdout=quiet) as alone:
        resource.prlimit(alone.pid, resource.RLIMIT_CPU, (CPU_TIME, CPU_TIME))
    if alone.returncode:
        return False
    unit.unlink()
    return True


def explain(run: Run, log: list[bytes]) -> str:
    """Return what was found, and the command that shows it again."""
    text = b"".join(log).decode(errors="replace")
    what = re.findall(r"^.*(?:ERROR: |runtime error: ).*$", text, re.M) or ["it stopped"]
    kept = re.findall(r"Test unit written to (\S+)", text)
    fuzzer = " ".join(map(str, run.command))
    replay = f"{fuzzer} {kept[-1]}" if kept else f"see {run.folder}/finding.log"
    return f"{run.name}: {what[0]}\n  replay: {replay}"


def fuzz(run: Run, minutes: float) -> str:
    """Fuzz one target; return the finding, or nothing."""
    build(run)
    seed(run)
    try:
        while run.lasts(60 * minutes):
            fuzz_once(run, 60 * minutes)
    except FindingError as finding:
        return str(finding)
    return ""


def stop(*_: object) -> None:
    """Have all fuzzers end soon; what they reached is written down."""
    STOPPED.set()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Fuzz the kernels, the readers and the sniffers; see docs/fuzzing.md."
    )
    parser.add_argument("--minutes", type=float, default=20, help="processor time of each")
    parser.add_argument("--only", metavar="NAME", action="append", help="this target alone")
    parser.add_argument("--jobs", type=int, default=1, help="targets fuzzed at a time")
    return parser.parse_args()


def main() -> None:
    """Fuzz all targets, write the table, and fail where one found something."""
    options = arguments()
    if not shutil.which("clang"):
        sys.exit("fuzzing needs clang and its runtime (Debian: apt install clang libclang-rt-dev)")
    targets = sorted(path.name.partition("_fuzz.")[0] for path in FOLDER.glob("*_fuzz.*"))
    if unknown := set(options.only or []) - set(targets):
        sys.exit(f"no target {', '.join(unknown)}; there are {', '.join(targets)}")
    runs = [Run(name) for name in options.only or targets]
    signal.signal(signal.SIGTERM, stop)
    with ThreadPoolExecutor(options.jobs) as pool:
        findings = list(pool.map(lambda run: fuzz(run, options.minutes), runs))
    fuzzed = zip(runs, findings, strict=True)
    sound = {run.name: run.row() for run, found in fuzzed if run.executions and not found}
    report.update(sound)
    for name, cells in sound.items():
        sys.stdout.write("  ".join([name, *cells]) + "\n")
    if found := [finding for finding in findings if finding]:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
