"""The OpenID Connect protocol: asking an issuer who somebody is, and believing only what it signed for us.

Authorisation code flow with PKCE, state and nonce. Nothing but the configured issuer's own origin is ever fetched.
"""

from __future__ import annotations

import hmac
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import urlsplit

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from joserfc.jws import JWSRegistry
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from hub.config import Settings
from hub.errors import NotSignedIn, Unavailable

ANSWER_PATH = "/sign-in/organisation/answer"
SECONDS_TO_ANSWER = 10
SECONDS_TO_SIGN_IN = 600
SECONDS_OF_SKEW = 60
MOST_GROUPS = 1000
LONGEST_SUBJECT = 255
SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Signatures by the issuer's own key: never by our shared secret, and never none."""

_KNOWN, _HELD = {"pwd", "pin", "kba"}, {"otp", "hwk", "swk", "sc", "fpt", "face", "iris", "vbm"}
_MULTI_FACTOR_CLASSES = {
    "https://refeds.org/profile/mfa",
    "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
}


@dataclass(frozen=True)
class Asked:
    """What is asked of the issuer, kept by the browser that asks until the answer comes."""

    address: str
    """Where the browser is to go."""
    kept: Mapping[str, Any]


@dataclass(frozen=True)
class Claims:
    """What the issuer says of somebody who signed in there."""

    issuer: str
    subject: str
    email: str
    """Blank unless the issuer says that it is theirs."""
    name: str
    groups: frozenset[str]
    is_multi_factor: bool


def ask(settings: Settings) -> Asked:
    """Begin a sign-in at the issuer.

    Raises
    ------
    Unavailable
        If the issuer does not answer, or not as an issuer does.
    """
    with _session(settings) as session:
        found = _metadata(settings, session)
        supported = set(found.get("scopes_supported") or ())
        scopes = ["openid", "email", "profile", *({settings.oidc_groups} & supported)]
        kept = {name: generate_token(48) for name in ("state", "nonce", "verifier")}
        address, _ = session.create_authorization_url(
            found["authorization_endpoint"],
            state=kept["state"],
            nonce=kept["nonce"],
            code_verifier=kept["verifier"],
            scope=" ".join(scopes),
        )
    return Asked(address, {**kept, "asked_at": int(time.time())})


def answered(settings: Settings, kept: Mapping[str, Any], answer: Mapping[str, str]) -> Claims:
    """Read the answer that a browser brings back, and have the issuer say who it is.

    Raises
    ------
    NotSignedIn
        If the answer is not to what this browser asked, or the issuer signed nobody in.
    Unavailable
        If the issuer does not answer, or not as an issuer does.
    """
    is_ours = kept and hmac.compare_digest(str(kept["state"]), answer.get("state", ""))
    if not is_ours or kept["asked_at"] < time.time() - SECONDS_TO_SIGN_IN:
        raise NotSignedIn("This sign-in was not begun in this browser, or too long ago.", remedy="Begin it again.")
    if answer.get("iss", settings.oidc_issuer).rstrip("/") != settings.oidc_issuer.rstrip("/"):
        raise _refused()
    if "error" in answer or not answer.get("code"):
        raise NotSignedIn("Your organisation did not sign you in.", remedy="Try again, or sign in with a password.")
    with _session(settings) as session:
        found = _metadata(settings, session)
        token = session.fetch_token(found["token_endpoint"], code=answer["code"], code_verifier=kept["verifier"])
        said = _identity(settings, session, found, token, str(kept["nonce"]))
        return _claims(settings, {**_more(session, found, said), **said})


# --- What the issuer signed ------------------------------------------------------------------------------------------


def _identity(
    settings: Settings, session: OAuth2Session, found: Mapping[str, Any], token: Mapping[str, Any], nonce: str
) -> dict[str, Any]:
    """Read the identity token, and believe it only where all of it is right."""
    keys = KeySet.import_key_set(cast(KeySetSerialization, _json(session.get(found["jwks_uri"], withhold_token=True))))
    signed = jwt.decode(
        str(token.get("id_token", "")), keys, registry=JWSRegistry(algorithms=SIGNED_BY, strict_check_header=False)
    )
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        {
            "iss": {"essential": True, "value": found["issuer"]},
            "aud": {"essential": True, "value": settings.oidc_client_id},
            "sub": {"essential": True},
        },
        {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": token.get("access_token")},
    )
    claims.validate(leeway=SECONDS_OF_SKEW)
    return dict(claims)


