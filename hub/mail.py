"""Letters by e-mail: composing one, and handing it to the organisation's own mail server.

A letter carries words and at most one link, never data. Where no server is set up, nothing here is called.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from urllib.parse import unquote, urlsplit

from markupsafe import Markup

from hub.config import Settings, is_loopback
from hub.errors import Unavailable
from hub.words import MARKING

SECONDS_TO_ANSWER = 20

_PAGE = Markup(
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{subject}</title></head>'
    "<body><p><strong>{marking}</strong></p>{paragraphs}<p><strong>{marking}</strong></p></body></html>"
)
_PARAGRAPH, _LINK = Markup("<p>{0}</p>"), Markup('<p><a href="{0}">{0}</a></p>')


class MailRefused(Unavailable):
    """The mail server cannot be reached, or did not take the letter."""


@dataclass(frozen=True)
class Letter:
    """What is sent to one person: a subject, paragraphs of plain words and, after the first, a link if there is one."""

    to: str
    subject: str
    paragraphs: tuple[str, ...]
    link: str = ""

    def composed(self, sender: str) -> EmailMessage:
        """The message as it goes out, in plain text and in as little HTML as will show a link."""
        message = EmailMessage()
        message["From"], message["To"] = _address(sender), _address(self.to)
        message["Subject"] = f"{MARKING}: {_on_one_line(self.subject)}"
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = make_msgid(domain=_address(sender).domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n\n".join((MARKING, *self._parts, MARKING)) + "\n")
        message.add_alternative(
            _PAGE.format(
                subject=self.subject,
                marking=MARKING,
                paragraphs=Markup("").join(
                    (_LINK if part == self.link else _PARAGRAPH).format(part) for part in self._parts
                ),
            ),
            subtype="html",
        )
        return message

    @property
    def _parts(self) -> tuple[str, ...]:
        first, *others = self.paragraphs
        return (first, *filter(None, [self.link]), *others)


def deliver(settings: Settings, letter: Letter) -> None:
    """Hand a letter to the mail server that `HUB_SMTP` names.

    Raises
    ------
    MailRefused
        If the server is away, does not encrypt where it must, or does not take the letter.
    """
    try:
        with _server(settings) as server:
            server.send_message(letter.composed(settings.mail_from))
    except (OSError, smtplib.SMTPException, MessageError, ValueError) as error:
        # What a server says may quote the letter or a password: it is not repeated.
        raise MailRefused(
            "The mail server did not take the letter.", remedy="Tell whoever looks after the hub to check HUB_SMTP."
        ) from error


@contextmanager
def _server(settings: Settings) -> Iterator[smtplib.SMTP]:
    where = urlsplit(settings.smtp)
    host, context = where.hostname or "", ssl.create_default_context()
    if where.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, where.port or 465, timeout=SECONDS_TO_ANSWER, context=context)
    else:
        server = smtplib.SMTP(host, where.port or 25, timeout=SECONDS_TO_ANSWER)
    with server:
        server.ehlo()
        if where.scheme == "smtp":
            _encrypt(server, context, is_required=settings.is_production and not is_loopback(host))
        if where.username:
            server.login(unquote(where.username), unquote(where.password or ""))
        yield server


def _encrypt(server: smtplib.SMTP, context: ssl.SSLContext, *, is_required: bool) -> None:
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif is_required:
        raise MailRefused(
            "The mail server does not encrypt what is sent to it.", remedy="Use one that offers STARTTLS, or smtps://."
        )


def _address(written: str) -> Address:
    return Address(addr_spec=_on_one_line(written))


def _on_one_line(words: str) -> str:
    """Without line breaks, which would begin another header."""
    return " ".join(words.split())
