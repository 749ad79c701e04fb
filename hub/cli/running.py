"""Commands that run the hub: its pages, its worker, its schema, its demonstration and its tests."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from typing import Any

from hub import checks, migrate
from hub.cli.frame import (
    AddCommand,
    machine,
    opened_hub,
    say,
)
from hub.config import Settings, read_settings
from hub.db import Database


def serve(chosen: argparse.Namespace) -> dict[str, Any]:
    """Serve the pages until stopped."""
    from hub import create_app
    from hub.serving import Server

    settings = read_settings()
    settings.files.mkdir(parents=True, exist_ok=True)
    create_app(settings)  # Refusals are said here, once, and not by every worker in turn.

    say(chosen, f"The hub is at http://{chosen.host}:{chosen.port}/")
    Server(lambda: create_app(settings), host=chosen.host, port=chosen.port, workers=chosen.workers).run()
    return {}


def work(chosen: argparse.Namespace) -> dict[str, Any]:
    """Run jobs until stopped."""
    from hub import audit, chores
    from hub.accounts import letters
    from hub.accounts import service as accounts
    from hub.assessments import due as assessments
    from hub.briefings import warming
    from hub.jobs import Worker
    from hub.questions import letters as question_letters
    from hub.reports import service as reports
    from hub.reports import telling
    from hub.retention import silence
    from hub.tasking import letters as task_letters
    from hub.uploads import service

    with opened_hub() as database:
        with database.writing() as session, audit.everywhere(session, actor=machine(), reason="Remove stray files."):
            service.remove_strays(session)
        settings = read_settings()
        handlers = warming.handlers(database) | letters.handlers(settings) | telling.handlers(settings)
        handlers |= task_letters.handlers(settings) | silence.handlers(settings)
        handlers |= question_letters.handlers(settings) | assessments.handlers(database, settings)
        parts = {"maps": {warming.KIND}, "uploads": handlers.keys() - {warming.KIND}}
        others = handlers.keys() - parts.get(chosen.only, handlers.keys())
        nobody_waits = {warming.KIND, reports.RENDER}
        worker = Worker(database, handlers, accounts.viewer_of, last=nobody_waits, others=others)
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: worker.stop())
        say(chosen, "The worker is waiting for jobs.")
        with chores.kept_up(database, settings):
            worker.run()
    return {}


def db(chosen: argparse.Namespace) -> dict[str, Any]:
    """Bring the schema up or down, or tell how it differs from what the hub expects."""
    settings = read_settings()
    if chosen.action == "check":
        problems = migrate.problems(settings)
        say(chosen, *(problems or ["The schema is as the hub expects."]))
        return {"problems": problems, "exit_status": 1 if problems else 0}
    if chosen.action == "downgrade":
        revision = migrate.downgrade(settings, chosen.revision or "base")
    else:
        revision = migrate.upgrade(settings, chosen.revision or "head")
        _record_migration(settings, revision)
    say(chosen, f"The schema is at revision {revision or 'none'}.")
    return {"revision": revision}


def _record_migration(settings: Settings, revision: str) -> None:
    from hub import audit

    if migrate.is_current(settings):
        database = Database(settings)
        with database.writing() as session:
            audit.record_as(session, machine(), "schema.upgraded", revision)
        database.engine.dispose()


def demo(chosen: argparse.Namespace) -> dict[str, Any]:
    """Make a hub with demonstration data, serve it, and say how to sign in."""
    from hub.demo import service

    service.run(data=chosen.data, port=chosen.port)
    return {}


def test(chosen: argparse.Namespace) -> dict[str, Any]:
    """Check everything."""
    return {"exit_status": checks.run_tests(chosen.for_pytest, is_long=chosen.long)}


def bench(chosen: argparse.Namespace) -> dict[str, Any]:
    """Measure the hub against its peers."""
    return checks.run_benchmarks(chosen.of, chosen.for_pytest, as_json=chosen.json)


def offer(add: AddCommand) -> None:
    """Offer these commands."""
    serving = add("serve", serve, json=False)
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=8000)
    serving.add_argument("--workers", type=int, default=2)

    working = add("work", work, json=False)
    working.add_argument("--only", choices=["uploads", "maps"], help="leave the other jobs to another worker")

    schema = add("db", db)
    schema.add_argument("action", choices=["upgrade", "downgrade", "check"])
    schema.add_argument("revision", nargs="?", help="the revision to reach; the newest, or none, unless given")

    trying = add("demo", demo, json=False)
    trying.add_argument("--data", type=Path, metavar="FOLDER", help="real data instead of the fictional city")
    trying.add_argument("--port", type=int, default=8000)

    trial, timing = add("test", test, json=False), add("bench", bench)
    timing.add_argument("of", nargs="?", choices=list(checks.BENCHMARKS), help="what is measured; all unless given")
    trial.add_argument("--long", action="store_true", help="the full counts of tests that otherwise try a few")
    trial.epilog = timing.epilog = "Whatever else is given is passed on to pytest."
