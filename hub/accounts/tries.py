"""Slowing down whoever guesses at passwords and codes, without keeping anybody out.

Tries are kept by keyed hash of account and of address: never who it was, or from where.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, or_, select

from hub import db
from hub.accounts.models import SignInFailure
from hub.db import HubSession
from hub.errors import TooMany
from hub.words import plural

REMEMBERED = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Track:
    """Tries of one kind: how many are free in an hour, and how long the wait may grow once they are used up."""

    key: str
    free: int
    longest_wait: dt.timedelta

    def next_try(self, failures: Sequence[dt.datetime]) -> dt.datetime | None:
        """When the next try may come; each one past the free ones doubles the wait."""
        over = len(failures) - self.free
        if over < 0:
            return None
        return max(failures) + min(self.longest_wait, dt.timedelta(seconds=2 ** min(over, 20)))


@dataclass(frozen=True)
class Tries:
    """The three ways in which a try is counted.

    Somebody guessing at an account from one place is soon slowed there. The account itself is never slowed by more
    than a minute, wherever the guesses come from, so that nobody can keep its owner out.
    """

    account_from_address: Track
    account: Track
    address: Track
    aim: str
    """What is tried, in words."""

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All three."""
        return self.account_from_address, self.account, self.address


def of(session: HubSession, email: str, address: str, *, aim: str = "sign in") -> Tries:
    """The tracks of tries for an account, whether or not it exists, from an address; other aims count apart."""
    secret: bytes = session.info["audit_key"]

    def key(*parts: str) -> str:
        return hmac.new(secret, "\n".join((aim.replace(" ", "-"), *parts)).encode(), hashlib.sha256).hexdigest()[:32]

    return Tries(
        account_from_address=Track(key("pair", email, address), free=5, longest_wait=dt.timedelta(minutes=15)),
        account=Track(key("account", email), free=20, longest_wait=dt.timedelta(minutes=1)),
        address=Track(key("address", address), free=30, longest_wait=dt.timedelta(minutes=5)),
        aim=aim,
    )


def count(session: HubSession, tries: Tries, moment: dt.datetime) -> None:
    """Count a try as failed until it proves otherwise, or refuse it; a try that is refused does not count."""
    db.lock(session, "sign-in")
    session.execute(delete(SignInFailure).where(SignInFailure.at < moment - REMEMBERED))
    failures: dict[str, list[dt.datetime]] = {track.key: [] for track in tries.tracks}
    for key, at in session.execute(select(SignInFailure.key, SignInFailure.at).where(SignInFailure.key.in_(failures))):
        failures[key].append(at)
    waits = [allowed - moment for track in tries.tracks if (allowed := track.next_try(failures[track.key]))]
    longest = max(waits, default=dt.timedelta())
    if longest > dt.timedelta():
        remedy = f"Wait {_in_words(longest)}, then try again."
        raise TooMany(f"There were too many tries to {tries.aim}.", remedy=remedy)
    session.add_all(SignInFailure(key=track.key, at=moment) for track in tries.tracks)


def forgive(session: HubSession, tries: Tries, moment: dt.datetime, *, account: bool = True) -> None:
    """Forget the failures of an account that was signed in to; of its address only this try, which did not fail."""
    of_account = SignInFailure.key.in_([tries.account_from_address.key, tries.account.key] if account else [])
    this_try = (SignInFailure.key == tries.address.key) & (SignInFailure.at == moment)
    session.execute(delete(SignInFailure).where(or_(of_account, this_try)))


def _in_words(wait: dt.timedelta) -> str:
    seconds = max(1, round(wait.total_seconds()))
    return plural(seconds, "second") if seconds < 60 else plural(-(-seconds // 60), "minute")
