"""The `hub` command: the same services and the same scope as the pages, for officers' scripts and the administrator.

Options, JSON keys and exit statuses are a contract, listed in the README. 0 is done, 1 is refused with a message.
"""

from __future__ import annotations

import argparse
import getpass
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from uuid import UUID

import orjson

from hub import checks, errors, logs, migrate, purposes, words
from hub.access import Permission, Role, Viewer
from hub.config import Settings, read_settings
from hub.db import Database, HubSession
from hub.engine import database_errors

METHODS = ("rate", "count", "gi_star", "density", "change", "emerging", "harm", "agencies")
Command = Callable[[argparse.Namespace], dict[str, Any]]


class _Parser(argparse.ArgumentParser):
    """Reads a command as written in full, and refuses what it does not know as the services refuse."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        raise errors.BadRequest(f"{message[:1].upper()}{message[1:]}.", remedy=f"Write {usage}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    logs.begin()
    try:
        chosen = _chosen(given)
        with database_errors():
            result = chosen.run(chosen)
    except errors.HubError as error:
        return _refuse(error, as_json=as_json)
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 - a contract: never a traceback
        if os.environ.get("HUB_DEBUG") == "1":
            traceback.print_exc()
        fault = errors.OurFault(
            f"'hub {given[0]}' failed inside the hub; nothing was left half done.",
            remedy="Run it again with HUB_DEBUG=1 to see where, and tell whoever looks after the hub.",
        )
        return _refuse(fault, as_json=as_json)
    if getattr(chosen, "json", False):
        _print(orjson.dumps(result).decode())
    return int(result.get("exit_status", 0))


def _chosen(given: Sequence[str]) -> argparse.Namespace:
    try:
        " ".join(given).encode()
    except UnicodeEncodeError as error:
        raise errors.BadRequest(
            "The command is not written in UTF-8, so the hub could not say it back.", remedy="Rename the file."
        ) from error
    parser = _parser()
    chosen, unknown = parser.parse_known_args(given)
    if unknown and chosen.run not in (test, bench):
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    chosen.for_pytest = unknown
    return chosen


def _refuse(error: errors.HubError, *, as_json: bool) -> int:
    print(f"Refused: {error.sentence}", file=sys.stderr)
    if error.remedy:
        print(f"What to do: {error.remedy}", file=sys.stderr)
    if as_json:
        _print(orjson.dumps({"error": error.sentence, "remedy": error.remedy}).decode())
    return error.exit_status


def _say(chosen: argparse.Namespace, *lines: str) -> None:
    """Tell a person; a script that asked for JSON hears only the JSON."""
    if not getattr(chosen, "json", False):
        _print(*lines)


def _print(*lines: str) -> None:
    """Write to standard output. That nobody reads on, as in `hub … | head`, is no failure of the work."""
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _viewer(session: HubSession, email: str) -> Viewer:
    from hub.accounts import service as accounts

    return accounts.viewer_by_email(session, email)


@contextmanager
def _opened_hub() -> Iterator[Database]:
    """Open the hub's database, as everybody but the migrator does, and close it."""
    settings = read_settings()
    migrate.metadata()
    if not migrate.is_current(settings):
        raise errors.SettingsError(
            "The database's schema is not the one this hub expects.", remedy="Run 'hub db upgrade'."
        )
    settings.files.mkdir(parents=True, exist_ok=True)
    database = Database(settings)
    try:
        database.refuse_unsafe_role()
        yield database
    finally:
        database.engine.dispose()


def _machine() -> str:
    from hub import audit

    return f"{audit.MACHINE}:{getpass.getuser()}"


# --- Running the hub -------------------------------------------------------------------------------------------------


