"""The demonstration: a hub of its own with places, people and loaded files, made once and served on loopback.

Everything goes in through the same services as in a real hub. It never touches the hub that `HUB_…` settings name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import BinaryIO
from urllib.request import urlopen

import orjson

from hub import migrate
from hub.access import Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import Database, HubSession
from hub.demo import casework, paperwork
from hub.demo.generate import write_city
from hub.errors import BadRequest, Unavailable
from hub.places import loading
from hub.places import service as places
from hub.places.service import Area
from hub.reports import service as reports
from hub.uploads import figures, intake, views, work
from hub.uploads import service as uploads
from hub.uploads.intake import Said
from hub.words import plural

FOLDER = Path("var")
ACTOR = "machine:demo"
DOMAIN = "demo.example"
PORTS_TO_TRY = 20
SECONDS_TO_START = 300
"""A ceiling, for a machine that does much else: a server that ends before it answers is noticed at once."""
MONTHLY = re.compile(r"(?P<year>\d{4})-\d{2}-(?P<rest>.+\.csv)")

PARTNERS = "partner"
AMBULANCES = f"{PARTNERS}/ambulance-*.csv"
"""Files that come only once there are agreements."""
FILES = (
    "mps-ward-level-2*.csv",
    "police-uk/*-street-all-crime/*.csv*",
    "police-uk/*-street/*.csv*",
    f"{PARTNERS}/*-borough-*.csv",
    AMBULANCES,
)
"""Older editions first, so that a month published twice ends with its later figures."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class DemoPerson:
    """Somebody to try the demonstration as."""

    email: str
    password: str
    role: str
    place: str


@dataclass(frozen=True)
class Demo:
    """A demonstration that is ready to be served."""

    settings: Settings
    people: tuple[DemoPerson, ...]


def run(*, data: Path | None, port: int) -> None:
    """Make the demonstration unless it is there, then serve it until stopped."""
    signal.signal(signal.SIGTERM, _stop)
    demo = prepare(data=data, say=lambda words: print(words, flush=True))
    with serving(demo, port) as address:
        print(f"\nThe demonstration is at {address}\n\nSign in as one of:")
        for person in demo.people:
            print(f"  {person.email:<28} {person.password:<24} {person.role}, {person.place}")
        print("\nA second step of signing in is offered here on the account page; a real hub asks everybody for one.")
        print("\nStop it with Ctrl+C. 'rm -r var' removes everything it made.", flush=True)
        _wait_for_stop()


def prepare(*, data: Path | None, say: Say, folder: Path | None = None, files: Sequence[str] = FILES) -> Demo:
    """Make the demonstration's database, places, people and data, or find them made.

    Parameters
    ----------
    data
        The folder of real files, or None for the fictional city.
    say
        Told each step.
    folder
        Where to make it.
    files
        Which files of incidents and counts to load, as patterns within the folder of files, in order.

    Raises
    ------
    BadRequest
        If `data` is not a folder.
    """
    if data is not None and not data.is_dir():
        raise BadRequest(f"There is no folder at '{data}'.", remedy="Give --data the folder with the real files.")
    place = (folder or FOLDER / ("demo" if data is None else "demo-real")).resolve()
    ready = place / "ready.json"
    with _alone(place):
        if not ready.is_file():
            shutil.rmtree(place, ignore_errors=True)
            _make(place, data, files, say)
        kept = orjson.loads(ready.read_bytes())
        settings = _settings(place, kept["secret"])
        if not migrate.is_current(settings):
            migrate.upgrade(settings)
    return Demo(settings, tuple(DemoPerson(**person) for person in kept["people"]))


@contextlib.contextmanager
def serving(demo: Demo, port: int, *, worker_options: Sequence[str] = ()) -> Iterator[str]:
    """Run the web server and the worker beside this process; gives the address, and ends both at the end."""
    port = _free_port(port)
    settings = demo.settings
    environment = {
        **os.environ,
        "HUB_ENVIRONMENT": settings.environment,
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_FILES": str(settings.files),
        "HUB_SECRET_KEY": settings.secret_key,
        "HUB_SECOND_FACTOR": settings.second_factor,
        "HUB_ADDRESS": f"http://127.0.0.1:{port}",
    }
    commands = (["serve", "--port", str(port)], ["work", *worker_options])
    started = [
        subprocess.Popen([sys.executable, "-m", "hub", *command], env=environment, stdout=subprocess.DEVNULL)
        for command in commands
    ]
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait_for_answer(address, started)
        yield address
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let whoever asks for the same demonstration meanwhile wait, and find it made."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _settings(place: Path, secret: str) -> Settings:
    return Settings(
        environment="demo",
        database_url=f"sqlite:///{place / 'hub.sqlite'}",
        files=place / "files",
        secret_key=secret,
        second_factor="offered",
    )


