"""What makes a password acceptable, and how it is kept."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from hub.accounts import passwords
from hub.errors import BadRequest

CONTEXT = ("jo.okafor@alder.gov.uk", "Jo Okafor-Lindqvist")


@pytest.mark.parametrize(
    "password",
    [
        "tea ladder violin fog",
        "xkR9#mmVq2pL",
        "to be or not to be",
        "purple monkey coffee tiger",
        "пароль из слов",
        "ночь улица фонарь",
        "  spaces at both ends  ",
        "a" + "bcdefg" * 21 + "!",
    ],
)
def test_any_long_enough_password_will_do_whatever_it_is_made_of(password: str) -> None:
    passwords.refuse_weak(password, CONTEXT)


@pytest.mark.parametrize(
    "password",
    [
        "Password2024!",
        "P4$$w0rd!2023",
        "aaaaaaaaaaaaa",
        "123456789012",
        "qwertyuiop12",
        "letmein12345!",
        "abcdefghijklm",
        "correcthorsebatterystaple",
        "Summer2025London!",
        "Met Police London 2025",
        "community-safety-hub",
        "Okafor-Lindqvist1",
        "jo.okafor@alder",
        "0k@f0r 2026 !!",
        "AlderAlderAlder99",
    ],
)
def test_what_a_guesser_tries_first_is_refused(password: str) -> None:
    with pytest.raises(BadRequest, match="too easy to guess"):
        passwords.refuse_weak(password, CONTEXT)


def test_a_password_has_12_to_128_characters() -> None:
    sound = ("mq7RtZ-" * 19)[:128]
    passwords.refuse_weak(sound[:12])
    passwords.refuse_weak(sound)
    with pytest.raises(BadRequest, match="has 11 characters and needs at least 12"):
        passwords.refuse_weak(sound[:11])
    with pytest.raises(BadRequest, match="has 129 characters"):
        passwords.refuse_weak(sound + "k")


def test_a_password_matches_however_a_keyboard_composed_it() -> None:
    composed = unicodedata.normalize("NFC", "café noël señor")
    stored = passwords.hashed(composed)
    assert passwords.matches(unicodedata.normalize("NFD", composed), stored)
    assert not passwords.matches(composed.upper(), stored)
    assert not passwords.matches("", stored)
    assert not passwords.matches(composed, "not a hash")
    assert composed not in stored
    assert stored != passwords.hashed(composed)


def test_a_megabyte_is_not_hashed() -> None:
    longest = ("mq7RtZ-" * 19)[:128]
    stored = passwords.hashed(longest)
    assert passwords.matches(longest, stored)
    assert not passwords.matches(longest + "x" * 1_000_000, stored)


def test_where_no_password_is_kept_the_work_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = passwords.hashed("tea ladder violin fog")
    worked: list[str] = []

    class Counting(PasswordHasher):
        """Notes each time Argon2 runs."""

        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            worked.append("argon2")
            return super().hash(password, salt=salt)

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002
            worked.append("argon2")
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Counting(time_cost=1, memory_cost=8, parallelism=1))
    assert not passwords.matches("wrong", stored)
    assert not passwords.matches("wrong", None)
    assert worked == ["argon2"] * 2


def test_passwords_are_kept_as_argon2id_by_rfc_9106() -> None:
    # In a process of its own: in this one, tests hash with as little work as Argon2 allows.
    ask = "from hub.accounts import passwords; print(passwords.hashed('tea ladder violin fog'))"
    stored = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    kept = extract_parameters(stored)
    assert (kept.type, kept.memory_cost, kept.time_cost, kept.parallelism) == (Type.ID, 65_536, 3, 4)
    assert passwords.is_outdated(stored)
    assert not passwords.is_outdated(passwords.hashed("tea ladder violin fog"))