def serve(chosen: argparse.Namespace) -> dict[str, Any]:
    """Serve the pages until stopped."""
    from hub import create_app
    from hub.serving import Server

    settings = read_settings()
    settings.files.mkdir(parents=True, exist_ok=True)
    create_app(settings)  # Refusals are said here, once, and not by every worker in turn.

    _say(chosen, f"The hub is at http://{chosen.host}:{chosen.port}/")
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
    from hub.tasking import letters as task_letters
    from hub.uploads import service

    with _opened_hub() as database:
        with database.writing() as session, audit.everywhere(session, actor=_machine(), reason="Remove stray files."):
            service.remove_strays(session)
        settings = read_settings()
        handlers = warming.handlers(database) | letters.handlers(settings) | telling.handlers(settings)
        handlers |= task_letters.handlers(settings)
        handlers |= question_letters.handlers(settings) | assessments.handlers(database, settings)
        parts = {"maps": {warming.KIND}, "uploads": handlers.keys() - {warming.KIND}}
        others = handlers.keys() - parts.get(chosen.only, handlers.keys())
        nobody_waits = {warming.KIND, reports.RENDER}
        worker = Worker(database, handlers, accounts.viewer_of, last=nobody_waits, others=others)
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: worker.stop())
        _say(chosen, "The worker is waiting for jobs.")
        with chores.kept_up(database, settings):
            worker.run()
    return {}


def db(chosen: argparse.Namespace) -> dict[str, Any]:
    """Bring the schema up or down, or tell how it differs from what the hub expects."""
    settings = read_settings()
    if chosen.action == "check":
        problems = migrate.problems(settings)
        _say(chosen, *(problems or ["The schema is as the hub expects."]))
        return {"problems": problems, "exit_status": 1 if problems else 0}
    if chosen.action == "downgrade":
        revision = migrate.downgrade(settings, chosen.revision or "base")
    else:
        revision = migrate.upgrade(settings, chosen.revision or "head")
        _record_migration(settings, revision)
    _say(chosen, f"The schema is at revision {revision or 'none'}.")
    return {"revision": revision}


def _record_migration(settings: Settings, revision: str) -> None:
    from hub import audit

    if migrate.is_current(settings):
        database = Database(settings)
        with database.writing() as session:
            audit.record_as(session, _machine(), "schema.upgraded", revision)
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


# --- The machine's administrator -------------------------------------------------------------------------------------


def load_places(chosen: argparse.Namespace) -> dict[str, Any]:
    """Load boroughs, BCUs, wards and populations from files."""
    from hub.places import loading
    from hub.uploads.versions import wards_in_use

    with _opened_hub() as database, database.writing() as session:
        report = loading.load_places(session, chosen.files, actor=_machine(), wards_in_use=wards_in_use)
    _say(chosen, *report.lines())
    return report.as_dict()


def load_kinds(chosen: argparse.Namespace) -> dict[str, Any]:
    """Add kinds of dataset to those the hub ships with, or change those that were added."""
    from hub import audit
    from hub.uploads import catalogue, kinds

    loaded = []
    with _opened_hub() as database, database.writing() as session:
        for path in chosen.files:
            kind, is_changed = kinds.add(session, catalogue.read_definition(_text_of(path)))
            loaded.append({"key": kind.key, "title": kind.title, "outcome": "kept" if is_changed else "unchanged"})
            if is_changed:
                audit.record_as(session, _machine(), "kind.added", kind.key)
    _say(chosen, *(f"{one['title']} ({one['key']}): {one['outcome']}" for one in loaded))
    return {"kinds": loaded}


def load_harm_weights(chosen: argparse.Namespace) -> dict[str, Any]:
    """Take a set of weights of harm into use, for every borough."""
    from hub.hotspots import weights

    text = _text_of(chosen.file)
    with _opened_hub() as database, database.session(writes=True) as session:
        used, is_changed = weights.load(_viewer(session, chosen.email), text)
        session.commit()
    outcome = "kept" if is_changed else "unchanged"
    _say(chosen, f"{used.name}, version {used.version}: {outcome}; {words.plural(len(used.weights), 'weight')}")
    return {"name": used.name, "version": used.version, "weights": len(used.weights), "outcome": outcome}


