"""Single sign-on, against a real OpenID Connect provider on loopback: who is let in, and what is not believed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from canaille import create_app as create_issuer
from canaille.backends import Backend
from canaille.oidc import provider
from flask import redirect
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pytest_iam import Server
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from hub import create_app
from hub.access import Role
from hub.accounts import groups, memberships, openid, service, single_sign_on
from hub.accounts.models import Membership, Person, SingleSignOnIdentity
from hub.accounts.openid import Claims
from hub.accounts.service import HalfWay
from hub.config import Settings
from hub.db import Database
from hub.errors import NotFound, NotSignedIn, Unavailable
from tests.conftest import HOME, SIBLING

SECRET = "a secret between the hub and the issuer"
ANALYSTS, OFFICERS = "Birch analysts", "Alder officers"


@pytest.fixture(scope="module")
def issuer(iam_configuration: dict[str, Any], iam_server_port: int) -> Iterator[Server]:
    """An organisation's provider, which knows the hub as a client."""
    app = create_issuer(config=iam_configuration, env_file=".none", env_prefix="NONE_")
    app.add_url_rule("/moved", "moved", lambda: redirect("http://localhost:1/"))
    server = Server(app, iam_server_port, Backend.instance)
    thread = threading.Thread(target=server.httpd.serve_forever)
    thread.start()
    with app.app_context():
        client = server.models.Client(
            client_id="hub",
            client_secret=SECRET,
            client_name="Hub",
            contacts=["hub@hub.example"],
            client_uri="http://localhost",
            redirect_uris=[f"http://localhost{openid.ANSWER_PATH}"],
            grant_types=["authorization_code"],
            response_types=["code"],
            token_endpoint_auth_method="client_secret_basic",
            scope=["openid", "profile", "email", "groups"],
        )
        server.backend.save(client)
        client.audience = [client]
        server.backend.save(client)
    with pytest.MonkeyPatch.context() as patch:
        # This provider sends an address only once it is confirmed, and has no claim to say so.
        said = provider.generate_user_claims
        patch.setattr(provider, "generate_user_claims", lambda user: {**said(user), "email_verified": True})
        yield server
    server.httpd.shutdown()
    thread.join()


@pytest.fixture
def with_issuer(settings: Settings, issuer: Server) -> Settings:
    """Settings of a hub to which that provider is known."""
    return replace(
        settings,
        address="http://localhost",
        oidc_issuer=issuer.url.rstrip("/"),
        oidc_client_id="hub",
        oidc_client_secret=SECRET,
    )


class Browser:
    """A browser that goes from the hub to the provider, is signed in there, and comes back."""

    def __init__(self, settings: Settings, issuer: Server) -> None:
        self.hub: FlaskClient = create_app(settings).test_client()
        self.issuer = issuer

    def ask(self, next_page: str = "") -> dict[str, list[str]]:
        """Begin at the hub; gives what it asks of the provider."""
        gone = self.hub.get("/sign-in/organisation", query_string={"next": next_page})
        assert gone.status_code == 302, gone.get_data(as_text=True)
        self.address = gone.headers["Location"]
        return parse_qs(urlsplit(self.address).query)

    def answer(self, user: object) -> dict[str, str]:
        """Be signed in at the provider; gives what it sends back with."""
        self.issuer.login(user)
        self.issuer.consent(user)
        back = self.issuer.test_client.get(self.address)
        assert back.status_code == 302, back.get_data(as_text=True)
        return {name: values[0] for name, values in parse_qs(urlsplit(back.headers["Location"]).query).items()}

    def come_back(self, answer: dict[str, str]) -> TestResponse:
        """Bring the provider's answer to the hub."""
        return self.hub.get(openid.ANSWER_PATH, query_string=answer)

    def sign_in(self, user: object, next_page: str = "") -> TestResponse:
        """All of it."""
        self.ask(next_page)
        return self.come_back(self.answer(user))


def somebody(issuer: Server, email: str, *, group: str = "") -> object:
    """Somebody whom the provider knows, in a group of theirs."""
    user = issuer.random_user(emails=[email], formatted_name="Jo Okafor")
    if group:
        issuer.random_group(display_name=group, members=[user])
    return user


