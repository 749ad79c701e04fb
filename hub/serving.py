"""The web server as `hub serve` runs it: how many requests at once, and how long a slow one may take to arrive.

A thread waits for each request while it comes in. Who sends a byte a second would keep it for ever, so that a handful
of such senders would keep everybody out; they are cut off instead. It never looks at what a request says.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from hub import logs

THREADS = 12
"""Of each process: more than work at once, since some wait for what is still on its way."""
SECONDS_AHEAD = 15
"""Within which a request's head must be here, and by which its body may be late."""
SLOWEST_BYTES_A_SECOND = 10_000


@dataclass
class Arrival:
    """How far one request has come in."""

    began_at: float
    received: int = 0

    def is_late(self, now: float) -> bool:
        """Whether whoever sends it is too slow to be waited for."""
        return now - self.began_at > SECONDS_AHEAD + self.received / SLOWEST_BYTES_A_SECOND


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """A process of the web server that waits for slow senders, though not for ever."""

    def init_process(self) -> None:
        self._arrivals: dict[Any, Arrival] = {}
        super().init_process()

    def handle(self, conn: Any) -> Any:
        self._arrivals[conn] = Arrival(time.monotonic())
        try:
            return super().handle(conn)
        finally:
            self._arrivals.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        arrival = self._arrivals[conn] = Arrival(time.monotonic())
        receive: Callable[..., bytes] = conn.parser.unreader.chunk

        def counted(*most: int) -> bytes:
            received = receive(*most)
            arrival.received += len(received)
            return received

        conn.parser.unreader.chunk = counted
        try:
            return super().handle_request(req, conn)
        finally:
            conn.parser.unreader.chunk = receive

    def murder_pending(self) -> None:
        """Cut off who is late too; gunicorn asks every second. One whose request is here still gets the answer."""
        super().murder_pending()
        now = time.monotonic()
        for conn, arrival in self._arrivals.copy().items():
            if arrival.is_late(now):
                self._arrivals.pop(conn, None)
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)


class Server(BaseApplication):  # type: ignore[misc]
    """The web server, configured here and not from a file."""

    def __init__(self, make_app: Callable[[], Any], *, host: str, port: int, workers: int) -> None:
        self._make_app = make_app
        self._options = {
            "bind": f"{host}:{port}",
            "worker_class": PatientWorker,
            "workers": workers,
            "threads": THREADS,
            "timeout": 60,
            "logconfig_dict": logs.for_gunicorn(),
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make_app()
