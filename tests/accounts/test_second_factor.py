"""The second step of signing in (W2, W4, T16): each code and signature good once, a new token at each, no way past."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from webauthn.helpers import base64url_to_bytes

from hub import audit
from hub.access import Role
from hub.accounts import codes, second_factor, service, sessions
from hub.accounts.keys import Site
from hub.accounts.models import Authenticator, Person, RecoveryCode, SecurityKey, SignInFailure, SignInSession
from hub.accounts.second_factor import Somebody
from hub.accounts.service import HalfWay, Step
from hub.config import Settings
from hub.db import Database
from hub.errors import BadRequest, Conflict, HubError, NotAllowed, NotFound, NotSignedIn, TooMany
from tests.accounts.soft_key import SoftKey
from tests.client import StrictClient
from tests.conftest import PASSWORD, make_app

NOW = dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC)
OFFICE = "203.0.113.7"
SITE = Site("localhost", "http://localhost")
STEP = dt.timedelta(seconds=codes.STEP_SECONDS)
MINUTE = dt.timedelta(minutes=1)
KEY, SOMEBODY = b"k" * 32, UUID(int=7)


# --- Codes, by themselves --------------------------------------------------------------------------------------------


def test_a_code_is_good_for_a_minute_and_a_half_and_never_after_a_later_one() -> None:
    secret = codes.new_secret()
    code, now = pyotp.TOTP(secret).at(NOW), int(NOW.timestamp()) // 30
    for late in (-1, 0, 1):
        assert codes.step_of(secret, code, NOW + late * STEP, after=0) == now
    for late in (-2, 2, 60):
        assert codes.step_of(secret, code, NOW + late * STEP, after=0) is None
    assert codes.step_of(secret, code, NOW, after=now) is None
    assert codes.step_of(codes.new_secret(), code, NOW, after=0) is None
    assert codes.step_of(secret, "", NOW, after=0) is None


def test_a_secret_is_sealed_for_one_person_one_hub_and_half_an_hour() -> None:
    secret = codes.new_secret()
    sealed = codes.seal(KEY, SOMEBODY, secret)
    assert secret not in sealed
    assert codes.unseal(KEY, SOMEBODY, sealed, within_seconds=1800) == secret
    assert codes.unseal(KEY, UUID(int=8), sealed) is None
    assert codes.unseal(b"x" * 32, SOMEBODY, sealed) is None
    assert codes.unseal(KEY, SOMEBODY, "made up") is None
    assert codes.unseal(KEY, SOMEBODY, sealed, within_seconds=-1) is None


def test_recovery_codes_differ_and_are_read_however_they_are_typed() -> None:
    made = codes.recovery_codes()
    assert len(set(made)) == codes.HOW_MANY
    assert all(re.fullmatch(r"[2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4}", code) for code in made)
    kept = codes.hash_of(KEY, SOMEBODY, made[0])
    assert kept == codes.hash_of(KEY, SOMEBODY, f" {made[0].upper().replace('-', ' ')}")
    assert kept != codes.hash_of(b"x" * 32, SOMEBODY, made[0])
    assert kept != codes.hash_of(KEY, UUID(int=8), made[0])


def test_a_kind_of_browser_is_told_and_nothing_closer() -> None:
    chrome = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
    )
    assert sessions.device_of(chrome) == "Chrome on Windows"
    assert sessions.device_of(f"{chrome} Edg/142.0.3595.69") == "Edge on Windows"
    assert (
        sessions.device_of("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.7; rv:140.0) Gecko/20100101 Firefox/140.0")
        == "Firefox on Mac"
    )
    assert sessions.device_of("") == "A browser"


# --- Everybody must --------------------------------------------------------------------------------------------------


@pytest.fixture
def strict_settings(settings: Settings) -> Settings:
    return replace(settings, second_factor="required")


@pytest.fixture
def strict(strict_settings: Settings, people: dict[Role, str]) -> Iterator[Database]:
    """A hub that asks everybody for the second step."""
    database = Database(strict_settings)
    yield database
    database.engine.dispose()


@pytest.fixture
def strict_app(app: Flask, strict_settings: Settings, strict: Database) -> Flask:
    app.extensions.update(hub_settings=strict_settings, hub_database=strict)
    return app


class Browser:
    """A person's browser, as the services see it."""

    def __init__(self, database: Database, email: str, at: dt.datetime = NOW) -> None:
        self.database, self.email, self.now = database, email, at
        self.token = service.sign_in(database, email, PASSWORD, OFFICE, now=at)

    def does(self, act: Callable[[Somebody], object]) -> object:
        """Do something as whoever this browser is, and keep it."""
        with self.database.session(writes=True) as session:
            person = service.arrive(self.database, session, self.token, now=self.now)
            assert person is not None, "this browser is signed out"
            done = act(person)
            session.commit()
            return done

    @property
    def step(self) -> Step | None:
        """What it has yet to do."""
        found = self.does(lambda person: person)
        return found.step if isinstance(found, HalfWay) else None

    def is_in(self) -> bool:
        with self.database.reading() as session:
            return service.resume(self.database, session, self.token, now=self.now) is not None

    def add_app(self) -> tuple[str, list[str]]:
        """Set up an app; gives its secret and the recovery codes."""
        shown = self.does(second_factor.new_app)
        assert isinstance(shown, codes.NewApp)
        secret = shown.typed.replace(" ", "")
        code = pyotp.TOTP(secret).at(self.now)
        added = self.does(lambda person: second_factor.add_app(person, self.token, shown.sealed, code, now=self.now))
        assert isinstance(added, second_factor.Added)
        self.token = added.token
        return secret, added.recovery_codes

    def add_key(self) -> SoftKey:
        """Add a security key."""
        key = SoftKey(SITE)
        answer = key.make(self.challenge(lambda person: second_factor.ask_new_key(person, self.token, SITE)))
        added = self.does(
            lambda person: second_factor.add_key(person, self.token, "Blue", answer, SITE, now=dt.datetime.now(dt.UTC))
        )
        assert isinstance(added, second_factor.Added)
        self.token = added.token
        return key

    def challenge(self, ask: Callable[[Somebody], object]) -> bytes:
        """What the hub asked to have signed."""
        self.does(ask)
        with self.database.reading() as session:
            mine = SignInSession.token_hash == sessions.hash_of(self.token)
            asked = session.scalars(select(SignInSession.challenge).where(mine)).one()
        assert asked is not None
        return asked

    def prove(self, code: str) -> None:
        """Take the step with a code."""
        with self.database.reading() as session:
            person = service.arrive(self.database, session, self.token, now=self.now)
        assert person is not None
        self.token = second_factor.prove_by_code(self.database, person, self.token, code, OFFICE, now=self.now)

    def prove_by_key(self, answer: str) -> None:
        with self.database.reading() as session:
            person = service.arrive(self.database, session, self.token, now=self.now)
        assert person is not None
        self.token = second_factor.prove_by_key(
            self.database, person, self.token, answer, SITE, OFFICE, now=dt.datetime.now(dt.UTC)
        )