def load_measures(chosen: argparse.Namespace) -> dict[str, Any]:
    """Take plans and measures into use, for every borough."""
    from hub.measures import service

    text = _text_of(chosen.file)
    with _opened_hub() as database, database.session(writes=True) as session:
        new, is_changed = service.load(_viewer(session, chosen.email), text)
        session.commit()
    plans, measures = ([one.code for one in each] for each in (new.plans, new.measures))
    _say(chosen, f"{words.plural(len(plans), 'plan')} and {words.plural(len(measures), 'measure')} taken into use")
    return {"plans": plans, "measures": measures, "outcome": "kept" if is_changed else "unchanged"}


def _text_of(path: Path) -> str:
    with _opened(path) as stream:
        try:
            return stream.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise errors.BadFile(f"'{path}' is not written in UTF-8.", remedy="Save it as UTF-8.") from error


def create_user(chosen: argparse.Namespace) -> dict[str, Any]:
    """Make a person who can sign in."""
    from hub.accounts import service

    password = sys.stdin.readline().rstrip("\n") if chosen.password_stdin else _ask_password()
    with _opened_hub() as database, database.writing() as session:
        person = service.create_person(
            session,
            chosen.email,
            chosen.name or chosen.email.partition("@")[0].replace(".", " ").title(),
            password,
            Role(chosen.role),
            boroughs=chosen.borough,
            bcu=chosen.bcu,
            london=chosen.london,
            actor=_machine(),
        )
        made = {"id": str(person.id), "email": person.email, "role": chosen.role}
    _say(chosen, f"{made['email']} can now sign in.")
    return made


def _ask_password() -> str:
    first = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != first:
        raise errors.BadRequest("The two passwords differ.", remedy="Run the command again.")
    return first


def make_backup(chosen: argparse.Namespace) -> dict[str, Any]:
    """Write an encrypted backup of the whole hub into a folder, while it is in use."""
    from hub import backup

    with _opened_hub():
        made = backup.make(read_settings(), chosen.folder, keep_days=chosen.keep_days, actor=_machine())
    removed = f"; {words.plural(len(made['removed']), 'older one')} removed" if made["removed"] else ""
    _say(chosen, f"{made['output']}, {words.megabytes(made['bytes'])}{removed}")
    return made


def restore(chosen: argparse.Namespace) -> dict[str, Any]:
    """Bring a backup back into an empty hub."""
    from hub import backup

    migrate.metadata()
    done = backup.restore(read_settings(), chosen.file, chosen.key, actor=_machine())
    broken = done["record_broken_at"]
    _say(chosen, f"Restored. Deleted again, as they had been since: {words.plural(done['erased_again'], 'file')}.")
    if broken is not None:
        print(
            f"Refused: The audit record reads as altered from entry {broken}: "
            "is HUB_SECRET_KEY the one that the hub had?",
            file=sys.stderr,
        )
    return done | {"exit_status": 0 if broken is None else 1}


def erase(chosen: argparse.Namespace) -> dict[str, Any]:
    """Delete an upload and all that came of it, for good."""
    from hub.retention import service

    with _opened_hub() as database:
        with database.session(writes=True) as session:
            service.erase(_viewer(session, chosen.email), chosen.upload, chosen.reason, word=chosen.confirm)
            session.commit()
        database.forget_deleted()
    _say(chosen, f"Upload {chosen.upload} and all that came of it are deleted.")
    return {"erased": str(chosen.upload)}


# --- The audit record ------------------------------------------------------------------------------------------------


def audit_verify(chosen: argparse.Namespace) -> dict[str, Any]:
    """Check that no entry of the audit record was altered, removed, inserted, moved or cut off."""
    from hub import audit, heads

    with _opened_hub() as database, database.reading() as session:
        kept = [heads.parse(chosen.head)] if chosen.head else heads.kept(read_settings().heads_folder)
        newest = audit.head(session)
        bad = audit.first_broken(session, kept)
    entries = newest.number if newest else 0
    whole = f"The record is whole: {words.plural(entries, 'entry', 'entries')}, checked against "
    against = words.plural(len(kept), "head", "heads") + " kept elsewhere."
    if bad:
        print(f"Refused: Entry {bad} is the first that is not as it was written.", file=sys.stderr)
    else:
        _say(chosen, whole + against)
    return {"entries": entries, "first_bad": bad, "heads": len(kept), "exit_status": 1 if bad else 0}