def _make(place: Path, data: Path | None, files: Sequence[str], say: Say) -> None:
    started = time.monotonic()
    settings = _settings(place, secrets.token_urlsafe(48))
    settings.files.mkdir(parents=True)
    is_invented = data is None
    if data is None:
        say("Building the fictional city …")
        data = place / "city"
        write_city(data)
    migrate.upgrade(settings)
    database = Database(settings)
    say("Loading places …")
    with database.writing() as session:
        report = loading.load_places(session, [data], actor=ACTOR)
    for each in report.loaded:
        say(f"  {each.what}{f' – {each.detail}' if each.detail else ''}")
    administrator = _create_administrator(database)
    found = _found(data, files)
    for paths in found:
        if not paths[0].match(AMBULANCES):
            _upload(database, administrator.email, paths, say)
    people = [*_create_people(database, administrator), administrator]
    if is_invented:
        _keep_paperwork(database, data, say)
        for paths in found:
            if paths[0].match(AMBULANCES):
                _upload(database, administrator.email, paths, say)
        _open_problems(database, data, say)
        _make_reports(database, say)
    database.engine.dispose()
    kept = {"secret": settings.secret_key, "people": [asdict(person) for person in people]}
    # Written last, and whole: an interrupted start begins again instead of showing half a city.
    unfinished = place / "ready.part"
    unfinished.write_bytes(orjson.dumps(kept))
    unfinished.rename(place / "ready.json")
    say(f"Ready in {time.monotonic() - started:.0f} seconds.")


def _create_administrator(database: Database) -> DemoPerson:
    with database.writing() as session:
        city = places.city(session)
        return _create(session, "administrator", Role.ADMINISTRATOR, city.name if city else "everywhere", london=True)


def _create_people(database: Database, administrator: DemoPerson) -> list[DemoPerson]:
    """Make one person of each role where there is most to see, and a neighbour to try the borders with."""
    with database.reading() as session:
        bcu, borough, elsewhere = _homes(accounts.viewer_by_email(session, administrator.email))
    home, away = [borough.slug], [elsewhere.slug]
    with database.writing() as session:
        return [
            _create(session, "officer", Role.CSP_OFFICER, borough.name, boroughs=home),
            _create(session, "analyst", Role.CSP_ANALYST, borough.name, boroughs=home),
            _create(session, "police.lead", Role.BOROUGH_POLICE_LEAD, borough.name, boroughs=home),
            _create(session, "liaison", Role.LIAISON_OFFICER, borough.name, boroughs=home),
            _create(session, "commander", Role.BCU_COMMANDER, bcu.name, bcu=bcu.name),
            _create(session, "leader", Role.COUNCIL_LEADER, borough.name, boroughs=home),
            _create(session, "neighbour", Role.CSP_OFFICER, elsewhere.name, boroughs=away),
            _create(session, "neighbour.liaison", Role.LIAISON_OFFICER, elsewhere.name, boroughs=away),
        ]


def _keep_paperwork(database: Database, city: Path, say: Say) -> None:
    """Give the officers their sharing agreements and ledger, and load what their own council recorded."""
    say("Writing sharing agreements …")
    agreed: set[str] = set()
    for name in ("officer", "neighbour"):
        email = f"{name}@{DOMAIN}"
        with database.writing() as session:
            viewer = accounts.viewer_by_email(session, email)
            borough = _borough_of(viewer)
            paperwork.agree(viewer, borough)
            paperwork.keep_ledger(viewer, borough)
            paperwork.set_priorities(viewer, borough)
            agreed |= borough.borough_codes
        if name == "officer":
            council = borough.name.lower().replace(" ", "-")
            _upload(database, email, sorted(city.glob(f"{PARTNERS}/council-asb-{council}-*.csv")), say)
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, f"administrator@{DOMAIN}")
        others = viewer.boroughs(Permission.AGREEMENT_WRITE) - agreed
        paperwork.agree_on_ambulances(viewer, others, "City")


def _open_problems(database: Database, city: Path, say: Say) -> None:
    """Open the problems that partners work on, in whose boroughs they are."""
    say("Opening problems …")
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, f"administrator@{DOMAIN}")
        planted = orjson.loads((city / "planted.json").read_bytes())
        opened = casework.open_problems(viewer, planted)
        casework.freeze_baselines(viewer, planted, opened)
        casework.walk_patrols(viewer, planted, opened)


def _make_reports(database: Database, say: Say) -> None:
    """Give the officer's borough an approved quarterly update, for its leader to find, and a draft to be approved."""
    say("Writing reports …")
    with database.writing() as session:
        officer = accounts.viewer_by_email(session, f"officer@{DOMAIN}")
        borough = _borough_of(officer)
        if not reports.months(officer, borough):
            return
        report_id = paperwork.draft_report(officer, borough, "quarterly")
        for waiting in (report_id, paperwork.draft_report(officer, borough, "committee")):
            paperwork.ask_for_approval(officer, borough, waiting)
    with database.writing() as session:
        liaison = accounts.viewer_by_email(session, f"liaison@{DOMAIN}")
        paperwork.approve_report(liaison, borough, report_id)