def held(database: Database, email: str) -> list[tuple[str, str | None, str | None, bool]]:
    """What somebody holds today: role, borough, group it came from, and whether it has a last day."""
    today = memberships.today()
    with database.reading() as session:
        found = session.scalars(
            select(Membership)
            .join(Person)
            .where(Person.email == email, func.coalesce(Membership.ends_on, today) >= today)
            .order_by(Membership.id)
        )
        return [(one.role.value, one.borough_code, one.from_group, one.ends_on is not None) for one in found]


def rule(database: Database, people_: dict[Role, str], group: str, role: Role, place: str) -> None:
    with database.writing() as session:
        groups.add(service.viewer_by_email(session, people_[Role.ADMINISTRATOR]), group, role, place)


# --- Through the pages -----------------------------------------------------------------------------------------------


def test_somebody_with_an_account_is_let_in_by_their_organisation_and_known_again(
    database: Database, people: dict[Role, str], with_issuer: Settings, issuer: Server
) -> None:
    email = people[Role.CSP_OFFICER]
    user = somebody(issuer, email)
    browser = Browser(with_issuer, issuer)
    assert with_issuer.oidc_name.replace("'", "&#39;") in browser.hub.get("/sign-in").get_data(as_text=True)
    asked = browser.ask(next_page="/uploads/")
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    answer = browser.answer(user)
    back = browser.come_back(answer)
    assert (back.status_code, back.headers["Location"]) == (302, "/uploads/")
    # The provider asked for one factor: with the hub's own one required, the browser is half way.
    assert browser.hub.get("/uploads/").status_code == (200 if with_issuer.second_factor == "offered" else 302)
    assert browser.come_back(answer).status_code == 401, "an answer is good once"
    with database.reading() as session:
        [identity] = session.scalars(select(SingleSignOnIdentity))
        assert identity.issuer == with_issuer.oidc_issuer
    assert Browser(with_issuer, issuer).sign_in(user).status_code == 302
    with database.writing() as session:  # the identity outlives the address
        session.scalars(select(Person).where(Person.email == email)).one().email = "moved@test.example"
    assert Browser(with_issuer, issuer).sign_in(user).status_code == 302


def test_a_stranger_is_refused_unless_a_group_gives_a_role_which_ends_with_the_group(
    database: Database, people: dict[Role, str], with_issuer: Settings, issuer: Server
) -> None:
    email = f"jo.{time.monotonic_ns()}@test.example"
    group = f"{ANALYSTS} {time.monotonic_ns()}"
    user = somebody(issuer, email, group=group)
    refused = Browser(with_issuer, issuer).sign_in(user)
    assert refused.status_code == 401
    assert "invite you" in refused.get_data(as_text=True)
    assert held(database, email) == []
    rule(database, people, group, Role.CSP_ANALYST, SIBLING)
    assert Browser(with_issuer, issuer).sign_in(user).status_code == 302
    assert held(database, email) == [("csp_analyst", SIBLING, group, True)]
    with issuer.app.app_context():
        for one in issuer.backend.query(issuer.models.Group):
            if one.display_name == group:
                issuer.backend.delete(one)
    assert Browser(with_issuer, issuer).sign_in(user).status_code == 302
    assert held(database, email) == [], "the role outlived the group"


def test_no_answer_is_taken_that_this_browser_did_not_ask_for(
    people: dict[Role, str], with_issuer: Settings, issuer: Server
) -> None:
    user = somebody(issuer, people[Role.CSP_OFFICER])
    browser = Browser(with_issuer, issuer)
    browser.ask()
    answer = browser.answer(user)
    for wrong in (
        {**answer, "state": "x" + answer["state"]},
        {"code": answer["code"]},
        {"state": answer["state"], "error": "access_denied"},
        {**answer, "iss": "https://evil.example"},
    ):
        browser.ask()
        browser.answer(user)
        assert browser.come_back(wrong).status_code == 401, wrong
    assert Browser(with_issuer, issuer).come_back(answer).status_code == 401, "another browser"
    browser.ask()
    with browser.hub.session_transaction() as kept:
        kept["openid"] = {**kept["openid"], "nonce": "another"}
    assert browser.come_back(browser.answer(user)).status_code == 401, "another nonce"
    browser.ask()
    with browser.hub.session_transaction() as kept:
        kept["openid"] = {**kept["openid"], "verifier": "v" * 48}
    assert browser.come_back(browser.answer(user)).status_code == 401, "another verifier"


