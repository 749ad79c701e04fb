"""Security keys: what a browser is asked, and whether what came back was signed by the key. Pure: knows no database."""

from __future__ import annotations

import binascii
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Site:
    """Where the hub is served, as a browser sees it: a key answers to one name, and says for which page it signed."""

    name: str
    origin: str

    @property
    def has_keys(self) -> bool:
        """Whether keys can be used here: they know sites by name, and not by number."""
        try:
            ipaddress.ip_address(self.name.strip("[]"))
        except ValueError:
            return True
        return False


@dataclass(frozen=True)
class Owner:
    """Whom a new key is for."""

    id: UUID
    email: str
    name: str


@dataclass(frozen=True)
class Made:
    """A new key, as it is kept."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def ask_new(site: Site, owner: Owner, held: Sequence[bytes]) -> tuple[str, bytes]:
    """What a browser is told to make a new key, as JSON, and the challenge in it; none of those held already."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    asked = generate_registration_options(
        rp_id=site.name,
        rp_name="Community safety hub",
        user_id=owner.id.bytes,
        user_name=owner.email,
        user_display_name=owner.name,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in held],
    )
    return options_to_json(asked), asked.challenge


def made(answer: str, challenge: bytes, site: Site) -> Made | None:
    """The key that a browser made when it was asked; None unless it signed that challenge, for this site."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verified = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
        )
    except (WebAuthnException, ValueError):
        return None
    return Made(verified.credential_id, verified.credential_public_key, verified.sign_count)


def ask(site: Site, held: Sequence[bytes]) -> tuple[str, bytes]:
    """What a browser is told to have a key sign, as JSON, and the challenge in it."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    asked = generate_authentication_options(
        rp_id=site.name, allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in held]
    )
    return options_to_json(asked), asked.challenge


def credential_id_of(answer: str) -> bytes:
    """Which key an answer says it is of; empty where it says nothing that can be read."""
    from webauthn.helpers import base64url_to_bytes

    try:
        return base64url_to_bytes(str(json.loads(answer)["id"]))
    except (ValueError, KeyError, TypeError, binascii.Error):
        return b""


def count_of(answer: str, challenge: bytes, site: Site, public_key: bytes, count: int) -> int | None:
    """How often a key has now signed; None unless it signed that challenge, for this site, and has counted on."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=count,
        )
    except (WebAuthnException, ValueError):
        return None
    return verified.new_sign_count
