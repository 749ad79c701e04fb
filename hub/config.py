"""Settings, read once from the environment, checked before anything starts, and frozen."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from hub.errors import SettingsError

DEMO_SECRET_KEY = "the-demo-key-is-public-and-never-for-real-data"  # noqa: S105 - known to all, and refused in production
SHORTEST_SECRET_KEY = 32

_TILE_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?/[A-Za-z0-9._~/?&=%@{}-]*")
_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Find a folder that ships with the hub: inside the installed package, or beside it in a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this hub runs. Each field is the environment variable `HUB_<FIELD>`, documented in the README."""

    database_url: str = field(default="sqlite:///var/hub.sqlite", repr=False)
    owner_database_url: str = field(default="", repr=False)
    files: Path = Path("var/files")
    secret_key: str = field(default=DEMO_SECRET_KEY, repr=False)
    environment: str = "production"
    debug: bool = False
    second_factor: str = "required"
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    proxies: int = 0
    max_upload_megabytes: int = 50
    max_upload_rows: int = 500_000
    basemap: str = ""
    basemap_attribution: str = ""
    audit_heads: str = ""
    keep_months: int = 72
    backup_key: str = ""
    smtp: str = field(default="", repr=False)
    mail_from: str = ""
    address: str = ""
    outside_domains: tuple[str, ...] = ()
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_groups: str = "groups"
    oidc_name: str = "Sign in with your organisation's account"

    @property
    def sends_mail(self) -> bool:
        """Whether this hub writes to people itself, or its administrators hand links over."""
        return bool(self.smtp)

    @property
    def has_single_sign_on(self) -> bool:
        """Whether people may sign in with an account of their own organisation."""
        return bool(self.oidc_issuer)

    @property
    def public_address(self) -> str:
        """What the hub's own links begin with: never what a request says."""
        return self.address.rstrip("/") or f"https://{self.hosts[0]}"

    @property
    def is_production(self) -> bool:
        """Whether real people's data may be in this hub."""
        return self.environment == "production"

    @property
    def is_demo(self) -> bool:
        """Whether this hub was made by `hub demo`; the address is plain http on loopback."""
        return self.environment == "demo"

    @property
    def basemap_file(self) -> Path | None:
        """The local file that holds the background map, if that is where it is."""
        return Path(self.basemap) if self.basemap.endswith(".pmtiles") else None

    @property
    def basemap_origin(self) -> str:
        """The one other place that pages may fetch pictures from; blank unless a background map is served there."""
        if not self.basemap or self.basemap_file:
            return ""
        scheme, _, rest = self.basemap.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"

    @property
    def heads_folder(self) -> Path | None:
        """Where the head of the audit record is kept away from the database, if anywhere."""
        return Path(self.audit_heads) if self.audit_heads else None

    @property
    def migration_url(self) -> str:
        """Where migrations connect: the owner of the tables, which on PostgreSQL is not the web role."""
        return self.owner_database_url or self.database_url


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `HUB_…` from the environment and refuse what would be unsafe to run; what is empty counts as not set.

    Raises
    ------
    SettingsError
        Naming the variable, what is wrong with it and the cure.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for setting in fields(Settings):
        name = f"HUB_{setting.name.upper()}"
        if raw := environ.get(name, "").strip():
            values[setting.name] = _value(name, raw, setting.default)
    settings = Settings(**values)  # type: ignore[arg-type]
    _check(settings)
    return settings


def _value(name: str, raw: str, default: object) -> object:
    if isinstance(default, bool):
        if raw.lower() not in {"0", "1", "true", "false", "yes", "no"}:
            raise SettingsError(f"{name} is '{raw}'.", remedy="Use 1 or 0.")
        return raw.lower() in {"1", "true", "yes"}
    if isinstance(default, int):
        if not raw.isdecimal():
            raise SettingsError(f"{name} is '{raw}'.", remedy="Use a whole number.")
        return int(raw)
    if isinstance(default, tuple):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if isinstance(default, Path):
        return Path(raw)
    return raw