def _more(session: OAuth2Session, found: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for what the identity token leaves out, where the issuer itself is to be asked for it."""
    address = found.get("userinfo_endpoint")
    if not address or _origin(address) != _origin(found["issuer"]):
        return {}
    more = _json(session.get(address))
    if more.get("sub") != said["sub"]:
        raise _refused()
    return more


def _claims(settings: Settings, said: Mapping[str, Any]) -> Claims:
    if not 1 <= len(str(said["sub"])) <= LONGEST_SUBJECT:
        raise _refused()
    groups = said.get(settings.oidc_groups) or []
    is_verified = said.get("email_verified") in {True, "true"}
    return Claims(
        issuer=str(said["iss"]),
        subject=str(said["sub"]),
        email=str(said.get("email") or "") if is_verified else "",
        name=str(said.get("name") or said.get("preferred_username") or ""),
        groups=frozenset(map(str, ([groups] if isinstance(groups, str) else groups)[:MOST_GROUPS])),
        is_multi_factor=_is_multi_factor(said),
    )


def _is_multi_factor(said: Mapping[str, Any]) -> bool:
    """Whether the issuer says that two factors were shown (RFC 8176); a text message does not count as one."""
    methods = set(said.get("amr") or ())
    return "mfa" in methods or bool(methods & _KNOWN and methods & _HELD) or said.get("acr") in _MULTI_FACTOR_CLASSES


# --- Talking to the issuer, and to nobody else -----------------------------------------------------------------------


class _OnlyTheIssuer(HTTPAdapter):
    """Sends requests to one origin, follows no redirection, and in production reaches no private address."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._origin, self._is_production = _origin(settings.oidc_issuer), settings.is_production

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """Send, or refuse."""
        address = request.url or ""
        if _origin(address) != self._origin or (self._is_production and not _is_public(address)):
            raise RequestException("Not the issuer's address.")
        response = super().send(request, *args, **{**options, "timeout": SECONDS_TO_ANSWER})
        if 300 <= response.status_code < 400:
            raise RequestException("The issuer redirected.")
        return response


@contextmanager
def _session(settings: Settings) -> Iterator[OAuth2Session]:
    """Open a session with the issuer; whatever goes wrong in it is told without the issuer's own words."""
    session = OAuth2Session(
        settings.oidc_client_id,
        settings.oidc_client_secret,
        redirect_uri=f"{settings.public_address}{ANSWER_PATH}",
        code_challenge_method="S256",
    )
    session.trust_env = False  # Neither a proxy nor a password from files that somebody else wrote.
    for scheme in ("https://", "http://"):
        session.mount(scheme, _OnlyTheIssuer(settings))
    try:
        with session:
            yield session
    except RequestException as error:
        raise Unavailable(
            "Your organisation's sign-in does not answer just now.", remedy="Try again in a minute."
        ) from error
    except (OAuthError, JoseError, KeyError, TypeError, ValueError) as error:
        raise _refused() from error


def _metadata(settings: Settings, session: OAuth2Session) -> dict[str, Any]:
    """Read what the issuer publishes of itself."""
    issuer = settings.oidc_issuer.rstrip("/")
    found = _json(session.get(f"{issuer}/.well-known/openid-configuration", withhold_token=True))
    if str(found["issuer"]).rstrip("/") != issuer:
        raise _refused()
    methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" not in methods and "client_secret_post" in methods:
        session.token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - a method's name
    return found


def _json(response: Response) -> dict[str, Any]:
    response.raise_for_status()
    return cast(dict[str, Any], response.json())


def _refused() -> NotSignedIn:
    return NotSignedIn(
        "What your organisation's sign-in said could not be checked, so you are not signed in.",
        remedy="Begin again. If it happens again, tell whoever looks after the hub.",
    )


def _origin(address: str) -> tuple[str, str, int]:
    parts = urlsplit(address)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def _is_public(address: str) -> bool:
    """Whether a host has public addresses alone."""
    scheme, host, port = _origin(address)
    try:
        found = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)
    except OSError:
        return False
    return scheme == "https" and all(ip_address(each[4][0]).is_global for each in found)
