"""Codes of the second step: an app's six figures and recovery codes, and how each is kept. Pure: knows no database.

Never keeps an app's secret or a recovery code as it is.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken

HOW_MANY = 10
STEP_SECONDS = 30
STEPS_ASTRAY = 1
"""How many half minutes a telephone's clock may be ahead or behind."""
SECONDS_TO_SET_UP = 1800
_PLAIN = "23456789abcdefghjkmnpqrstvwxyz"
"""What nobody takes for another: thirty signs, so that twelve of them are 59 bits."""


@dataclass(frozen=True)
class NewApp:
    """What an app is told once, as a picture and to type, and the same sealed for the form that answers."""

    picture: str
    """The address of a QR code, which is the whole of it: nothing is fetched."""
    typed: str
    sealed: str


def new_app(key: bytes, person_id: UUID, email: str, secret: str) -> NewApp:
    """Show a secret as apps read it."""
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Community safety hub")
    picture = segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=4)
    typed = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return NewApp(picture, typed, seal(key, person_id, secret))


def new_secret() -> str:
    """A secret for an app and the hub to share, of 160 bits."""
    return pyotp.random_base32()


def seal(key: bytes, person_id: UUID, secret: str) -> str:
    """Encrypt an app's secret for one person."""
    return _box(key).encrypt(f"{person_id}:{secret}".encode()).decode()


def unseal(key: bytes, person_id: UUID, sealed: str, *, within_seconds: int | None = None) -> str | None:
    """Read a secret again; None where it was made for another person, with another key, or too long ago."""
    try:
        owner, _, secret = _box(key).decrypt(sealed.encode(), ttl=within_seconds).decode().partition(":")
    except InvalidToken:
        return None
    return secret if owner == str(person_id) else None


def step_of(secret: str, code: str, moment: dt.datetime, *, after: int) -> int | None:
    """The half minute that a code is of; None unless it is about now, and later than the newest that was taken."""
    now = int(moment.timestamp()) // STEP_SECONDS
    app = pyotp.TOTP(secret)
    near = range(max(after + 1, now - STEPS_ASTRAY), now + STEPS_ASTRAY + 1)
    return next((step for step in near if hmac.compare_digest(app.generate_otp(step), code)), None)


def recovery_codes() -> list[str]:
    """Make ten codes, each to be used once, written so that they are read off paper without mistakes."""
    return ["-".join("".join(secrets.choice(_PLAIN) for _ in range(4)) for _ in range(3)) for _ in range(HOW_MANY)]


def tidied(code: str) -> str:
    """A code without the spaces and hyphens that people write in it, and that apps show."""
    return "".join(sign for sign in code.lower() if sign.isascii() and sign.isalnum())


def hash_of(key: bytes, person_id: UUID, code: str) -> str:
    """What is kept of a recovery code."""
    return hmac.new(key, f"recovery:{person_id}:{tidied(code)}".encode(), hashlib.sha256).hexdigest()


def _box(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))
