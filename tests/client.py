"""A test client that reads every answer as a strict reader would, and fails the test at the first thing wrong with it.

It checks the headers that every answer carries and, of every page, what a browser or a screen reader would stumble on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
LABELLED = ("input", "select", "textarea")
UNLABELLED_INPUTS = {"hidden", "submit", "button", "image", "reset"}
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "headers", "list")


TOKEN = re.compile(r'(name="csrf_token"[^>]* value=)"([^"]+)"')
ANY_TOKEN, ANY_NONCE = "any-token", "any-nonce"
"""What stands in a page as checked where each answer has its own."""


class Page:
    """One page as parsed."""

    def __init__(self, source: str) -> None:
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        self.tree: Element = parser.parse(source)
        self.parents = {child: parent for parent in self.tree.iter() for child in parent}

    def all(self, *tags: str) -> Iterator[Element]:
        """Every element with one of some tags, in the order of the page."""
        return (element for element in self.tree.iter() if element.tag in tags)

    @property
    def h1(self) -> str:
        """Its one main heading."""
        return words_of(next(self.all("h1")))

    @property
    def title(self) -> str:
        """What the browser's tab says."""
        return words_of(next(self.all("title")))

    @property
    def text(self) -> str:
        """All that it says."""
        return words_of(self.tree)

    @property
    def main(self) -> str:
        """All that its main part says."""
        return words_of(next(self.all("main")))

    @property
    def errors(self) -> list[str]:
        """What the error summary says."""
        summary = (element for element in self.all("div") if "govuk-error-summary" in element.get("class", "").split())
        return [words_of(item) for element in summary for item in element.iter("li")]


class StrictClient(FlaskClient):
    """Asks as a browser would, checks every answer, and keeps the last page and its CSRF token."""

    page: Page
    csrf_token: str | None = None

    def open(self, *args: Any, **options: Any) -> TestResponse:
        """Ask, then check the answer before the test sees it."""
        response = super().open(*args, **options)
        check_headers(response)
        if _is_page(response):
            self.page = check_page(response)
            token = TOKEN.search(response.get_data(as_text=True))
            self.csrf_token = token[2] if token else self.csrf_token
        return response

    def submit(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form, with the token that the last page gave."""
        if self.csrf_token is None:
            self.get("/sign-in", follow_redirects=True)
        return self.post(path, data={**(fields or {}), "csrf_token": self.csrf_token}, **options)

    def take(self, path: str, purpose: str = "tasking") -> TestResponse:
        """Take a file away, saying what for."""
        return self.submit(path, {"purpose": purpose})

    def sign_in(self, email: str, password: str, *, next_page: str = "") -> TestResponse:
        """Sign in by the page, as a person would."""
        self.get("/sign-in")
        return self.submit("/sign-in", {"email": email, "password": password, "next": next_page})

    def sign_out(self) -> TestResponse:
        """Sign out by the button at the top of every page."""
        return self.submit("/sign-out")


def _is_page(response: TestResponse) -> bool:
    """Whether a reader gets to see it: not a redirection, a download, or the answer to HEAD."""
    is_shown = response.mimetype == "text/html" and "Content-Disposition" not in response.headers
    return is_shown and not 300 <= response.status_code < 400 and bool(response.data)


def words_of(element: Element) -> str:
    """What an element says, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def check_headers(response: TestResponse) -> None:
    """Check what every answer carries, whatever it is."""
    headers, where = response.headers, f"{response.request.method} {response.request.path}"
    policy = headers.get("Content-Security-Policy", "")
    for wanted in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert wanted in policy, f"{where}: the content security policy lacks {wanted}: {policy!r}"
    assert "unsafe" not in policy, f"{where}: {policy}"
    assert headers.get("X-Content-Type-Options") == "nosniff", where
    assert headers.get("X-Frame-Options") == "DENY", where
    assert headers.get("Referrer-Policy") == "same-origin", where
    if not response.request.path.startswith("/static/"):
        assert headers.get("Cache-Control") == "no-store, private", where
    for cookie in headers.getlist("Set-Cookie"):
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; ")[1:]), f"{where}: {cookie}"
    location = urlsplit(headers.get("Location", ""))
    assert not location.netloc, f"{where} sends the reader to {location.netloc}"


def check_page(response: TestResponse) -> Page:
    """Check what every page must be, and give it parsed; its token and its nonce are those of any such page."""
    nonce = re.search(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])
    assert nonce, f"{response.request.path}: no nonce in the policy"
    source = TOKEN.sub(rf'\1"{ANY_TOKEN}"', response.get_data(as_text=True).replace(nonce[1], ANY_NONCE))
    try:
        return _checked(source)
    except (AssertionError, html5lib.html5parser.ParseError) as error:
        error.add_note(f"{response.request.method} {response.request.path}")
        raise


