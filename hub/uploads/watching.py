"""A watched folder: each new, whole file is taken in for a person, and moved away with its report beside it.

Killed at any moment and started again, it loads nothing twice: a file that is live already is told from its content.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.exc import OperationalError

from hub.access import Viewer
from hub.accounts import service as accounts
from hub.db import Database
from hub.errors import BadRequest, HubError, NotAllowed
from hub.jobs import Report
from hub.uploads import intake, service, views
from hub.uploads.files import sync
from hub.uploads.findings import Severity
from hub.uploads.intake import Said

DONE, REFUSED = "done", "refused"
BLOCKING = {Severity.MUST_FIX, Severity.WE_CAN_FIX}
SECONDS_BETWEEN_LOOKS = 2.0
"""A file that has the same size and date in two looks is whole."""

log = logging.getLogger(__name__)

Stamp = tuple[int, int]


@dataclass
class Watch:
    """One folder, watched for one person and one dataset."""

    database: Database
    folder: Path
    email: str
    dataset: str
    commits: bool
    report: Report
    _seen: dict[Path, Stamp] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise BadRequest(f"There is no folder at '{self.folder}'.", remedy="Make it, then watch it.")
        for name in (DONE, REFUSED):
            (self.folder / name).mkdir(exist_ok=True)

    def stop(self) -> None:
        """End once the file in hand is done."""
        self._stop.set()

    def run(self) -> None:
        """Watch until told to stop."""
        while not self._stop.is_set():
            self.look()
            self._stop.wait(SECONDS_BETWEEN_LOOKS)

    def look(self) -> int:
        """Take in every file that has not changed since the last look; returns how many.

        Raises
        ------
        HubError
            If the person may no longer work here: the files stay where they are.
        """
        taken = 0
        for path, stamp in list(self._waiting()):
            if self._seen.get(path) != stamp:
                self._seen[path] = stamp
            elif not self._stop.is_set():
                taken += self._take(path, stamp)
        self._seen = {path: stamp for path, stamp in self._seen.items() if path.exists()}
        return taken

    def _waiting(self) -> Iterator[tuple[Path, Stamp]]:
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield path, _stamp(path)

    def _take(self, path: Path, stamp: Stamp) -> bool:
        """Take one file in and move it away; False where it changed, or the database is away: the next look tries."""
        try:
            with self.database.session(writes=True) as session:
                viewer = accounts.viewer_by_email(session, self.email)
                outcome = self._outcome(viewer, path, stamp)
                session.commit()
        except OperationalError as error:
            log.warning("the database took no file", extra={"error": type(error).__name__})
            return False
        if outcome is None:
            return False
        self._move(path, outcome)
        return True

    def _outcome(self, viewer: Viewer, path: Path, stamp: Stamp) -> dict[str, Any] | None:
        self.report(f"{path.name}: taking it in")
        try:
            with path.open("rb") as stream:
                upload_id = service.receive(viewer, stream, path.name).id
            if _stamp(path) != stamp:
                service.discard(viewer, upload_id)
                return None
            viewer.session.commit()
            intake.take_in(viewer, upload_id, Said(dataset=self.dataset), _quietly)
            refusal = intake.commit(viewer, upload_id, _quietly) if self.commits else None
        except NotAllowed:
            raise
        except HubError as error:
            viewer.session.rollback()
            return {"file": path.name, **intake.told(error)}
        return views.outcome(viewer, upload_id) | intake.told(refusal)

    def _move(self, path: Path, outcome: dict[str, Any]) -> None:
        """Write the report first: a file that is still here when all is lost is taken in again."""
        is_refused = "error" in outcome or any(one["severity"] in BLOCKING for one in outcome["problems"])
        target = _free(self.folder / (REFUSED if is_refused else DONE) / path.name)
        beside = target.with_name(f"{target.name}.json")
        unfinished = beside.with_name(f".{beside.name}.part")
        unfinished.write_bytes(orjson.dumps(outcome, option=orjson.OPT_INDENT_2))
        sync(unfinished)
        unfinished.replace(beside)
        path.rename(target)
        sync(target.parent)
        sync(self.folder)
        self.report(f"{path.name}: {'refused' if is_refused else 'done'}, see {target.parent.name}/{beside.name}")


def _stamp(path: Path) -> Stamp:
    about = path.stat()
    return about.st_size, about.st_mtime_ns


def _free(target: Path) -> Path:
    """The path, or where something lies there already, the first free one that is numbered."""
    numbered = (target.with_name(f"{target.stem}-{number}{target.suffix}") for number in range(2, 1_000_000))
    return target if not target.exists() else next(path for path in numbered if not path.exists())


def _quietly(_progress: str) -> None:
    """Progress within one file is not worth a line of its own."""