def refusal(act: Callable[[], object]) -> tuple[type[HubError], str]:
    with pytest.raises(HubError) as refused:
        act()
    return type(refused.value), str(refused.value)


def forget_tries(database: Database) -> None:
    """Let the next try be answered, and not slowed."""
    with database.writing() as session:
        session.execute(delete(SignInFailure))


def actions(database: Database) -> list[str]:
    with database.reading() as session:
        assert audit.first_broken(session) is None
        return list(session.scalars(select(audit.AuditEntry.action).order_by(audit.AuditEntry.number)))


def test_each_step_gives_a_new_token_and_the_one_before_is_dead(strict: Database, people: dict[Role, str]) -> None:
    """T16, session fixation."""
    officer = people[Role.CSP_OFFICER]
    browser = Browser(strict, officer)
    seen = [browser.token]
    assert browser.step is Step.ENROL
    secret, recovery = browser.add_app()
    seen.append(browser.token)
    assert browser.is_in()
    assert len(recovery) == codes.HOW_MANY
    again = Browser(strict, officer, NOW + MINUTE)
    seen.append(again.token)
    assert again.step is Step.PROVE
    again.prove(pyotp.TOTP(secret).at(NOW + MINUTE))
    seen.append(again.token)
    assert again.is_in()
    assert len(set(seen)) == len(seen)
    for dead in (seen[0], seen[2]):
        with strict.reading() as session:
            assert service.arrive(strict, session, dead, now=NOW + MINUTE) is None
    assert "sign_in.half_way" in actions(strict)
    assert actions(strict)[-1] == "person.signed_in"


