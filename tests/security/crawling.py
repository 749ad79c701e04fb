"""A reader who follows every link, tries every choice of every form that only asks, and unpacks what is answered."""

from __future__ import annotations

import gzip
import html
import io
import re
import sqlite3
import tempfile
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

ADDRESS = re.compile(r"""["']([/?][^"'\s<>\\]*)["']""")
MADE_UP = {"Content-Length", "Content-Security-Policy", "Date", "ETag", "Set-Cookie"}
"""Headers in which any number may come up."""
SQLITE, ZIP, PDF, GZIP = b"SQLite format 3\0", b"PK\x03\x04", b"%PDF", b"\x1f\x8b"


# --- What an answer says ---------------------------------------------------------------------------------------------


def unpacked(content: bytes) -> str:
    """All that some bytes say, whatever they are packed in."""
    if content.startswith(GZIP):
        return unpacked(gzip.decompress(content))
    if content.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(f"{name}\n{unpacked(archive.read(name))}" for name in archive.namelist())
    if content.startswith(PDF):
        document = PdfReader(io.BytesIO(content))
        return "\n".join([str(document.metadata), *(page.extract_text() for page in document.pages)])
    if content.startswith(SQLITE):
        return "\n".join(_dumped(content))
    return html.unescape(content.decode(errors="replace"))


def _dumped(content: bytes) -> Iterator[str]:
    """Every value of every table of an SQLite file, GeoPackages' own functions not being there to replay it."""
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as file:
        file.write(content)
        file.flush()
        connection = sqlite3.connect(file.name)
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            yield table
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield "\t".join(each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in row)
        connection.close()


def said(response: TestResponse) -> str:
    """All that an answer says, its headers too."""
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers if name not in MADE_UP)
    return f"{response.status}\n{unquote(headers)}\n{unpacked(response.data)}"


# --- Where it leads --------------------------------------------------------------------------------------------------


class _Forms(HTMLParser):
    """The forms of a page that only ask: of each field its value, and whatever else it offers."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self._fields: dict[str, list[str]] | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            asks = given.get("method", "get").lower() == "get"
            self._fields = {} if asks else None
            if self._fields is not None:
                self.forms.append((given.get("action", ""), self._fields))
        elif self._fields is None:
            return
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option":
            self._offer(self._select, given.get("value", ""), is_chosen="selected" in given)
        elif tag in {"input", "button"} and given.get("name"):
            is_choice = given.get("type") in {"radio", "checkbox"}
            self._offer(given["name"], given.get("value", ""), is_chosen=not is_choice or "checked" in given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None

    def _offer(self, name: str, value: str, *, is_chosen: bool) -> None:
        assert self._fields is not None
        offered = self._fields.setdefault(name, [])
        offered.insert(0 if is_chosen else len(offered), value)


def leads(address: str, response: TestResponse) -> Iterator[str]:
    """Every address of the hub that an answer names, or that its forms would ask for."""
    if location := response.headers.get("Location"):
        yield urljoin(address, location)
    if not response.mimetype.startswith(("text/html", "application/json", "application/geo+json")):
        return
    body = response.data
    source = (gzip.decompress(body) if body.startswith(GZIP) else body).decode(errors="replace")
    for found in ADDRESS.findall(source):
        yield urljoin(address, html.unescape(found))
    if response.mimetype == "text/html":
        page = _Forms()
        page.feed(source)
        for action, fields in page.forms:
            yield from _askings(urljoin(address, action), fields)


def _askings(action: str, fields: dict[str, list[str]]) -> Iterator[str]:
    """A form as it stands, and with each of its fields in turn saying something else."""
    standing = {name: offered[0] for name, offered in fields.items()}
    choices = [{}, *({name: other} for name, offered in fields.items() for other in offered[1:])]
    for choice in choices:
        yield f"{urlsplit(action).path}?{urlencode(standing | choice)}"


# --- The crawl -------------------------------------------------------------------------------------------------------


@dataclass
class Crawl:
    """What one reader was answered."""

    answers: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    """Addresses that the hub failed at."""

    def note(self, where: str, response: TestResponse) -> None:
        """Count an answer, and remember where the hub failed."""
        self.answers += 1
        self.statuses[response.status_code] += 1
        if response.status_code >= 500:
            self.faults.append(where)
        if response.status_code == 200:
            self.kinds.add(response.mimetype)


def crawl(app: Flask, cookie: str, seeds: Iterable[str], hear: Callable[[str, str], None], *, most: int) -> Crawl:
    """Ask for everything that can be reached; `hear` gets each address with all that was said there.

    At most `most` addresses of each route, and of each form of file that it gives.
    """
    client = FlaskClient(app, app.response_class, use_cookies=True)
    client.set_cookie("hub", cookie)
    done, asked, crawled = set[str](), Counter[tuple[str, str]](), Crawl()
    waiting = deque(seeds)
    while waiting:
        address = waiting.popleft()
        route, as_asked = route_of(app, address), _ordered(address)
        if route is None or as_asked in done or asked[route] >= most:
            continue
        done.add(as_asked)
        asked[route] += 1
        response = client.get(as_asked, buffered=True)
        hear(as_asked, said(response))
        crawled.note(as_asked, response)
        waiting.extend(leads(as_asked, response))
    return crawled


def route_of(app: Flask, address: str) -> tuple[str, str] | None:
    """The route that answers at an address, and in which form; None where none does, or only files of the hub's own."""
    parts = urlsplit(address)
    if parts.netloc not in {"", "localhost"}:
        return None
    try:
        endpoint, values = app.url_map.bind("localhost").match(parts.path, "GET")
    except HTTPException:
        return None
    form = dict(parse_qsl(parts.query)).get("form", "")
    return None if endpoint == "static" else (str(endpoint), str(values.get("form", form)))


def _ordered(address: str) -> str:
    parts = urlsplit(address)
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return f"{parts.path}?{query}" if query else parts.path