# --- What the issuer must have signed --------------------------------------------------------------------------------

NONCE = "n" * 20


def claims_of(issuer: str, **changes: object) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": issuer, "sub": "1", "aud": "hub", "exp": now + 300, "iat": now, "nonce": NONCE}
    return {name: value for name, value in (claims | changes).items() if value is not None}


WRONG: dict[str, dict[str, object]] = {
    "another audience": {"aud": "another"},
    "a further audience, and ours not the authorised": {"aud": ["hub", "another"], "azp": "another"},
    "another issuer": {"iss": "https://evil.example"},
    "expired": {"exp": int(time.time()) - 3600},
    "from the future": {"iat": int(time.time()) + 3600},
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "no end": {"exp": None},
    "a subject too long to keep": {"sub": "x" * 300},
}


@pytest.fixture
def answered(issuer: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Claims]:
    """Have the hub read an identity token as if the provider had given it, whose keys and addresses are real."""
    settings = Settings(
        environment="test",
        address="http://localhost",
        oidc_issuer=issuer.url.rstrip("/"),
        oidc_client_id="hub",
        oidc_client_secret=SECRET,
    )
    kept = {"state": "s", "nonce": NONCE, "verifier": "v", "asked_at": int(time.time())}

    def answer(id_token: str) -> Claims:
        monkeypatch.setattr(openid.OAuth2Session, "fetch_token", lambda *_, **__: {"id_token": id_token})
        monkeypatch.setattr(openid, "_more", lambda *_: {})
        return openid.answered(settings, kept, {"state": "s", "code": "c"})

    return answer


def test_an_identity_token_is_believed_only_where_all_of_it_is_right(
    issuer: Server, iam_configuration: dict[str, Any], answered: Callable[[str], Claims]
) -> None:
    url = issuer.url.rstrip("/")
    key = RSAKey.import_key(iam_configuration["CANAILLE_OIDC"]["ACTIVE_JWKS"][0])

    def signed(with_key: RSAKey | OctKey = key, algorithm: str = "RS256", **changes: object) -> str:
        header = {"alg": algorithm, "kid": key.kid}
        return jwt.encode(header, claims_of(url, **changes), with_key, algorithms=[algorithm])

    believed = answered(signed(email="jo@council.example", email_verified=True, amr=["pwd", "otp"], groups=["a", "b"]))
    assert believed == Claims(url, "1", "jo@council.example", "", frozenset({"a", "b"}), is_multi_factor=True)
    assert answered(signed(email="jo@council.example")).email == "", "an address that the issuer does not vouch for"
    tokens = {name: signed(**changes) for name, changes in WRONG.items()} | {
        "another's key": signed(RSAKey.generate_key(2048)),
        "our shared secret": signed(OctKey.import_key(SECRET.encode()), "HS256"),
        "no signature": signed().rpartition(".")[0] + ".",
        "nothing": "",
    }
    assert [name for name, token in tokens.items() if is_believed(answered, token)] == []


def is_believed(answered: Callable[[str], Claims], token: str) -> bool:
    try:
        answered(token)
    except NotSignedIn:
        return False
    return True


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({"amr": ["mfa"]}, True),
        ({"amr": ["pwd", "hwk"]}, True),
        ({"acr": "https://refeds.org/profile/mfa"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": ["otp"]}, False),
        ({"amr": ["pwd", "sms"]}, False),
        ({"acr": "0"}, False),
        ({}, False),
    ],
)
def test_what_counts_as_two_factors(said: dict[str, object], counts: bool) -> None:
    assert openid._is_multi_factor(said) is counts


def test_nothing_but_the_issuer_is_fetched(issuer: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        environment="test", oidc_issuer=issuer.url.rstrip("/"), oidc_client_id="hub", oidc_client_secret=SECRET
    )
    assert openid.ask(settings).address.startswith(issuer.url)
    redirecting = f"{issuer.url}moved"
    for elsewhere in ("http://127.0.0.1:1/", "https://localhost/", "http://localhost:1/", redirecting):
        with pytest.raises(Unavailable), openid._session(settings) as session:
            session.get(elsewhere, withhold_token=True)
    in_production = replace(settings, environment="production")
    with pytest.raises(Unavailable):
        openid.ask(in_production)
    for address, is_public in {
        "https://127.0.0.1/": False,
        "https://10.1.2.3/": False,
        "https://[::1]/": False,
        "https://169.254.169.254/": False,
        "http://1.1.1.1/": False,
        "https://1.1.1.1/": True,
    }.items():
        assert openid._is_public(address) is is_public, address


