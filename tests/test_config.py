"""Settings: what is read, and everything that is refused before the hub starts."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from hub.config import DEMO_SECRET_KEY, Settings, read_settings, shipped
from hub.db import Database
from hub.engine import open_engine
from hub.errors import SettingsError
from hub.places.models import Borough
from tests.conftest import PostgresCluster

SAFE = {"HUB_SECRET_KEY": "k" * 32}
CREDIT = {"HUB_BASEMAP_ATTRIBUTION": "© Somebody"}
MAIL = {"HUB_MAIL_FROM": "hub@hub.example", "HUB_ADDRESS": "https://hub.example"}
ISSUER = {
    "HUB_OIDC_ISSUER": "https://login.example",
    "HUB_OIDC_CLIENT_ID": "hub",
    "HUB_OIDC_CLIENT_SECRET": "secret",
    "HUB_ADDRESS": "https://hub.example",
}
NewSettings = Callable[..., Settings]


def test_a_good_key_is_all_that_production_needs() -> None:
    settings = read_settings(SAFE)
    assert settings.is_production
    assert settings.second_factor == "required"
    assert not settings.debug
    assert settings.migration_url == settings.database_url
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.debug = True  # type: ignore[misc]


def test_every_setting_is_read_in_its_own_kind() -> None:
    settings = read_settings(
        SAFE
        | {
            "HUB_DATABASE_URL": "postgresql://web@db/hub",
            "HUB_OWNER_DATABASE_URL": "postgresql://owner@db/hub",
            "HUB_FILES": "/srv/files",
            "HUB_ENVIRONMENT": "demo",
            "HUB_DEBUG": "YES",
            "HUB_SECOND_FACTOR": "offered",
            "HUB_HOSTS": "hub.example.org, www.example.org,",
            "HUB_PROXIES": "2",
            "HUB_MAX_UPLOAD_MEGABYTES": " 7 ",
            "HUB_MAX_UPLOAD_ROWS": "8",
            "HUB_BASEMAP": "https://tiles.example.org:8443/{z}/{x}/{y}.png?style=grey",
            "HUB_BASEMAP_ATTRIBUTION": "© Somebody",
            "HUB_AUDIT_HEADS": "heads.txt",
            "HUB_KEEP_MONTHS": "24",
            "HUB_BACKUP_KEY": "age1key",
            "HUB_SMTP": "smtp://hub:secret@mail.example:587",
            "HUB_MAIL_FROM": "hub@hub.example",
            "HUB_ADDRESS": "https://hub.example/",
            "HUB_OUTSIDE_DOMAINS": "council.example, Police.example",
            "HUB_OIDC_ISSUER": "https://login.example/realm",
            "HUB_OIDC_CLIENT_ID": "hub",
            "HUB_OIDC_CLIENT_SECRET": "secret",
            "HUB_OIDC_GROUPS": "roles",
            "HUB_OIDC_NAME": "Council sign-in",
            "UNRELATED": "9",
        }
    )
    assert dataclasses.asdict(settings) == {
        "database_url": "postgresql://web@db/hub",
        "owner_database_url": "postgresql://owner@db/hub",
        "files": Path("/srv/files"),
        "secret_key": "k" * 32,
        "environment": "demo",
        "debug": True,
        "second_factor": "offered",
        "hosts": ("hub.example.org", "www.example.org"),
        "proxies": 2,
        "max_upload_megabytes": 7,
        "max_upload_rows": 8,
        "basemap": "https://tiles.example.org:8443/{z}/{x}/{y}.png?style=grey",
        "basemap_attribution": "© Somebody",
        "audit_heads": "heads.txt",
        "keep_months": 24,
        "backup_key": "age1key",
        "smtp": "smtp://hub:secret@mail.example:587",
        "mail_from": "hub@hub.example",
        "address": "https://hub.example/",
        "outside_domains": ("council.example", "Police.example"),
        "oidc_issuer": "https://login.example/realm",
        "oidc_client_id": "hub",
        "oidc_client_secret": "secret",
        "oidc_groups": "roles",
        "oidc_name": "Council sign-in",
    }
    assert settings.basemap_origin == "https://tiles.example.org:8443"
    assert settings.migration_url == "postgresql://owner@db/hub"


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_what_is_empty_counts_as_not_set(empty: str) -> None:
    names = [f"HUB_{field.name.upper()}" for field in dataclasses.fields(Settings)]
    assert read_settings(dict.fromkeys(names, empty) | SAFE) == read_settings(SAFE)
    with pytest.raises(SettingsError, match="HUB_SECRET_KEY"):
        read_settings(SAFE | {"HUB_SECRET_KEY": empty})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"HUB_SECRET_KEY": ""}, "HUB_SECRET_KEY"),
        ({"HUB_SECRET_KEY": DEMO_SECRET_KEY}, "HUB_SECRET_KEY"),
        ({"HUB_SECRET_KEY": "k" * 31}, "HUB_SECRET_KEY"),
        ({"HUB_SECRET_KEY": " " * 40}, "HUB_SECRET_KEY"),
        ({"HUB_SECRET_KEY": "k" * 31 + " "}, "HUB_SECRET_KEY"),
        ({"HUB_DEBUG": "1"}, "HUB_DEBUG"),
        ({"HUB_DEBUG": "true"}, "HUB_DEBUG"),
        ({"HUB_DEBUG": "on"}, "HUB_DEBUG"),
        ({"HUB_DEBUG": "2"}, "HUB_DEBUG"),
        ({"HUB_SECOND_FACTOR": "offered"}, "HUB_SECOND_FACTOR"),
        ({"HUB_SECOND_FACTOR": "Required"}, "HUB_SECOND_FACTOR"),
        ({"HUB_ENVIRONMENT": "Production"}, "HUB_ENVIRONMENT"),
        ({"HUB_ENVIRONMENT": "development"}, "HUB_ENVIRONMENT"),
        ({"HUB_PROXIES": "-1"}, "HUB_PROXIES"),
        ({"HUB_PROXIES": "one"}, "HUB_PROXIES"),
        ({"HUB_PROXIES": "1.5"}, "HUB_PROXIES"),
        ({"HUB_PROXIES": "1e3"}, "HUB_PROXIES"),
        ({"HUB_MAX_UPLOAD_MEGABYTES": "fifty"}, "HUB_MAX_UPLOAD_MEGABYTES"),
        ({"HUB_MAX_UPLOAD_MEGABYTES": "0"}, "HUB_MAX_UPLOAD_MEGABYTES"),
        ({"HUB_MAX_UPLOAD_ROWS": "0"}, "HUB_MAX_UPLOAD_ROWS"),
        ({"HUB_MAX_UPLOAD_ROWS": "500_000"}, "HUB_MAX_UPLOAD_ROWS"),
        ({"HUB_HOSTS": ","}, "HUB_HOSTS"),
        ({"HUB_BASEMAP": "https://tiles.example.org/{z}/{x}/{y}.png"}, "HUB_BASEMAP_ATTRIBUTION"),
        ({"HUB_BASEMAP": "https://tiles.example.org/{z}/{x}.png", **CREDIT}, "HUB_BASEMAP"),
        ({"HUB_BASEMAP": "https://{s}.example.org/{z}/{x}/{y}.png", **CREDIT}, "HUB_BASEMAP"),
        ({"HUB_BASEMAP": "http://tiles.example.org/{z}/{x}/{y}.png", **CREDIT}, "HUB_BASEMAP"),
        ({"HUB_BASEMAP": "https://a.example; script-src */{z}/{x}/{y}.png", **CREDIT}, "HUB_BASEMAP"),
        ({"HUB_BASEMAP": "tiles/{z}/{x}/{y}.png", **CREDIT}, "HUB_BASEMAP"),
        ({"HUB_SMTP": "mail.example", **MAIL}, "HUB_SMTP"),
        ({"HUB_SMTP": "https://mail.example", **MAIL}, "HUB_SMTP"),
        ({"HUB_SMTP": "smtp://mail.example", **MAIL, "HUB_MAIL_FROM": ""}, "HUB_MAIL_FROM"),
        ({"HUB_SMTP": "smtp://mail.example", **MAIL, "HUB_MAIL_FROM": "hub@a.example\nBcc: b@b.example"}, "MAIL_FROM"),
        ({"HUB_SMTP": "smtp://mail.example", **MAIL, "HUB_ADDRESS": ""}, "HUB_ADDRESS"),
        ({"HUB_ADDRESS": "http://hub.example"}, "HUB_ADDRESS"),
        ({"HUB_ADDRESS": "https://user:secret@hub.example"}, "HUB_ADDRESS"),
        ({**ISSUER, "HUB_OIDC_ISSUER": "http://login.example"}, "HUB_OIDC_ISSUER"),
        ({**ISSUER, "HUB_OIDC_CLIENT_ID": ""}, "HUB_OIDC_CLIENT_ID"),
        ({**ISSUER, "HUB_OIDC_CLIENT_SECRET": ""}, "HUB_OIDC_CLIENT_SECRET"),
        ({**ISSUER, "HUB_ADDRESS": ""}, "HUB_ADDRESS"),
    ],
    ids=str,
)
def test_what_would_be_unsafe_or_meaningless_is_refused(changes: dict[str, str], named: str) -> None:
    assert read_settings(SAFE | MAIL | ISSUER | {"HUB_SMTP": "smtps://hub:secret@mail.example"})
    with pytest.raises(SettingsError, match=named) as refusal:
        read_settings(SAFE | changes)
    assert refusal.value.remedy
    assert DEMO_SECRET_KEY not in str(refusal.value)


@pytest.mark.parametrize("environment", ["demo", "test"])
def test_a_demo_needs_no_key_and_may_be_debugged(environment: str) -> None:
    settings = read_settings({"HUB_ENVIRONMENT": environment, "HUB_DEBUG": "1"})
    assert settings.secret_key == DEMO_SECRET_KEY
    assert not settings.is_production


def test_settings_do_not_show_their_secrets() -> None:
    secrets = {
        "HUB_SECRET_KEY": "s3cret" * 8,
        "HUB_DATABASE_URL": "postgresql://web:s3cret@db/hub",
        "HUB_OWNER_DATABASE_URL": "postgresql://owner:s3cret@db/hub",
    }
    assert "s3cret" not in repr(read_settings(secrets))


@pytest.mark.parametrize(
    "address", ["hub:s3cret", "mysql://root:s3cret@db/hub", "postgresql:/web:s3cret@db", "://s3cret"]
)
def test_an_address_of_no_database_is_refused_without_repeating_it(address: str) -> None:
    assert open_engine("sqlite://")
    with pytest.raises(SettingsError) as refusal:
        open_engine(address)
    assert refusal.value.remedy
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_an_error_of_the_database_does_not_quote_the_rows_it_met(database: Database) -> None:
    with database.reading() as session, pytest.raises(SQLAlchemyError, match="no_such_function") as error:
        session.execute(select(func.no_such_function(Borough.code)).where(Borough.name == "Victim Name"))
    assert "Victim Name" not in str(error.value)


def test_the_command_line_says_what_is_refused_without_a_traceback(tmp_path: Path) -> None:
    for environment in ({"HUB_DATABASE_URL": "nonsense"}, {"HUB_SECRET_KEY": "short"}, {"HUB_PROXIES": "x"}):
        ended = subprocess.run(
            [sys.executable, "-c", "import sys; from hub.cli import main; sys.exit(main())", "db", "check"],
            cwd=tmp_path,
            env=SAFE | environment | {"PYTHONPATH": str(shipped("migrations").parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 1
        assert next(iter(environment)) in ended.stderr
        assert "Traceback" not in ended.stderr
        assert not ended.stdout


# --- The PostgreSQL role ---------------------------------------------------------------------------------------------


def as_superuser(cluster: PostgresCluster, settings: Settings, *statements: str) -> None:
    name = settings.database_url.rsplit("/", 1)[1]
    with psycopg.connect(cluster.url(name, "postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def refuse_unsafe_role(settings: Settings, role: str) -> None:
    database = Database(dataclasses.replace(settings, database_url=settings.database_url.replace("hub_web", role)))
    try:
        database.refuse_unsafe_role()
    finally:
        database.engine.dispose()


def test_sqlite_has_no_role_to_refuse(new_settings: NewSettings) -> None:
    Database(new_settings("sqlite")).refuse_unsafe_role()


@pytest.mark.parametrize(
    "makes",
    [
        "CREATE ROLE {role} LOGIN SUPERUSER",
        "CREATE ROLE {role} LOGIN BYPASSRLS",
        "CREATE ROLE {role} LOGIN IN ROLE hub_owner",
        "CREATE ROLE {role} LOGIN NOINHERIT IN ROLE hub_owner",
        "CREATE ROLE {role} LOGIN IN ROLE pg_monitor; CREATE ROLE {role}_more BYPASSRLS; GRANT {role}_more TO {role}",
        "CREATE ROLE {role} LOGIN; ALTER TABLE incident OWNER TO {role}",
    ],
)
def test_a_role_that_row_level_security_would_not_bind_is_refused(
    postgres_cluster: PostgresCluster, new_settings: NewSettings, makes: str
) -> None:
    settings = new_settings("postgresql")
    refuse_unsafe_role(settings, "hub_web")
    name = "unsafe_" + settings.database_url.rsplit("_", 1)[1][:12]
    as_superuser(postgres_cluster, settings, *makes.format(role=name).split("; "))
    try:
        with pytest.raises(SettingsError, match=name):
            refuse_unsafe_role(settings, name)
    finally:
        as_superuser(postgres_cluster, settings, f"REASSIGN OWNED BY {name} TO hub_owner", f"DROP ROLE {name}")


@pytest.mark.parametrize("role", ["hub_owner", "postgres"])
def test_the_owner_and_the_superuser_are_refused(new_settings: NewSettings, role: str) -> None:
    settings = new_settings("postgresql")
    refuse_unsafe_role(settings, "hub_web")
    with pytest.raises(SettingsError, match=role):
        refuse_unsafe_role(settings, role)


def test_a_role_put_on_over_an_unsafe_one_is_refused(new_settings: NewSettings) -> None:
    """Whoever signed in as a superuser can be one again with RESET ROLE."""
    settings = new_settings("postgresql")
    disguised = settings.database_url.replace("hub_web", "postgres") + "?options=-crole%3Dhub_web"
    with pytest.raises(SettingsError, match="postgres"):
        refuse_unsafe_role(dataclasses.replace(settings, database_url=disguised), "hub_web")