def audit_head(chosen: argparse.Namespace) -> dict[str, Any]:
    """Print the number and hash of the newest entry, to be kept where nobody who can change the record can."""
    from hub import audit

    with _opened_hub() as database, database.reading() as session:
        newest = audit.head(session)
    _say(chosen, str(newest or "The record has no entry yet."))
    return {"number": newest.number if newest else 0, "hash": newest.chain_hash if newest else None}


def audit_export(chosen: argparse.Namespace) -> dict[str, Any]:
    """Write every entry to a file, one JSON object a line; that it was is an entry too."""
    from hub import audit

    with _opened_hub() as database:
        with database.writing() as session:
            audit.record_as(session, _machine(), "record.exported")
        with database.reading() as session, _written(chosen.file) as out:
            count = sum(bool(out.write(orjson.dumps(audit.as_dict(entry)) + b"\n")) for entry in audit.entries(session))
    _say(chosen, f"{words.plural(count, 'entry', 'entries')} in {chosen.file}")
    return {"output": str(chosen.file), "entries": count}


def audit_ledger(chosen: argparse.Namespace) -> dict[str, Any]:
    """Write the ledger of sharing, fit to be published."""
    import datetime as dt

    from hub.record import public

    makers = {".html": public.as_page, ".csv": public.as_csv}
    maker = makers.get(chosen.output.suffix.lower())
    if maker is None:
        raise errors.BadRequest(
            f"'{chosen.output.name}' ends with neither .html nor .csv.", remedy="Give --output such a name."
        )
    with _opened_hub() as database, database.writing() as session:
        drawn = public.draw_up(session, dt.datetime.now(words.LONDON).date(), _machine())
    with _written(chosen.output) as out:
        out.write(maker(drawn))
    _say(chosen, f"{words.plural(len(drawn['agreements']), 'agreement')} in {chosen.output}")
    return {"output": str(chosen.output), **drawn}


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("wb") as out:
            yield out
    except OSError as error:
        raise errors.BadRequest(
            f"'{path}' cannot be written: {error.strerror}.", remedy="Choose another place."
        ) from error


# --- Incident data, under a person's scope ---------------------------------------------------------------------------


def upload(chosen: argparse.Namespace) -> dict[str, Any]:
    """Check a file and, if asked, make it live."""
    from hub.uploads import intake, service, views

    said = intake.Said(
        dataset=chosen.dataset,
        column_fields=dict(_pair(pair, "--map COLUMN=FIELD") for pair in chosen.map),
        sheet=chosen.sheet,
        month=service.read_month(chosen.month),
        answers=dict(_pair(pair, "--answer CODE=VALUE") for pair in chosen.answer),
        fixes=frozenset(chosen.fix),
        reasons=dict(_pair(pair, "--confirm CODE=REASON", first=True) for pair in chosen.confirm),
        is_holding=chosen.hold,
    )
    with _opened_hub() as database, database.session(writes=True) as session:
        viewer = _viewer(session, chosen.email)
        _raise_limits(viewer, chosen)
        with _opened(chosen.file) as stream:
            received = service.receive(viewer, stream, chosen.file.name, leave_out=frozenset(chosen.leave_out))
        session.commit()

        def report(progress: str) -> None:
            _say(chosen, progress)

        intake.take_in(viewer, received.id, said, report)
        refusal = intake.commit(viewer, received.id, report) if chosen.commit else None
        outcome = views.outcome(viewer, received.id)
        session.commit()
    _say(chosen, *views.outcome_lines(outcome))
    if refusal:
        # The script that sent the file is told what is wrong with it, and not only that it was refused.
        print(f"Refused: {refusal}", file=sys.stderr)
        outcome |= {**intake.told(refusal), "exit_status": refusal.exit_status}
    return outcome


