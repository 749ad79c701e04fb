"""A person at a browser: goes where a test sends them, and finds fault with every page they look at.

A page is looked at as wide as a desk and as narrow as a phone. What the browser itself complains of counts as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, ViewportSize, expect

from hub.demo.service import DemoPerson
from hub.words import MARKING

DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
PATIENCE_IN_MILLISECONDS = 120_000
"""A ceiling, not a promise: a page may be asked for on a machine whose processors others use as well."""
expect.set_options(timeout=PATIENCE_IN_MILLISECONDS)
FICTIONAL = "does not exist: every place, person and figure here is invented"
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
TELL_OF_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (violation) =>
  console.error(`content security policy: ${violation.violatedDirective} ${violation.blockedURI}`));
"""
FRAME = """() => ({
  headings: [...document.querySelectorAll("h1")].map((heading) => heading.innerText.trim()),
  markings: [...document.querySelectorAll(".hub-marking")].map((marking) => marking.innerText),
  banner: document.querySelector(".hub-fictional")?.innerText ?? "",
})"""
ROWS = r"""(table) => {
  const said = (cell) => {
    const seen = cell.cloneNode(true);
    for (const unseen of seen.querySelectorAll(".govuk-visually-hidden")) unseen.remove();
    return seen.textContent.replace(/\s+/g, " ").trim();
  };
  return [...table.querySelectorAll("tbody tr")].map((row) => [...row.cells].map(said));
}"""
SPILT = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const all = [...document.body.querySelectorAll("*")];
  const spilling = all.filter((one) => one.getBoundingClientRect().right > room + 1);
  return spilling.map((one) => `${one.tagName.toLowerCase()}.${one.className}`).slice(-5).concat("is too wide");
}"""


class Visitor:
    """One person's browser, on one hub."""

    def __init__(
        self, browser: Browser, address: str, *, is_fictional: bool, size: ViewportSize, pictures: Path | None
    ) -> None:
        self._host = urlsplit(address).netloc
        self._is_fictional = is_fictional
        self._size = size
        self._pictures = pictures
        self._faults: list[str] = []
        self._refusals_expected = False
        context = browser.new_context(base_url=address, viewport=size, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_IN_MILLISECONDS)
        context.add_init_script(TELL_OF_VIOLATIONS)
        self.page: Page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._faults.append(f"a script failed: {error}"))
        self.page.on("request", self._see_request)
        self.close: Callable[[], None] = context.close

    # --- Going about ---

    def go(self, path: str) -> None:
        """Open an address of the hub."""
        self.page.goto(path)

    def follow(self, way: Locator) -> None:
        """Press a link or a button that leads to a page, and wait until it is there."""
        with self.page.expect_navigation():
            way.click()

    def sign_in(self, person: DemoPerson) -> None:
        """Sign in by the page, as a person would."""
        self.go("/")
        self.page.get_by_label("E-mail address").fill(person.email)
        self.page.get_by_label("Password", exact=True).fill(person.password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out").wait_for()

    def refusal_of(self, path: str) -> int:
        """Open an address that is to be refused, look at the page that says so, and give its status."""
        with self.expecting_refusal():
            response = self.page.goto(path)
            assert response is not None
            self.look(f"refused-{response.status}")
        return response.status

    @contextmanager
    def expecting_refusal(self) -> Iterator[None]:
        """Take it for no fault that the browser reports being refused, while this lasts."""
        self._refusals_expected = True
        yield
        self._refusals_expected = False

    def table(self, name: str) -> list[list[str]]:
        """What each row of a table's body says, cell by cell."""
        rows: list[list[str]] = self.page.get_by_role("table", name=name).evaluate(ROWS)
        return rows

    # --- Finding fault ---

    def look(self, name: str) -> None:
        """Fail the test if anything is wrong with the page that is open; keep a picture of it under a name."""
        self.page.wait_for_load_state("load")
        self._faults += [f"{fault} ({name}, {self.page.url})" for fault in self._faults_of_frame()]
        for width, viewport in (("wide", DESK), ("narrow", PHONE)):
            self.page.set_viewport_size(viewport)
            if self._pictures:
                self.page.screenshot(path=self._pictures / f"{name}-{width}.png", full_page=True)
            self._faults += [f"{fault} ({name}, {width})" for fault in self._faults_of_layout()]
            # The pages of both cities are the same pages, and axe takes seconds of each: on a phone, one will do.
            if viewport is DESK or self._is_fictional:
                self._faults += [f"{fault} ({name}, {width})" for fault in self._faults_by_axe()]
        self.page.set_viewport_size(self._size)
        self.is_content()

    def is_content(self) -> None:
        """Fail the test if anything has gone wrong so far, whether on a page looked at or on the way there."""
        assert not self._faults, "\n".join(self._faults)

    def _faults_of_frame(self) -> Iterator[str]:
        frame, title = self.page.evaluate(FRAME), self.page.title()
        if len(frame["headings"]) != 1 or not frame["headings"][0]:
            yield f"its main headings are {frame['headings']}"
        if not re.fullmatch(r"\S.* – .+ hub", title):
            yield f"its title is {title!r}"
        if len(frame["markings"]) != 2 or not all(words.startswith(MARKING) for words in frame["markings"]):
            yield f"its markings are {frame['markings']}"
        if (FICTIONAL in frame["banner"]) is not self._is_fictional:
            yield f"its banner says {frame['banner']!r}"

    def _faults_of_layout(self) -> Iterator[str]:
        if spilt := self.page.evaluate(SPILT):
            yield f"it scrolls sideways: {', '.join(spilt)}"

    def _faults_by_axe(self) -> Iterator[str]:
        for violation in Axe().run(self.page).response["violations"]:
            nodes = [node["html"] for node in violation["nodes"]]
            yield f"axe: {violation['id']}: {violation['help']}: {json.dumps(nodes[:3])}"

    def _hear(self, message: ConsoleMessage) -> None:
        is_expected = self._refusals_expected and REFUSED.match(message.text)
        if message.type in ("error", "warning") and not is_expected:
            self._faults.append(f"the console says: {message.text} ({self.page.url})")

    def _see_request(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.netloc != self._host and asked.scheme not in ("data", "blob"):
            self._faults.append(f"something was asked of {asked.netloc or asked.scheme} ({self.page.url})")
