"""A security key made of nothing but a private key: it signs as a real one does, and miscounts when told to."""

from __future__ import annotations

import hashlib
import json
import secrets

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

from hub.accounts.keys import Site

PRESENT, HAS_KEY = 0x01, 0x40


class SoftKey:
    """One key, for one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.id = secrets.token_bytes(16)
        self.count = 0
        self._private = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> bytes:
        """As WebAuthn writes it."""
        numbers = self._private.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def make(self, challenge: bytes) -> str:
        """Answer to being asked for a new key."""
        held = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + self.public_key
        attested = {"fmt": "none", "attStmt": {}, "authData": self._state(PRESENT | HAS_KEY) + held}
        return self._answer("create", challenge, {"attestationObject": cbor2.dumps(attested)})

    def sign(self, challenge: bytes, *, origin: str | None = None) -> str:
        """Answer to being asked to sign; `origin` is that of a page that pretends."""
        self.count += 1
        state, said = self._state(PRESENT), self._said("get", challenge, origin)
        signature = self._private.sign(state + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._answer("get", challenge, {"authenticatorData": state, "signature": signature}, origin)

    def _state(self, flags: int) -> bytes:
        return hashlib.sha256(self.site.name.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _said(self, kind: str, challenge: bytes, origin: str | None) -> bytes:
        said = {"type": f"webauthn.{kind}", "challenge": bytes_to_base64url(challenge)}
        return json.dumps({**said, "origin": origin or self.site.origin}).encode()

    def _answer(self, kind: str, challenge: bytes, signed: dict[str, bytes], origin: str | None = None) -> str:
        signed["clientDataJSON"] = self._said(kind, challenge, origin)
        written = {name: bytes_to_base64url(value) for name, value in signed.items()}
        name = bytes_to_base64url(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": written})