def _raise_limits(viewer: Viewer, chosen: argparse.Namespace) -> None:
    """Let an administrator send more than the pages take, this once."""
    raised = {"max_upload_rows": chosen.max_rows, "max_upload_bytes": (chosen.max_megabytes or 0) * 1_000_000}
    if not any(raised.values()):
        return
    if Role.ADMINISTRATOR not in viewer.roles:
        raise errors.NotAllowed(
            "Only an administrator sends more than the pages take.", remedy="Split the file, or ask one to send it."
        )
    viewer.session.info.update({name: most for name, most in raised.items() if most})


def watch(chosen: argparse.Namespace) -> dict[str, Any]:
    """Take in each new file of a folder, until stopped."""
    from hub.uploads.watching import Watch

    with _opened_hub() as database:
        with database.reading() as session:
            _viewer(session, chosen.email)
        watching = Watch(
            database,
            chosen.folder,
            chosen.email,
            chosen.dataset,
            commits=chosen.commit,
            report=lambda words: _say(chosen, words),
        )
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: watching.stop())
        _say(chosen, f"Watching {chosen.folder}.")
        watching.run()
    return {}


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise errors.BadFile(f"'{path}' cannot be read: {error.strerror}.", remedy="Check the path.") from error


def _pair(pair: str, as_written: str, *, first: bool = False) -> tuple[str, str]:
    """Part what is given at its last '=', or at its first where the second half is free text."""
    name, equals, value = pair.partition("=") if first else pair.rpartition("=")
    if not equals:
        raise errors.BadRequest(f"{as_written.partition(' ')[0]} {pair} has no '='.", remedy=f"Write {as_written}.")
    return name, value


def _count(written: str) -> int:
    if not written.isdecimal() or not 1 <= int(written) <= 100_000_000:
        raise argparse.ArgumentTypeError(f"'{written}' is no number from 1 to 100,000,000")
    return int(written)


def _percent(written: str) -> float:
    try:
        percent = float(written)
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise argparse.ArgumentTypeError(f"'{written}' is no percentage above 0 and up to 100")
    return percent


def hotspots(chosen: argparse.Namespace) -> dict[str, Any]:
    """Compute an overlay and write it to a file."""
    from hub.hotspots import exports, paper, service
    from hub.hotspots.layers import Show
    from hub.places import service as places

    with _opened_hub() as database, database.session(writes=True) as session:
        viewer = _viewer(session, chosen.email)
        area = places.area(viewer, chosen.area, Permission.OVERLAY_READ)
        overlay = service.overlay(
            viewer,
            area,
            units=chosen.units,
            method=chosen.method,
            category=chosen.category,
            first_month=words.parse_month(chosen.first_month, what="--from"),
            last_month=words.parse_month(chosen.last_month, what="--to"),
            dataset=chosen.dataset,
            cell_metres=chosen.cell_metres,
            beside=chosen.beside,
        )
        shown = Show(f"{overlay.units}-{overlay.method}")
        on_paper = chosen.output.suffix.lower() == ".pdf"
        sheet = paper.sheet_of(viewer, area, shown, chosen.paper) if on_paper else None
        written = exports.write(viewer, overlay, chosen.output, sheet, _purpose(chosen))
        session.commit()
    _say(chosen, overlay.sentence, f"{words.plural(written['features'], 'feature')} in {chosen.output}")
    return written


def _purpose(chosen: argparse.Namespace) -> purposes.Purpose:
    return purposes.parse(chosen.purpose or "", chosen.purpose_words, may_be_none=True)


