"""Commands of the machine's administrator: what is loaded, who signs in, backups, and deletion for good."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from hub import errors, migrate, words
from hub.access import Role
from hub.cli.frame import (
    AddCommand,
    add_person,
    count_of,
    machine,
    opened_hub,
    say,
    text_of,
    viewer_of,
)
from hub.config import read_settings


def load_places(chosen: argparse.Namespace) -> dict[str, Any]:
    """Load boroughs, BCUs, wards and populations from files."""
    from hub.places import loading
    from hub.uploads.versions import wards_in_use

    with opened_hub() as database, database.writing() as session:
        report = loading.load_places(session, chosen.files, actor=machine(), wards_in_use=wards_in_use)
    say(chosen, *report.lines())
    return report.as_dict()


def load_kinds(chosen: argparse.Namespace) -> dict[str, Any]:
    """Add kinds of dataset to those the hub ships with, or change those that were added."""
    from hub import audit
    from hub.uploads import catalogue, kinds

    loaded = []
    with opened_hub() as database, database.writing() as session:
        for path in chosen.files:
            kind, is_changed = kinds.add(session, catalogue.read_definition(text_of(path)))
            loaded.append({"key": kind.key, "title": kind.title, "outcome": "kept" if is_changed else "unchanged"})
            if is_changed:
                audit.record_as(session, machine(), "kind.added", kind.key)
    say(chosen, *(f"{one['title']} ({one['key']}): {one['outcome']}" for one in loaded))
    return {"kinds": loaded}


def load_harm_weights(chosen: argparse.Namespace) -> dict[str, Any]:
    """Take a set of weights of harm into use, for every borough."""
    from hub.hotspots import weights

    text = text_of(chosen.file)
    with opened_hub() as database, database.session(writes=True) as session:
        used, is_changed = weights.load(viewer_of(session, chosen.email), text)
        session.commit()
    outcome = "kept" if is_changed else "unchanged"
    say(chosen, f"{used.name}, version {used.version}: {outcome}; {words.plural(len(used.weights), 'weight')}")
    return {"name": used.name, "version": used.version, "weights": len(used.weights), "outcome": outcome}


def load_measures(chosen: argparse.Namespace) -> dict[str, Any]:
    """Take plans and measures into use, for every borough."""
    from hub.measures import service

    text = text_of(chosen.file)
    with opened_hub() as database, database.session(writes=True) as session:
        new, is_changed = service.load(viewer_of(session, chosen.email), text)
        session.commit()
    plans, measures = ([one.code for one in each] for each in (new.plans, new.measures))
    say(chosen, f"{words.plural(len(plans), 'plan')} and {words.plural(len(measures), 'measure')} taken into use")
    return {"plans": plans, "measures": measures, "outcome": "kept" if is_changed else "unchanged"}


def create_user(chosen: argparse.Namespace) -> dict[str, Any]:
    """Make a person who can sign in."""
    from hub.accounts import service

    password = sys.stdin.readline().rstrip("\n") if chosen.password_stdin else _ask_password()
    with opened_hub() as database, database.writing() as session:
        person = service.create_person(
            session,
            chosen.email,
            chosen.name or chosen.email.partition("@")[0].replace(".", " ").title(),
            password,
            Role(chosen.role),
            boroughs=chosen.borough,
            bcu=chosen.bcu,
            london=chosen.london,
            actor=machine(),
        )
        made = {"id": str(person.id), "email": person.email, "role": chosen.role}
    say(chosen, f"{made['email']} can now sign in.")
    return made


def _ask_password() -> str:
    first = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != first:
        raise errors.BadRequest("The two passwords differ.", remedy="Run the command again.")
    return first


def make_backup(chosen: argparse.Namespace) -> dict[str, Any]:
    """Write an encrypted backup of the whole hub into a folder, while it is in use."""
    from hub import backup

    with opened_hub():
        made = backup.make(read_settings(), chosen.folder, keep_days=chosen.keep_days, actor=machine())
    removed = f"; {words.plural(len(made['removed']), 'older one')} removed" if made["removed"] else ""
    say(chosen, f"{made['output']}, {words.megabytes(made['bytes'])}{removed}")
    return made


def restore(chosen: argparse.Namespace) -> dict[str, Any]:
    """Bring a backup back into an empty hub."""
    from hub import backup

    migrate.metadata()
    done = backup.restore(read_settings(), chosen.file, chosen.key, actor=machine())
    broken = done["record_broken_at"]
    say(chosen, f"Restored. Deleted again, as they had been since: {words.plural(done['erased_again'], 'file')}.")
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

    with opened_hub() as database:
        with database.session(writes=True) as session:
            service.erase(viewer_of(session, chosen.email), chosen.upload, chosen.reason, word=chosen.confirm)
            session.commit()
        database.forget_deleted()
    say(chosen, f"Upload {chosen.upload} and all that came of it are deleted.")
    return {"erased": str(chosen.upload)}


def offer(add: AddCommand) -> None:
    """Offer these commands."""
    loading = add("load-places", load_places)
    loading.add_argument("files", nargs="+", type=Path, metavar="FILE|FOLDER")

    kinds = add("load-kinds", load_kinds)
    kinds.add_argument("files", nargs="+", type=Path, metavar="FILE.toml")

    weighing = add("load-harm-weights", load_harm_weights)
    weighing.add_argument("file", type=Path, metavar="FILE.toml")
    add_person(weighing)

    measuring = add("load-measures", load_measures)
    measuring.add_argument("file", type=Path, metavar="FILE.toml")
    add_person(measuring)

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
    backing_up.add_argument("--keep-days", type=count_of, metavar="N", help="remove backups older than that")

    restoring = add("restore", restore)
    restoring.add_argument("file", type=Path, metavar="FILE.age")
    restoring.add_argument("--key", required=True, type=Path, metavar="FILE", help="the secret half of HUB_BACKUP_KEY")

    erasing = add("erase", erase)
    erasing.add_argument("upload", type=UUID, metavar="UPLOAD_ID")
    erasing.add_argument("--reason", required=True, metavar="WORDS", help="kept on record")
    erasing.add_argument("--confirm", required=True, metavar="delete", help="the word 'delete': it cannot be undone")
    add_person(erasing)
