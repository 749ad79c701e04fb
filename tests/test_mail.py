"""Letters, handed to a real mail server on loopback: what arrives, and what is refused rather than sent in the open."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import html5lib
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from hub import mail
from hub.config import Settings
from hub.mail import Letter, MailRefused
from tests.conftest import TEST_SECRET_KEY

LINK = "https://hub.example/invitations/abc-_123"
LETTER = Letter("jo@council.example", "Your invitation", ("Open this link:", "Good once <b>&</b>."), LINK)


class Postbox:
    """What a mail server on loopback has taken, and how it takes it."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuses = False
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        if self.refuses:
            return "451 Busy with jo@council.example"
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.recipients.append(envelope.rcpt_tos)
        return "250 Taken"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, told: object
    ) -> AuthResult:
        assert isinstance(told, LoginPassword)
        self.logins.append((told.login, told.password))
        return AuthResult(success=told.password == b"p@ss word")


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, str]]:
    """A mail server, and where it is."""
    box = Postbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port, authenticator=box.authenticate, auth_require_tls=False)
    server.start()
    yield box, f"127.0.0.1:{port}"
    server.stop()


def settings(where: str, **others: object) -> Settings:
    return Settings(
        environment="production",
        secret_key=TEST_SECRET_KEY,
        smtp=f"smtp://{where}",
        mail_from="hub@hub.example",
        address="https://hub.example",
        **others,  # type: ignore[arg-type]
    )


def test_a_letter_arrives_in_plain_text_and_in_html_with_its_marking_and_one_link(
    postbox: tuple[Postbox, str],
) -> None:
    box, where = postbox
    mail.deliver(settings(where), LETTER)
    [message], [recipients] = box.taken, box.recipients
    assert recipients == ["jo@council.example"]
    assert message["From"] == "hub@hub.example"
    assert message["Subject"] == "OFFICIAL-SENSITIVE: Your invitation"
    plain, html = (message.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
    assert plain.startswith("OFFICIAL-SENSITIVE\n\nOpen this link:\n\n" + LINK)
    assert plain.rstrip().endswith("OFFICIAL-SENSITIVE")
    assert html.count(f'<a href="{LINK}">') == 1
    assert "Good once &lt;b&gt;&amp;&lt;/b&gt;." in html
    assert "<b>" not in html
    assert "src=" not in html


def test_whatever_is_written_in_a_letter_is_words_and_fetches_nothing() -> None:
    hostile = "</title><script src=//attacker.example></script><img src=//attacker.example>{{ 7 * 7 }}"
    message = Letter("jo@council.example", hostile, (hostile, hostile), f'{LINK}"><script>').composed("hub@hub.example")
    page = message.get_body(("html",))
    assert page is not None
    parsed = html5lib.parse(page.get_content(), namespaceHTMLElements=False)
    assert {element.tag for element in parsed.iter()} == {"html", "head", "meta", "title", "body", "p", "strong", "a"}
    assert [link.attrib for link in parsed.iter("a")] == [{"href": f'{LINK}"><script>'}]
    assert "".join(parsed.find(".//title").itertext()) == hostile
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().count(hostile) == 2


def test_no_value_begins_another_header_or_another_recipient(postbox: tuple[Postbox, str]) -> None:
    box, where = postbox
    mail.deliver(settings(where), Letter("jo@council.example", "Hello\r\nBcc: evil@evil.example", ("Hello",)))
    [message], [recipients] = box.taken, box.recipients
    assert recipients == ["jo@council.example"]
    assert message["Bcc"] is None
    for hostile in ("jo@council.example\r\nBcc: evil@evil.example", "jo@council.example, evil@evil.example"):
        with pytest.raises((MailRefused, ValueError)):
            mail.deliver(settings(where), Letter(hostile, "Hello", ("Hello",)))
    assert len(box.taken) == 1


def test_the_hub_signs_in_where_it_has_a_password(postbox: tuple[Postbox, str]) -> None:
    box, where = postbox
    mail.deliver(settings(f"hub:p%40ss%20word@{where}"), LETTER)
    assert box.logins == [(b"hub", b"p@ss word")]
    assert len(box.taken) == 1
    with pytest.raises(MailRefused):
        mail.deliver(settings(f"hub:wrong@{where}"), LETTER)
    assert len(box.taken) == 1


def test_a_server_that_is_busy_away_or_in_the_open_is_refused_without_its_own_words(
    postbox: tuple[Postbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, where = postbox
    box.refuses = True
    with pytest.raises(MailRefused) as busy:
        mail.deliver(settings(where), LETTER)
    assert "council.example" not in str(busy.value)
    box.refuses = False
    with pytest.raises(MailRefused):
        mail.deliver(settings("127.0.0.1:1"), LETTER)
    monkeypatch.setattr(mail, "is_loopback", lambda host: False)
    with pytest.raises(MailRefused, match="encrypt"):
        mail.deliver(settings(where), LETTER)
    assert not box.taken