def summary(chosen: argparse.Namespace) -> dict[str, Any]:
    """Write a borough's summary to a file."""
    from hub.summaries import exports, service

    with _opened_hub() as database, database.session(writes=True) as session:
        viewer = _viewer(session, chosen.email)
        month = words.parse_month(chosen.last_month, what="--to")
        found = service.summary(viewer, chosen.borough, last_month=month)
        written = exports.write(viewer, found, chosen.output, _purpose(chosen))
        session.commit()
    _say(chosen, found.headline, f"Written to {chosen.output}")
    return written


# --- What the maps are worth -----------------------------------------------------------------------------------------


def check_planted(chosen: argparse.Namespace) -> dict[str, Any]:
    """Ask the map for each hotspot that is hidden in the fictional city, and tell which it finds."""
    from hub.proofs import planted

    proof = planted.prove_planted(chosen.data, _say_aside)
    _say(chosen, *proof.lines())
    return proof.as_dict() | {"exit_status": 0 if proof.is_held else 1}


def check_false_flags(chosen: argparse.Namespace) -> dict[str, Any]:
    """Count what the maps flag in cities without structure, against the rate that they state."""
    from hub.proofs import false_flags

    measured = false_flags.measure(chosen.cities, chosen.seed, _say_aside)
    _say(chosen, *measured.lines())
    return measured.as_dict() | {"exit_status": 0 if measured.is_held else 1}


def check_change_claims(chosen: argparse.Namespace) -> dict[str, Any]:
    """Count how often summaries claim a change where nothing changed, and what they name of planted ones."""
    from hub.proofs import change_claims

    measured = change_claims.measure(chosen.boroughs, chosen.seed, _say_aside)
    _say(chosen, *measured.lines())
    return measured.as_dict() | {"exit_status": 0 if measured.is_held else 1}


def check_assessments(chosen: argparse.Namespace) -> dict[str, Any]:
    """Assess made-up responses whose truth is known, and tell how often they are judged wrongly."""
    from hub.proofs import assessments

    proof = assessments.measure(chosen.problems, chosen.seed, _say_aside)
    _say(chosen, *proof.lines())
    return proof.as_dict() | {"exit_status": 0 if proof.is_held else 1}


def check_back_test(chosen: argparse.Namespace) -> dict[str, Any]:
    """Tell what each method for small areas would have met in the months that are live."""
    from hub.places import service as places
    from hub.proofs import back_test

    with _opened_hub() as database, database.reading() as session:
        viewer = _viewer(session, chosen.email)
        tested = back_test.back_test(
            viewer,
            places.area(viewer, chosen.area, Permission.OVERLAY_READ),
            category=chosen.category,
            dataset=chosen.dataset,
            training_months=chosen.training_months,
            area_share=chosen.percent / 100,
            cell_metres=chosen.cell_metres,
        )
    _say(chosen, *tested.lines())
    return tested.as_dict()