def _check(settings: Settings) -> None:
    if settings.environment not in {"production", "demo", "test"}:
        raise SettingsError(
            f"HUB_ENVIRONMENT is '{settings.environment}'.", remedy="Use production (the default), demo or test."
        )
    if settings.second_factor not in {"required", "offered"}:
        raise SettingsError(
            f"HUB_SECOND_FACTOR is '{settings.second_factor}'.", remedy="Use required (the default) or offered."
        )
    if not settings.hosts:
        raise SettingsError("HUB_HOSTS names no host.", remedy="Name those in the hub's address, with commas between.")
    for name in ("max_upload_megabytes", "max_upload_rows", "keep_months"):
        if getattr(settings, name) < 1:
            raise SettingsError(f"HUB_{name.upper()} is 0.", remedy="Use 1 or more.")
    _check_basemap(settings)
    _check_mail(settings)
    _check_single_sign_on(settings)
    if not settings.is_production:
        return
    if settings.secret_key == DEMO_SECRET_KEY or len(settings.secret_key) < SHORTEST_SECRET_KEY:
        raise SettingsError(
            "HUB_SECRET_KEY is missing, too short or the demo's own.",
            remedy=f"Set it to at least {SHORTEST_SECRET_KEY} random characters, for example the output of: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    if settings.second_factor != "required":
        raise SettingsError(
            "HUB_SECOND_FACTOR is not 'required' in production.", remedy="Unset it: real data asks for a second step."
        )
    if settings.debug:
        raise SettingsError("HUB_DEBUG is on in production.", remedy="Unset HUB_DEBUG.")


def _check_basemap(settings: Settings) -> None:
    """Refuse an address that no tile could come from, or that would say more in the page's policy than where from."""
    if not settings.basemap:
        return
    if not settings.basemap_attribution:
        raise SettingsError(
            "HUB_BASEMAP is set without HUB_BASEMAP_ATTRIBUTION.",
            remedy="Set it to the words that whoever made the map asks for, such as '© OpenStreetMap contributors'.",
        )
    if settings.basemap_file:
        return
    is_whole = (
        all(settings.basemap.count(part) == 1 for part in ("{z}", "{x}", "{y}")) and "{s}" not in settings.basemap
    )
    is_safe = settings.basemap.startswith("https://") or not settings.is_production
    if not (is_whole and is_safe and _TILE_ADDRESS.fullmatch(settings.basemap)):
        raise SettingsError(
            f"HUB_BASEMAP is '{settings.basemap}'.",
            remedy="Use the path of a .pmtiles file, or an address such as https://tiles.example.org/{z}/{x}/{y}.png.",
        )


def _check_mail(settings: Settings) -> None:
    """Refuse a mail server without what every letter needs: who it is from, and where its link leads."""
    if settings.address:
        _check_address(settings, "HUB_ADDRESS", settings.address)
    if not settings.smtp:
        return
    server = urlsplit(settings.smtp)
    if server.scheme not in {"smtp", "smtps"} or not server.hostname or server.path.strip("/") or server.query:
        # It may hold a password: it is not repeated.
        raise SettingsError(
            "HUB_SMTP is not the address of a mail server.",
            remedy="Use smtp://user:password@host:port or smtps://user:password@host:port.",
        )
    if not re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", settings.mail_from):
        raise SettingsError(
            "HUB_SMTP is set without HUB_MAIL_FROM.", remedy="Set it to the e-mail address that the hub writes from."
        )
    if not settings.address:
        raise SettingsError(
            "HUB_SMTP is set without HUB_ADDRESS.",
            remedy="Set it to the hub's own address, such as https://hub.example, for the links in letters.",
        )


def _check_single_sign_on(settings: Settings) -> None:
    """Refuse an issuer that anybody on the way could speak for, or without what the hub is known to it by."""
    if not settings.oidc_issuer:
        return
    _check_address(settings, "HUB_OIDC_ISSUER", settings.oidc_issuer)
    for name in ("oidc_client_id", "oidc_client_secret", "address"):
        if not getattr(settings, name):
            raise SettingsError(
                f"HUB_OIDC_ISSUER is set without HUB_{name.upper()}.",
                remedy="Set it to the hub's own address, such as https://hub.example."
                if name == "address"
                else "Set it to what the issuer gave the hub.",
            )


def _check_address(settings: Settings, name: str, value: str) -> None:
    address = urlsplit(value)
    is_safe = address.scheme == "https" or (address.scheme == "http" and not settings.is_production)
    if not (is_safe and address.hostname) or address.username or address.query or address.fragment:
        raise SettingsError(f"{name} is '{value}'.", remedy="Use an address such as https://hub.example.")


def is_loopback(host: str) -> bool:
    """Whether a host's name or number is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