def _borough_of(viewer: Viewer) -> Area:
    [borough] = [area for area in places.areas(viewer, Permission.AGREEMENT_WRITE) if area.kind == "borough"]
    return borough


def _homes(everyone: Viewer) -> tuple[Area, Area, Area]:
    """Choose the BCU in all of whose boroughs the most kinds of data are live, a borough of it, and one outside it."""
    areas = places.areas(everyone, Permission.OVERLAY_READ)
    live = figures.coverage(everyone, everyone.boroughs())
    kinds = live.groupby("borough_code")["dataset"].nunique()
    bcu = max(
        (area for area in areas if area.kind == "bcu"),
        key=lambda area: min(kinds.get(code, 0) for code in area.borough_codes),
    )
    boroughs = [area for area in areas if area.kind == "borough"]
    borough = next(area for area in boroughs if area.borough_codes <= bcu.borough_codes)
    return bcu, borough, next(area for area in boroughs if not area.borough_codes <= bcu.borough_codes)


def _create(
    session: HubSession,
    name: str,
    role: Role,
    place: str,
    *,
    boroughs: Sequence[str] = (),
    bcu: str | None = None,
    london: bool = False,
) -> DemoPerson:
    person = DemoPerson(f"{name}@{DOMAIN}", secrets.token_urlsafe(12), role.title, place)
    accounts.create_person(
        session,
        person.email,
        name.replace(".", " ").title(),
        person.password,
        role,
        boroughs=boroughs,
        bcu=bcu,
        london=london,
        actor=ACTOR,
    )
    return person


def _found(data: Path, files: Sequence[str]) -> list[list[Path]]:
    """The files to take in, months of one year that have the same columns together: a load costs more than its rows."""
    found = [path for pattern in files for path in sorted(data.glob(pattern))]
    return [list(year) for _, year in groupby(found, key=lambda path: (path.parent, _year_and_rest(path)))]


def _year_and_rest(path: Path) -> tuple[str, str]:
    month = MONTHLY.fullmatch(path.name)
    return (month["year"], month["rest"]) if month else ("", path.name)


def _joined(paths: Sequence[Path], whole: BinaryIO) -> None:
    """Write several CSV files as one, under the heading of the first."""
    for number, path in enumerate(paths):
        with path.open("rb") as stream:
            heading = stream.readline()
            whole.write(b"" if number else heading)
            shutil.copyfileobj(stream, whole)
    whole.seek(0)


CONFIRMED = Said(
    reasons={"sparse_boroughs": "The published file as it is: its points stray over the edge of its area."}
)
"""What the demonstration says of its files where a check asks."""


def _upload(database: Database, email: str, paths: Sequence[Path], say: Say) -> None:
    """Take in one file, or the months of one year, as the administrator, by the same steps as anybody's upload."""

    def quietly(_progress: str) -> None:
        """Progress within one file is not worth a line of its own."""

    name = paths[0].name if len(paths) == 1 else "{}-{}".format(*_year_and_rest(paths[0]))
    with database.session(writes=True) as session:
        viewer: Viewer = accounts.viewer_by_email(session, email)
        if len(paths) == 1:
            with paths[0].open("rb") as stream:
                upload_id = uploads.receive(viewer, stream, name).id
        else:
            with tempfile.TemporaryFile() as whole:
                _joined(paths, whole)
                upload_id = uploads.receive(viewer, whole, name).id
        session.commit()
        intake.take_in(viewer, upload_id, CONFIRMED, quietly)
        work.commit(viewer, {"upload_id": str(upload_id)}, quietly)
        outcome = views.outcome(viewer, upload_id)
        session.commit()
    say(f"  {name}: {plural(outcome['placed'], 'record')} placed, {outcome['unplaced']:,} not in a ward")


def _free_port(first: int) -> int:
    for port in range(first, first + PORTS_TO_TRY):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise Unavailable(f"Ports {first} to {first + PORTS_TO_TRY - 1} are all taken.", remedy="Choose one with --port.")


def _wait_for_answer(address: str, processes: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if any(process.poll() is not None for process in processes):
            break
        with contextlib.suppress(OSError), urlopen(f"{address}sign-in", timeout=60):  # noqa: S310 - loopback
            return
        time.sleep(0.1)
    raise Unavailable("The demonstration did not start.", remedy="Look at the messages above.")


def _wait_for_stop() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """End in good order, and so the server and the worker too."""
    raise SystemExit(0)
