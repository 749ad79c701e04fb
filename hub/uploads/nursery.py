"""A process with all imported that reading needs, which gives each task a child of its own within milliseconds.

It opens no file and is told only the names of folders. It ends with the process that it serves, and when long idle.
"""

from __future__ import annotations

import atexit
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

IDLE_SECONDS = 300
BEGUN = b"begun"
LONGEST_MESSAGE = 4_096


# --- The side of the hub ---------------------------------------------------------------------------------------------


class Nursery:
    """Starts the process when it is first needed, and again whenever it has gone."""

    def __init__(self, program: Sequence[str], environment: Mapping[str, str]) -> None:
        self._program, self._environment = tuple(program), dict(environment)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        # A fork of the hub leaves the nursery to its parent, and would else keep it from ending.
        os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.stop)

    def child(self, folder: Path) -> Child:
        """Have a child work in a folder."""
        with self._lock:
            return self._begun(folder) or self._begun(folder) or Child(None)

    def stop(self) -> None:
        """End the process, and every child with it."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._process = self._control = None

    def _begun(self, folder: Path) -> Child | None:
        """Have a child begin; None if the nursery has gone, as it does when idle."""
        control = self._control or self._start()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, suppress(OSError):
            socket.send_fds(control, [os.fsencode(folder)], [theirs.fileno()])
            theirs.close()
            if ours.recv(LONGEST_MESSAGE) == BEGUN:
                return Child(ours)
        ours.close()
        self.stop()
        return None

    def _start(self) -> socket.socket:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                self._program,
                cwd="/",
                env=self._environment,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self._control

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        self._process = self._control = None
        self._lock = threading.Lock()


class Child:
    """One task at work. Ends, with all that it started, when it is left."""

    def __init__(self, line: socket.socket | None) -> None:
        self._line = line

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.close()

    def wait(self, seconds: float) -> int:
        """Wait for its end, and give its exit status: minus the signal that killed it, if one did.

        Raises
        ------
        TimeoutError
            If it is still at work by then.
        """
        if self._line is None:
            return -signal.SIGKILL
        self._line.settimeout(seconds)
        return int(self._line.recv(LONGEST_MESSAGE) or -signal.SIGKILL)


# --- The side of the nursery -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Task:
    """A child, the line to whoever waits for it, and a pipe that closes when it ends."""

    pid: int
    line: socket.socket
    alive: int


def serve(work: Callable[[], None], *, idle_seconds: float = IDLE_SECONDS) -> None:
    """Give every task that is asked for on standard input a child, which does `work` in the task's folder.

    Ends when nobody can ask any more, and after some time without a task.
    """
    with socket.socket(fileno=0) as control, selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while events := selector.select(idle_seconds if len(selector.get_map()) == 1 else None):
            for key, _ in events:
                if key.fileobj is not control:
                    # Not what came of one that has been cleared away since, whose number may be another's by now.
                    if selector.get_map().get(key.fd) == key:
                        _end(selector, key.data)
                    continue
                folder, descriptors, _, _ = socket.recv_fds(control, LONGEST_MESSAGE, 1)
                if not descriptors:
                    for task in {key.data for key in selector.get_map().values() if key.data}:
                        _end(selector, task)
                    return
                _begin(selector, socket.socket(fileno=descriptors[0]), os.fsdecode(folder), work)


def _begin(selector: selectors.BaseSelector, line: socket.socket, folder: str, work: Callable[[], None]) -> None:
    alive, held_by_child = os.pipe()
    pid = os.fork()
    if pid == 0:
        _be_the_child(folder, work, held_by_child)
    os.close(held_by_child)
    with suppress(OSError):
        line.send(BEGUN)
    task = _Task(pid, line, alive)
    selector.register(line, selectors.EVENT_READ, task)
    selector.register(alive, selectors.EVENT_READ, task)


def _be_the_child(folder: str, work: Callable[[], None], held: int) -> None:
    status = 1
    with suppress(BaseException):
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # Its own end of the pipe apart, nothing of other tasks or of the hub stays open.
        os.closerange(3, held)
        os.closerange(held + 1, os.sysconf("SC_OPEN_MAX"))
        os.chdir(folder)
        os.environ["HOME"] = os.environ["TMPDIR"] = folder
        tempfile.tempdir = None
        work()
        status = 0
    os._exit(status)


def _end(selector: selectors.BaseSelector, task: _Task) -> None:
    """Clear away a child that has ended, or that nobody waits for, and tell how it ended."""
    selector.unregister(task.line)
    selector.unregister(task.alive)
    os.close(task.alive)
    # The whole group, while the child's number is still its own; and the child, should it have no group yet.
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            kill(task.pid, signal.SIGKILL)
    _, how = os.waitpid(task.pid, 0)
    with task.line, suppress(OSError):
        task.line.send(b"%d" % os.waitstatus_to_exitcode(how))