@lru_cache(maxsize=500)
def _checked(source: str) -> Page:
    """Parse and check a page once: hundreds of answers are the same sign-in page, or the same refusal."""
    page = Page(source)
    _check_frame(page)
    _check_names(page)
    _check_controls(page)
    _check_nothing_runs_or_loads_unasked(page)
    return page


def _check_frame(page: Page) -> None:
    assert next(page.all("html")).get("lang") == "en"
    assert re.fullmatch(r"\S.* – .*hub", page.title), f"the title is {page.title!r}"
    levels = [HEADINGS.index(str(heading.tag)) for heading in page.all(*HEADINGS)]
    assert levels.count(0) == 1, f"{levels.count(0)} main headings"
    assert len(list(page.all("main"))) == 1
    in_main = [HEADINGS.index(str(heading.tag)) for heading in next(page.all("main")).iter() if heading.tag in HEADINGS]
    for before, after in itertools.pairwise(in_main):
        assert after <= before + 1, f"a heading skips from h{before + 1} to h{after + 1}"
    for element in page.all("a", "button", "caption", "legend", "th", *HEADINGS):
        named = words_of(element) or element.get("aria-label") or element.get("aria-labelledby")
        assert named or element.tag == "th", f"a {element.tag} says nothing: {element.attrib}"
    for image in page.all("img"):
        assert image.get("alt") is not None, f"an image has no alternative: {image.attrib}"


def _check_names(page: Page) -> None:
    ids = [element.get("id", "") for element in page.tree.iter() if element.get("id") is not None]
    twice = {name for name in ids if ids.count(name) > 1}
    assert not twice, f"more than one element is called {twice}"
    assert all(ids), "an element has an empty id"
    for element in page.tree.iter():
        named = [name for reference in REFERENCES for name in element.get(reference, "").split()]
        href = element.get("href", "")
        if href.startswith("#") and len(href) > 1:
            named.append(href[1:])
        missing = set(named) - set(ids)
        assert not missing, f"a {element.tag} refers to {missing}, which is not there"


def _check_controls(page: Page) -> None:
    labels = {label.get("for") for label in page.all("label")}
    for control in page.all(*LABELLED):
        if control.tag == "input" and control.get("type") in UNLABELLED_INPUTS:
            continue
        is_named = control.get("aria-label") or control.get("aria-labelledby") or control.get("id") in labels
        assert is_named or _is_inside(page, control, "label"), f"no label for {control.attrib}"
    for form in page.all("form"):
        if form.get("method", "get").lower() == "post":
            tokens = [field for field in form.iter("input") if field.get("name") == "csrf_token"]
            assert len(tokens) == 1, f"a form has {len(tokens)} tokens"
            assert tokens[0].get("value"), "a form's token is empty"


def _is_inside(page: Page, element: Element, tag: str) -> bool:
    while (parent := page.parents.get(element)) is not None:
        if parent.tag == tag:
            return True
        element = parent
    return False


def _check_nothing_runs_or_loads_unasked(page: Page) -> None:
    for script in page.all("script"):
        is_content = script.get("type", "").endswith("json")
        assert is_content or script.get("nonce") == ANY_NONCE, "a script lacks the nonce"
    assert not list(page.all("style")), "a style element"
    for element in page.tree.iter():
        unwanted = [name for name in element.attrib if name == "style" or name.startswith("on")]
        assert not unwanted, f"a {element.tag} has {unwanted}"
        for name in ("href", "src", "action", "formaction", "srcset", "data"):
            target = urlsplit(element.get(name, ""))
            is_link_out = element.tag == "a" and target.scheme == "https"
            assert is_link_out or target.scheme in {"", "data", "mailto"}, f"{name}={element.get(name)}"
            assert is_link_out or not target.netloc, f"{name}={element.get(name)}"