# --- Whose account it is ---------------------------------------------------------------------------------------------

JO = Claims("https://login.example", "jo-1", "", "Jo Okafor", frozenset(), is_multi_factor=False)


def test_only_a_verified_address_finds_an_account_and_only_for_the_first_who_has_it(
    database: Database, people: dict[Role, str]
) -> None:
    email = people[Role.CSP_OFFICER]
    with pytest.raises(NotSignedIn):
        single_sign_on.sign_in(database, JO)
    assert single_sign_on.sign_in(database, replace(JO, email=email.upper()))
    assert single_sign_on.sign_in(database, JO), "known by the subject from now on"
    with pytest.raises(NotSignedIn):  # whoever is given the address after Jo
        single_sign_on.sign_in(database, replace(JO, subject="sam-2", email=email))
    with database.writing() as session:
        session.scalars(select(Person).where(Person.email == email)).one().is_active = False
    with pytest.raises(NotSignedIn):
        single_sign_on.sign_in(database, JO)


def test_two_factors_shown_to_the_issuer_count_and_one_does_not(settings: Settings, people: dict[Role, str]) -> None:
    strict = Database(replace(settings, second_factor="required"))
    claims = replace(JO, email=people[Role.CSP_OFFICER])
    for is_multi_factor in (False, True):
        token = single_sign_on.sign_in(strict, replace(claims, is_multi_factor=is_multi_factor))
        with strict.reading() as session:
            arrived = service.arrive(strict, session, token)
            assert arrived is not None
            assert isinstance(arrived, HalfWay) is not is_multi_factor
    strict.engine.dispose()


def test_groups_never_touch_what_was_given_by_hand_and_a_rule_that_goes_takes_its_roles_along(
    database: Database, people: dict[Role, str]
) -> None:
    email = people[Role.CSP_OFFICER]
    rule(database, people, OFFICERS, Role.CSP_OFFICER, HOME)
    rule(database, people, ANALYSTS, Role.CSP_ANALYST, "north")
    claims = replace(JO, email=email, groups=frozenset({OFFICERS, ANALYSTS, "others"}))
    by_hand = ("csp_officer", HOME, None, False)
    from_groups = {("csp_officer", HOME, OFFICERS, True), ("csp_analyst", None, ANALYSTS, True)}
    for _ in range(2):  # a second sign-in renews, and adds nothing
        single_sign_on.sign_in(database, claims)
        assert held(database, email)[0] == by_hand
        assert set(held(database, email)[1:]) == from_groups
        assert len(held(database, email)) == 3
    with database.writing() as session:
        viewer = service.viewer_by_email(session, people[Role.ADMINISTRATOR])
        [analysts] = [one for one in groups.listed(viewer) if one.group == ANALYSTS]
        groups.remove(viewer, analysts.id)
    assert held(database, email) == [by_hand, ("csp_officer", HOME, OFFICERS, True)]
    single_sign_on.sign_in(database, replace(claims, groups=frozenset()))
    assert held(database, email) == [by_hand]


def test_an_administrator_of_a_borough_says_nothing_of_groups_for_others(
    database: Database, people: dict[Role, str]
) -> None:
    with database.writing() as session:
        service.create_person(
            session,
            "local@test.example",
            "Lo Cal",
            "tea ladder violin fog",
            Role.ADMINISTRATOR,
            boroughs=[HOME],
            actor="t",
        )
    rule(database, people, ANALYSTS, Role.CSP_ANALYST, SIBLING)
    with database.writing() as session:
        london = service.viewer_by_email(session, people[Role.ADMINISTRATOR])
        [theirs] = groups.listed(london)
    with database.session(writes=True) as session:
        local = service.viewer_by_email(session, "local@test.example")
        assert groups.listed(local) == []
        for place in (SIBLING, "north", "london"):
            with pytest.raises(NotFound):
                groups.add(local, OFFICERS, Role.ADMINISTRATOR, place)
        with pytest.raises(NotFound):
            groups.remove(local, theirs.id)
        groups.add(local, OFFICERS, Role.ADMINISTRATOR, HOME)