def check_disclosure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Try to work out hidden counts from all that readers of summaries can fetch."""
    from hub.proofs import disclosure

    with _opened_hub() as database, database.reading() as session:
        proof = disclosure.prove(_viewer(session, chosen.email), _say_aside)
    _say(chosen, *proof.lines())
    return proof.as_dict() | {"exit_status": 0 if proof.is_held else 1}


def _say_aside(words: str) -> None:
    """Tell a person how far a long command is, where no script reads."""
    print(words, file=sys.stderr, flush=True)


# --- The command line ------------------------------------------------------------------------------------------------


AddCommand = Callable[..., argparse.ArgumentParser]
CHECKING = (
    "Check what the maps are worth, on the fictional city or on what is live. Exit status 1 where they fall short."
)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="hub", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Command, *, json: bool = True, to: Any = commands) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = to.add_parser(
            name, help=(run.__doc__ or "").strip(), description=run.__doc__
        )
        command.set_defaults(run=run)
        if json:
            command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        return command

    _add_running(add)
    _add_administration(add)
    _add_sending(add)
    _add_asking(add)
    recording = commands.add_parser("audit", help="Check the audit record, or take it away.")
    _add_audit(add, recording.add_subparsers(dest="act", required=True, metavar="ACT"))
    checking = commands.add_parser("check", help="Check what the maps are worth.", description=CHECKING)
    _add_checking(add, checking.add_subparsers(dest="proof", required=True, metavar="PROOF"))
    return parser


def _add_running(add: AddCommand) -> None:
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


def _add_administration(add: AddCommand) -> None:
    loading = add("load-places", load_places)
    loading.add_argument("files", nargs="+", type=Path, metavar="FILE|FOLDER")

    kinds = add("load-kinds", load_kinds)
    kinds.add_argument("files", nargs="+", type=Path, metavar="FILE.toml")

    weighing = add("load-harm-weights", load_harm_weights)
    weighing.add_argument("file", type=Path, metavar="FILE.toml")
    _add_person(weighing)

    measuring = add("load-measures", load_measures)
    measuring.add_argument("file", type=Path, metavar="FILE.toml")
    _add_person(measuring)

    person = add("create-user", create_user)
    person.add_argument("email")
    person.add_argument("--role", required=True, choices=[role.value for role in Role])
    person.add_argument("--name", help="as shown on pages; made from the e-mail address unless given")
    person.add_argument("--borough", action="append", default=[], metavar="CODE")
    person.add_argument("--bcu", metavar="NAME")
    person.add_argument("--london", action="store_true")
    person.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    backing_up = add("backup", make_backup)
    backing_up.add_argument("folder", type=Path, metavar="FOLDER")
    backing_up.add_argument("--keep-days", type=_count, metavar="N", help="remove backups older than that")

    restoring = add("restore", restore)
    restoring.add_argument("file", type=Path, metavar="FILE.age")
    restoring.add_argument("--key", required=True, type=Path, metavar="FILE", help="the secret half of HUB_BACKUP_KEY")

    erasing = add("erase", erase)
    erasing.add_argument("upload", type=UUID, metavar="UPLOAD_ID")
    erasing.add_argument("--reason", required=True, metavar="WORDS", help="kept on record")
    erasing.add_argument("--confirm", required=True, metavar="delete", help="the word 'delete': it cannot be undone")
    _add_person(erasing)


def _add_sending(add: AddCommand) -> None:
    sending = add("upload", upload)
    sending.add_argument("file", type=Path, metavar="FILE")
    sending.add_argument("--dataset", metavar="KIND", help="recognised from the columns unless given")
    sending.add_argument("--map", action="append", default=[], metavar="COLUMN=FIELD")
    sending.add_argument("--sheet", default="", metavar="NAME", help="which sheet or layer of the file to read")
    sending.add_argument("--month", default="", metavar="YYYY-MM", help="of all rows, where no column says when")
    sending.add_argument("--leave-out", action="append", default=[], metavar="COLUMN", help="never stored")
    sending.add_argument("--answer", action="append", default=[], metavar="CODE=VALUE", help="to what a check asks")
    sending.add_argument("--fix", action="append", default=[], metavar="CODE", help="apply the hub's own cure")
    sending.add_argument("--confirm", action="append", default=[], metavar="CODE=REASON", help="why it is right")
    sending.add_argument("--hold", action="store_true", help="let good rows go ahead, and hold those with problems")
    sending.add_argument("--max-rows", type=_count, metavar="N", help="for this file; administrators only")
    sending.add_argument("--max-megabytes", type=_count, metavar="N", help="for this file; administrators only")
    sending.add_argument("--commit", action="store_true", help="make it live; otherwise it is only checked")

    watching = add("watch", watch, json=False)
    watching.add_argument("folder", type=Path, metavar="FOLDER")
    watching.add_argument("--dataset", required=True, metavar="KIND")
    watching.add_argument("--commit", action="store_true", help="make files live; otherwise they are only checked")
    _add_person(sending, watching)


def _add_asking(add: AddCommand) -> None:
    mapping = add("hotspots", hotspots)
    mapping.add_argument("--area", required=True, metavar="BOROUGH_CODE|BCU_NAME|london")
    mapping.add_argument("--units", required=True, choices=["wards", "cells"])
    mapping.add_argument("--cell-metres", type=int, metavar="N")
    mapping.add_argument("--method", required=True, choices=METHODS)
    mapping.add_argument("--with", dest="beside", metavar="KIND", help="the other agency's dataset, for agencies")
    mapping.add_argument("--category", metavar="NAME", help="an offence group or subgroup; all recorded crime if none")
    mapping.add_argument("--dataset", metavar="KIND", help="chosen from what is loaded unless given")
    mapping.add_argument("--from", required=True, dest="first_month", metavar="YYYY-MM")
    mapping.add_argument("--to", required=True, dest="last_month", metavar="YYYY-MM")
    mapping.add_argument("--output", required=True, type=Path, metavar="FILE.geojson|.gpkg|.csv|.pdf")
    mapping.add_argument("--paper", choices=["A4", "A3"], default="A4", help="of a .pdf")

    summarising = add("summary", summary)
    summarising.add_argument("--borough", required=True, metavar="CODE")
    summarising.add_argument("--to", required=True, dest="last_month", metavar="YYYY-MM")
    summarising.add_argument("--output", required=True, type=Path, metavar="FILE.html|.json")
    for taking in (mapping, summarising):
        taking.add_argument("--purpose", choices=list(purposes.CHOICES), help="on the record and on the file")
        taking.add_argument("--purpose-words", default="", metavar="WORDS", help="the same in your own words")
    _add_person(mapping, summarising)


def _add_audit(add: AddCommand, acts: Any) -> None:
    verifying = add("verify", audit_verify, to=acts)
    verifying.add_argument(
        "--head", metavar="NUMBER:HASH", help="kept elsewhere; those in HUB_AUDIT_HEADS unless given"
    )
    add("head", audit_head, to=acts)
    publishing = add("ledger", audit_ledger, to=acts)
    publishing.add_argument("--output", required=True, type=Path, metavar="FILE.html|.csv")
    exporting = add("export", audit_export, to=acts)
    exporting.add_argument("file", type=Path, metavar="FILE.jsonl")


def _add_checking(add: AddCommand, checks: Any) -> None:
    planting = add("planted", check_planted, to=checks)
    planting.add_argument(
        "--data", type=Path, metavar="FOLDER", help="a demonstration that 'hub demo' made; else one is"
    )

    _add_person(add("disclosure", check_disclosure, to=checks))

    dealing = add("false-flags", check_false_flags, to=checks)
    dealing.add_argument("--cities", type=_count, default=200, metavar="N")
    dealing.add_argument("--seed", type=_count, default=1, metavar="N")

    claiming = add("change-claims", check_change_claims, to=checks)
    claiming.add_argument("--boroughs", type=_count, default=1_000, metavar="N")
    claiming.add_argument("--seed", type=_count, default=1, metavar="N")

    assessing = add("assessments", check_assessments, to=checks)
    assessing.add_argument("--problems", type=_count, default=2000, metavar="N")
    assessing.add_argument("--seed", type=_count, default=1, metavar="N")

    trying = add("back-test", check_back_test, to=checks)
    trying.add_argument("--area", required=True, metavar="BOROUGH_CODE|BCU_NAME|london")
    trying.add_argument("--category", metavar="NAME", help="an offence group or subgroup; each group unless given")
    trying.add_argument("--dataset", metavar="KIND", help="of points; street-level points unless given")
    trying.add_argument("--training-months", type=_count, default=3, metavar="N", help="how many a method is given")
    trying.add_argument("--percent", type=_percent, default=1.0, metavar="P", help="of the area, for all methods")
    trying.add_argument("--cell-metres", type=_count, metavar="N")
    _add_person(trying)


def _add_person(*commands: argparse.ArgumentParser) -> None:
    for command in commands:
        command.add_argument("--as", required=True, dest="email", metavar="EMAIL", help="whose scope to work in")
