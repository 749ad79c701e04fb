"""How the hub writes its log: one JSON object a line, in UTC, and never the words of an error.

An error of a library may quote the row or the cell it met. What kind it was and where is enough to mend it.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
import traceback
from typing import Any

import orjson

LAST_FRAMES = 8
QUOTING = ("sqlalchemy", "pyogrio", "fontTools", "urllib3")
"""Libraries whose remarks below a warning quote what passes through them."""
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Structured(logging.Formatter):
    """Writes a record as one JSON object: when, how grave, by whom, what, and what was said beside it."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD},
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, frames = record.exc_info
            said |= {"error": kind.__name__, "where": traceback.format_tb(frames, limit=-LAST_FRAMES)}
        return orjson.dumps(said, default=str).decode()


def begin(level: int = logging.WARNING) -> None:
    """Write to standard error from now on, from a level up; what quotes data, warnings alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Structured())
    logging.basicConfig(level=level, handlers=[handler])
    for name in QUOTING:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def for_gunicorn() -> dict[str, Any]:
    """The same for the web server, whose warnings quote requests: its errors alone are written."""
    own = {"level": "ERROR", "handlers": [], "propagate": True, "qualname": "gunicorn.error"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": {"()": Structured}},
        "handlers": {"standard-error": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"level": "WARNING", "handlers": ["standard-error"]},
        "loggers": {"gunicorn.error": own, "gunicorn.access": {**own, "qualname": "gunicorn.access"}},
    }
