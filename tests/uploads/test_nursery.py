"""The nursery gives each task a child of its own, and outlives neither its use nor the process that it serves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.uploads.nursery import Nursery

Start = Callable[..., Nursery]
ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 120
"""A ceiling, for a machine whose processors others use as well."""
HANGS = "pathlib.Path('half').write_text(str(os.getpid())); os.rename('half', 'pid'); time.sleep(600)"
"""Says who it is, all at once, and does not end."""

PROGRAM = """
import os, pathlib, signal, sys, tempfile, time
from hub.uploads import nursery

def work():
    task = pathlib.Path("task").read_text()
    told = [os.environ["HOME"], tempfile.gettempdir(), os.getcwd(), str(os.getppid())]
    pathlib.Path("told").write_text("\\n".join(told))
    pathlib.Path("open").write_text(" ".join(sorted(os.listdir("/proc/self/fd"))))
    exec(task)

nursery.serve(work, idle_seconds={idle})
"""


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a nursery whose children run the Python that lies in their folder."""
    started = []

    def start_one(idle: float = 60) -> Nursery:
        started.append(Nursery([sys.executable, "-I", "-c", PROGRAM.format(idle=idle)], {}))
        return started[-1]

    yield start_one
    for nursery in started:
        nursery.stop()


def folder_with(tmp_path: Path, task: str) -> Path:
    folder = tmp_path / f"task-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    (folder / "task").write_text(task)
    return folder


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + MOST_SECONDS
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def test_each_child_has_its_own_folder_and_one_nursery(start: Start, tmp_path: Path) -> None:
    nursery, parents = start(), set()
    for _ in range(3):
        folder = folder_with(tmp_path, "pass")
        with nursery.child(folder) as child:
            assert child.wait(MOST_SECONDS) == 0
        *places, parent = (folder / "told").read_text().splitlines()
        assert places == [str(folder)] * 3
        parents.add(parent)
    assert len(parents) == 1


@pytest.mark.parametrize(
    ("task", "status"),
    [
        ("raise ValueError", 1),
        ("import sys; sys.exit(7)", 1),
        ("os._exit(3)", 3),
        ("os.kill(os.getpid(), signal.SIGXCPU)", -signal.SIGXCPU),
    ],
)
def test_how_a_child_ended_is_told(start: Start, tmp_path: Path, task: str, status: int) -> None:
    with start().child(folder_with(tmp_path, task)) as child:
        assert child.wait(MOST_SECONDS) == status


def test_many_children_work_at_once_and_hold_nothing_of_each_other(start: Start, tmp_path: Path) -> None:
    nursery = start()
    folders = [folder_with(tmp_path, "time.sleep(0.5)") for _ in range(8)]

    def run(folder: Path) -> int:
        with nursery.child(folder) as child:
            return child.wait(MOST_SECONDS)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(run, folders)) == [0] * 8
    held = [len((folder / "open").read_text().split()) for folder in folders]
    assert max(held) <= 6  # the three standard ones, its pipe, the file that is being written, the list of them


def test_a_child_that_nobody_waits_for_is_ended(start: Start, tmp_path: Path) -> None:
    nursery, folder = start(), folder_with(tmp_path, HANGS)
    with nursery.child(folder) as child:
        assert wait_until((folder / "pid").exists)
        with pytest.raises(TimeoutError):
            child.wait(0.5)
    assert wait_until(lambda: not is_alive(int((folder / "pid").read_text())))


def test_one_that_has_gone_is_started_again(start: Start, tmp_path: Path) -> None:
    nursery, parents = start(idle=0.2), []
    for _ in range(2):
        folder = folder_with(tmp_path, "pass")
        with nursery.child(folder) as child:
            assert child.wait(MOST_SECONDS) == 0
        parents.append(int((folder / "told").read_text().splitlines()[-1]))
        assert wait_until(lambda: not is_alive(parents[-1]))
    assert parents[0] != parents[1]


def test_one_that_is_killed_takes_its_task_along_and_no_other(start: Start, tmp_path: Path) -> None:
    nursery = start()
    with nursery.child(folder_with(tmp_path, "os.kill(os.getppid(), signal.SIGKILL)")) as child:
        child.wait(MOST_SECONDS)
    with nursery.child(folder_with(tmp_path, "pass")) as child:
        assert child.wait(MOST_SECONDS) == 0


def test_it_ends_with_the_process_that_it_serves(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, HANGS)
    program = (
        "import os, pathlib, signal, sys, time\n"
        "from hub.uploads.nursery import Nursery\n"
        f"child = Nursery([sys.executable, '-I', '-c', {PROGRAM.format(idle=60)!r}], {{}}).child({str(folder)!r})\n"
        f"while not pathlib.Path({str(folder / 'pid')!r}).exists(): time.sleep(0.02)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == -signal.SIGKILL
    child, parent = int((folder / "pid").read_text()), int((folder / "told").read_text().splitlines()[-1])
    assert wait_until(lambda: not is_alive(child) and not is_alive(parent))


def test_a_fork_of_the_hub_starts_its_own(start: Start, tmp_path: Path) -> None:
    nursery, ours, theirs = start(), folder_with(tmp_path, "pass"), folder_with(tmp_path, "pass")
    with nursery.child(ours) as child:
        assert child.wait(MOST_SECONDS) == 0
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            with nursery.child(theirs) as child:
                status = child.wait(MOST_SECONDS)
            nursery.stop()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    parents = {(folder / "told").read_text().splitlines()[-1] for folder in (ours, theirs)}
    assert len(parents) == 2