def test_a_code_opens_once_however_many_send_it(strict: Database, people: dict[Role, str]) -> None:
    """T16: replayed, in turn and at once, from browsers that all know the password."""
    officer = people[Role.CSP_OFFICER]
    secret, _ = Browser(strict, officer).add_app()
    at = NOW + MINUTE
    browsers = [Browser(strict, officer, at) for _ in range(4)]
    code = pyotp.TOTP(secret).at(at)
    forget_tries(strict)

    def is_let_in(browser: Browser) -> bool:
        try:
            browser.prove(code)
        except NotSignedIn:
            return False
        return browser.is_in()

    with ThreadPoolExecutor(4) as pool:
        let_in = list(pool.map(is_let_in, browsers))
    assert let_in.count(True) == 1, "one code, one way in"
    late = Browser(strict, officer, at + STEP)
    forget_tries(strict)
    replayed = refusal(lambda: late.prove(code))
    wrong = refusal(lambda: late.prove("000000"))
    assert replayed == wrong
    assert replayed[0] is NotSignedIn
    assert late.step is Step.PROVE
    assert actions(strict).count("second_factor.refused") == 3 + 2


def test_the_code_that_set_the_app_up_does_not_sign_in(strict: Database, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    secret, _ = Browser(strict, officer).add_app()
    browser = Browser(strict, officer)
    assert refusal(lambda: browser.prove(pyotp.TOTP(secret).at(NOW)))[0] is NotSignedIn


def test_a_recovery_code_opens_once_and_new_ones_end_the_old(strict: Database, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    _, recovery = Browser(strict, officer).add_app()
    first = Browser(strict, officer)
    first.prove(recovery[0].upper().replace("-", " "))
    assert first.is_in()
    second = Browser(strict, officer)
    assert refusal(lambda: second.prove(recovery[0]))[0] is NotSignedIn
    second.prove(recovery[1])
    with strict.reading() as session:
        assert session.scalar(select(func.count()).where(RecoveryCode.used_at.is_not(None))) == 2
        assert not {*recovery} & {*session.scalars(select(RecoveryCode.code_hash))}
    assert actions(strict).count("recovery_code.used") == 2
    now = Browser(strict, officer, dt.datetime.now(dt.UTC))
    now.prove(recovery[2])
    made = now.does(lambda viewer: second_factor.make_recovery_codes(viewer, now.token))
    last = Browser(strict, officer, dt.datetime.now(dt.UTC))
    assert refusal(lambda: last.prove(recovery[3]))[0] is NotSignedIn
    last.prove(made[0])
    assert last.is_in()


def test_guesses_at_codes_are_slowed_and_a_password_buys_no_new_ones(strict: Database, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    secret, _ = Browser(strict, officer).add_app()
    at, refused = NOW + MINUTE, []
    for _ in range(4):
        try:
            browser = Browser(strict, officer, at)
            browser.prove("000000")
        except (NotSignedIn, TooMany) as error:
            refused.append(type(error))
    assert TooMany in refused, "somebody who knows the password would guess for ever"
    Browser(strict, officer, at + dt.timedelta(hours=1, seconds=1)).prove(
        pyotp.TOTP(secret).at(at + dt.timedelta(hours=1, seconds=1))
    )


def test_whoever_has_yet_to_take_the_step_adds_no_way_of_their_own(strict: Database, people: dict[Role, str]) -> None:
    """A stolen password must not buy a second factor."""
    officer = people[Role.CSP_OFFICER]
    Browser(strict, officer).add_app()
    thief = Browser(strict, officer)
    assert refusal(thief.add_app)[0] is NotAllowed
    assert refusal(thief.add_key)[0] is NotAllowed
    assert thief.step is Step.PROVE


def test_an_app_is_kept_only_once_it_shows_the_right_code(strict: Database, people: dict[Role, str]) -> None:
    browser = Browser(strict, people[Role.CSP_OFFICER])
    shown = browser.does(second_factor.new_app)
    assert isinstance(shown, codes.NewApp)
    for sealed, code in ((shown.sealed, "000000"), ("made up", "000000"), (shown.sealed, "")):
        wrong = refusal(
            lambda sealed=sealed, code=code: browser.does(
                lambda person: second_factor.add_app(person, browser.token, sealed, code, now=NOW)
            )
        )
        assert wrong[0] is BadRequest
    assert browser.step is Step.ENROL
    again = browser.does(lambda person: second_factor.same_app(person, shown.sealed))
    assert isinstance(again, codes.NewApp)
    assert again.typed == shown.typed, "the picture that was scanned is not changed by a wrong code"
    secret, _ = browser.add_app()
    with strict.reading() as session:
        assert secret not in session.scalars(select(Authenticator.sealed_secret)).one()


# --- Security keys ---------------------------------------------------------------------------------------------------


def test_a_key_signs_each_challenge_once_for_this_site_and_counts_on(strict: Database, people: dict[Role, str]) -> None:
    now = dt.datetime.now(dt.UTC)
    officer = people[Role.CSP_OFFICER]
    key = Browser(strict, officer, now).add_key()
    browser = Browser(strict, officer, now)

    def asked() -> bytes:
        return browser.challenge(lambda person: second_factor.ask_key(person, browser.token, SITE))

    before = asked()
    stranger = SoftKey(SITE)
    stranger.id = key.id
    wrong = {
        refusal(lambda: browser.prove_by_key(key.sign(asked(), origin="http://localhost.evil.example"))),
        refusal(lambda: browser.prove_by_key(stranger.sign(asked()))),
        refusal(lambda: browser.prove_by_key("nothing that can be read")),
    }
    asked()
    forget_tries(strict)
    wrong.add(refusal(lambda: browser.prove_by_key(key.sign(before))))
    assert {kind for kind, _ in wrong} == {NotSignedIn}
    assert len(wrong) == 1
    answer = key.sign(asked())
    browser.prove_by_key(answer)
    assert browser.is_in()
    other = Browser(strict, officer, now)
    assert refusal(lambda: other.prove_by_key(answer))[0] is NotSignedIn, "a signature was replayed"
    challenge = other.challenge(lambda person: second_factor.ask_key(person, other.token, SITE))
    key.count = 0
    assert refusal(lambda: other.prove_by_key(key.sign(challenge)))[0] is NotSignedIn, "a copied key falls behind"


def test_an_administrator_signs_in_with_a_key_and_not_with_an_app(strict: Database, people: dict[Role, str]) -> None:
    now, administrator = dt.datetime.now(dt.UTC), people[Role.ADMINISTRATOR]
    browser = Browser(strict, administrator, now)
    secret, recovery = browser.add_app()
    assert browser.step is Step.ADD_KEY
    assert not browser.is_in()
    key = browser.add_key()
    assert browser.is_in()
    later = Browser(strict, administrator, now + STEP)
    code = pyotp.TOTP(secret).at(now + STEP)
    assert refusal(lambda: later.prove(code))[0] is NotSignedIn, "a false page could have asked for it"
    later.prove_by_key(key.sign(later.challenge(lambda person: second_factor.ask_key(person, later.token, SITE))))
    assert later.is_in()
    without = Browser(strict, administrator, now)
    without.prove(recovery[0])
    assert without.is_in()


# --- Changing what one has -------------------------------------------------------------------------------------------


def test_what_is_set_up_is_changed_only_soon_after_the_step_and_never_to_nothing(
    strict: Database, people: dict[Role, str]
) -> None:
    now, officer = dt.datetime.now(dt.UTC), people[Role.CSP_OFFICER]
    browser = Browser(strict, officer, now)
    browser.add_app()
    assert refusal(lambda: browser.does(lambda viewer: second_factor.remove_app(viewer, browser.token)))[0] is Conflict
    browser.add_key()
    with strict.writing() as session:
        session.execute(update(SignInSession).values(proved_at=now - 11 * MINUTE))
        key_id = session.scalars(select(SecurityKey.id)).one()
    for act in (
        lambda viewer: second_factor.remove_app(viewer, browser.token),
        lambda viewer: second_factor.remove_key(viewer, browser.token, key_id),
        lambda viewer: second_factor.make_recovery_codes(viewer, browser.token),
        lambda viewer: second_factor.ask_new_key(viewer, browser.token, SITE),
    ):
        assert refusal(lambda act=act: browser.does(act))[0] is NotAllowed
    with strict.writing() as session:
        session.execute(update(SignInSession).values(proved_at=now))
    browser.does(lambda viewer: second_factor.remove_app(viewer, browser.token))
    assert (
        refusal(lambda: browser.does(lambda viewer: second_factor.remove_key(viewer, browser.token, key_id)))[0]
        is Conflict
    )
    assert Browser(strict, officer, now).step is Step.PROVE


def test_an_administrator_of_the_place_takes_away_what_was_lost_and_nobody_else_does(
    strict: Database, people: dict[Role, str]
) -> None:
    officer = people[Role.CSP_OFFICER]
    browser = Browser(strict, officer)
    browser.add_app()
    with strict.writing() as session:
        person_id = session.scalars(select(Person.id).where(Person.email == officer)).one()
        leader = service.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        with pytest.raises(NotAllowed):
            second_factor.remove_second_factor(leader, person_id)
        with pytest.raises(NotFound):
            second_factor.remove_second_factor(leader, UUID(int=9))
    assert browser.is_in()
    with strict.writing() as session:
        administrator = service.viewer_by_email(session, people[Role.ADMINISTRATOR])
        second_factor.remove_second_factor(administrator, person_id)
    assert not browser.is_in()
    assert Browser(strict, officer).step is Step.ENROL
    assert {"second_factor.removed", "sessions.ended"} <= set(actions(strict))


def test_a_changed_password_ends_every_other_sign_in(strict: Database, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    here, there = Browser(strict, officer), None
    secret, recovery = here.add_app()
    there = Browser(strict, officer)
    there.prove(recovery[0])
    viewer = here.does(lambda person: person)

    def change(present: str, new: str) -> str:
        return service.change_password(strict, viewer, here.token, present, new, OFFICE, now=NOW)

    assert refusal(lambda: change("not the one", "piano gravel cloud ten"))[0] is NotAllowed
    assert refusal(lambda: change(PASSWORD, "password1234"))[0] is BadRequest
    assert there.is_in()
    before, here.token = here.token, change(PASSWORD, "piano gravel cloud ten")
    assert here.is_in()
    assert not there.is_in()
    with strict.reading() as session:
        assert service.arrive(strict, session, before, now=NOW) is None
    with pytest.raises(NotSignedIn):
        Browser(strict, officer)
    assert secret not in str(actions(strict))


# --- The pages -------------------------------------------------------------------------------------------------------


def code_on(client: StrictClient) -> tuple[str, str]:
    """The secret that the page shows, and what it has sealed."""
    [typed] = ["".join(element.itertext()) for element in client.page.all("code") if element.get("class") == "hub-code"]
    [sealed] = [field.get("value", "") for field in client.page.all("input") if field.get("name") == "sealed"]
    return typed.replace(" ", ""), sealed


def test_nobody_gets_past_the_second_step_by_any_address(strict_app: Flask, people: dict[Role, str]) -> None:
    """T16: half way in is out; scripts are told so, and a person is led there and then to where they wanted to go."""
    client = strict_app.test_client()
    assert isinstance(client, StrictClient)
    wanted = "/uploads/?page=2"
    assert client.sign_in(people[Role.CSP_OFFICER], PASSWORD, next_page=wanted).location == wanted
    cookies = [client.get_cookie("hub")]
    led = client.get(wanted)
    assert led.location == "/second-factor/?next=/uploads/?page%3D2"
    script = {"Accept": "application/json"}
    for path in ("/", "/account/", "/tokens/", "/second-factor/recovery-codes", "/nowhere"):
        assert client.get(path).location.startswith("/second-factor/?next=")
        assert client.get(path, headers=script).status_code == 401
    assert client.submit("/uploads/").status_code == 401
    assert client.submit("/account/sign-ins/end-others").status_code == 401
    chosen = client.get(led.location, follow_redirects=True)
    assert chosen.status_code == 200
    assert client.page.h1 == "Set up a second step"
    assert "Sign out" not in client.page.text
    client.get("/second-factor/app?next=/uploads/?page%3D2")
    secret, sealed = code_on(client)
    fields = {"sealed": sealed, "next": wanted}
    assert client.submit("/second-factor/app", {**fields, "code": "000000"}).status_code == 400
    assert code_on(client)[0] == secret
    added = client.submit("/second-factor/app", {**fields, "code": pyotp.TOTP(secret).now()})
    assert added.status_code == 200
    assert client.page.h1 == "Keep your recovery codes"
    shown = ["".join(element.itertext()) for element in client.page.all("code")]
    cookies.append(client.get_cookie("hub"))
    assert client.get("/account/").status_code == 200
    assert client.get("/second-factor/recovery-codes").status_code == 200
    assert not any(code in client.page.text for code in shown), "shown once"
    client.sign_out()
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD, next_page=wanted)
    cookies.append(client.get_cookie("hub"))
    client.get("/second-factor/?next=/uploads/?page%3D2")
    assert client.page.h1 == "Confirm that it is you"
    assert client.submit("/second-factor/", {"code": "000000", "next": wanted}).status_code == 401
    assert client.page.errors == [
        "The code is wrong, or was used already. Wait for the app's next code, or use another recovery code."
    ]
    proved = client.submit("/second-factor/", {"code": shown[0], "next": "//evil.example"})
    assert (proved.status_code, proved.location) == (302, "/")
    assert client.get("/").status_code == 200
    client.sign_out()
    for cookie in cookies:  # T16: every cookie of before, and the back button
        assert cookie is not None
        client.set_cookie("hub", cookie.value)
        back = client.get("/account/")
        assert (back.status_code, back.location) == (302, "/sign-in?next=/account/")
        assert back.headers["Cache-Control"] == "no-store, private"


def test_somebody_sees_and_ends_their_own_sign_ins(app: Flask, people: dict[Role, str]) -> None:
    here, there = app.test_client(), app.test_client()
    for client in (there, here):
        client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
        assert client.get("/account/").status_code == 200
    assert "CSP officer, Alder: from" in here.page.main
    assert here.page.main.count("This browser") == 1
    [address] = [form.get("action", "") for form in here.page.all("form") if "/sign-ins/" in form.get("action", "")][:1]
    assert here.submit(address).status_code == 302
    assert there.get("/").location == "/sign-in?next=/"
    assert here.get("/account/").status_code == 200
    assert "That sign-in has ended." in here.page.text
    there.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    assert here.submit("/account/sign-ins/end-others").status_code == 302
    assert there.get("/").status_code == 302


def test_a_production_hub_asks_for_the_second_step(new_settings: Callable[..., Settings]) -> None:
    settings = replace(new_settings("sqlite", holding="people"), environment="production", second_factor="required")
    client = make_app(settings).test_client()
    https = {"base_url": "https://localhost"}
    client.get("/sign-in", **https)
    fields = {"email": "csp.officer@test.example", "password": PASSWORD}
    headers = {"Referer": "https://localhost/sign-in"}
    assert client.submit("/sign-in", fields, headers=headers, **https).status_code == 302
    assert client.get("/", **https).location == "/second-factor/?next=/"


def test_an_administrator_is_led_to_add_a_key_and_back_to_the_step_when_it_was_long_ago(
    strict_app: Flask, strict: Database, people: dict[Role, str]
) -> None:
    email, client = people[Role.ADMINISTRATOR], strict_app.test_client()
    assert isinstance(client, StrictClient)
    _, recovery = Browser(strict, email, dt.datetime.now(dt.UTC)).add_app()
    client.sign_in(email, PASSWORD)
    client.get("/second-factor/?next=/people/")
    assert client.submit("/second-factor/", {"code": recovery[0], "next": "/people/"}).location == "/people/"
    assert client.get("/people/").location == "/second-factor/?next=/people/"
    client.get("/second-factor/?next=/people/", follow_redirects=True)
    assert client.page.h1 == "Add a security key"
    assert "Administrators sign in with a security key" in client.page.main
    without_script = client.submit("/second-factor/keys", {"name": "Blue", "credential": "", "next": "/people/"})
    assert without_script.status_code == 400
    assert "JavaScript" in client.page.errors[0]
    challenge = client.submit("/second-factor/keys/ask").get_json()["challenge"]
    fields = {"name": "Blue", "credential": SoftKey(SITE).make(base64url_to_bytes(challenge)), "next": "/people/"}
    assert client.submit("/second-factor/keys", fields).location == "/people/"
    assert client.get("/people/").status_code == 200
    client.get("/account/")
    assert "Security key: Blue" in client.page.main
    with strict.writing() as session:
        session.execute(update(SignInSession).values(proved_at=dt.datetime.now(dt.UTC) - 11 * MINUTE))
    for path in ("/second-factor/recovery-codes", "/second-factor/set-up", "/second-factor/app", "/second-factor/keys"):
        assert client.get(path).location.startswith("/second-factor/?next=/second-factor/")
    assert client.submit("/account/app/remove").location == "/second-factor/?next=/account/"
    assert client.submit("/second-factor/recovery-codes").status_code == 403
    client.get("/second-factor/")
    assert "Recovery code" in client.page.main
    assert "authenticator app" not in client.page.main, "an app's code would not be taken"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_opened_by_a_number_the_hub_says_why_a_key_cannot_be_used(app: Flask, people: dict[Role, str]) -> None:
    client = app.test_client()
    by_number = {"base_url": "http://127.0.0.1"}
    client.get("/sign-in", **by_number)
    client.submit("/sign-in", {"email": people[Role.CSP_OFFICER], "password": PASSWORD}, **by_number)
    for path in ("/second-factor/set-up", "/second-factor/keys"):
        assert client.get(path, **by_number).status_code == 200
        assert "the hub was opened by a number" in client.page.main
