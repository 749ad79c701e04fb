"""A quarterly pack from its first draft to the public page, by the people whose part each step is."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from hub import audit, frontend
from hub.access import Role
from hub.config import Settings
from hub.demo.service import DemoPerson
from hub.documents.writers import Form
from hub.reports import schedules
from hub.words import MARKING
from tests.browser.conftest import PICTURES, unused_port
from tests.browser.test_leader import is_plain
from tests.browser.visitor import DESK, PHONE, SPILT, Visitor
from tests.conftest import HOME, PASSWORD, make_app
from tests.documents.read_back import squeezed, words_in
from tests.reports.conftest import COUNTS, LEADER, LIAISON, OFFICER, Press, press
from tests.reports.test_doing import open_some
from tests.reports.test_files import work
from tests.summaries.counted import LAST, LATEST, WEST, as_met_file, as_released, by, plus, total
from tests.test_mail import Postbox, postbox

__all__ = ["postbox", "press"]

pytestmark = [pytest.mark.parametrize("settings", ["sqlite"], indirect=True), pytest.mark.slow]

REPORTS = f"/areas/{HOME}/reports"
TITLE = "Alder: quarterly update to March 2025"
DONE = "Patrols met shopkeepers every week."
SENT_BACK = "Say what the patrols came to."
WHY_AGAIN = "Late records of burglary came in."


@dataclass(frozen=True)
class Newsroom:
    """Where the reports of Alder are made and read: a hub that is served, a worker and a mail server."""

    press: Press
    settings: Settings
    box: Postbox
    browse: Callable[[Role | None], Visitor]

    def work(self) -> None:
        """Let the worker do all that waits for it."""
        work(self.press, self.settings)

    def link_of_last_letter(self) -> str:
        """Where the letter that was sent last leads."""
        plain = self.box.taken[-1].get_body(("plain",)).get_content()
        return next(line for line in plain.splitlines() if line.startswith(self.settings.public_address))


@pytest.fixture
def newsroom(
    press: Press,
    settings: Settings,
    postbox: tuple[Postbox, str],
    chromium: Browser,
) -> Iterator[Newsroom]:
    """Two years of Alder, served to whoever opens a browser."""
    frontend.prepare()
    box, where = postbox
    address = f"http://127.0.0.1:{unused_port()}"
    settings = replace(settings, smtp=f"smtp://{where}", mail_from="hub@hub.example", address=address)
    server = make_server("127.0.0.1", int(address.rpartition(":")[2]), make_app(settings), threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    pictures = Path(PICTURES, "reports") if PICTURES else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    visitors = []

    def browse(role: Role | None) -> Visitor:
        visitor = Visitor(chromium, address, is_fictional=True, size=DESK, pictures=pictures)
        visitors.append(visitor)
        if role is not None:
            visitor.sign_in(DemoPerson(press.people[role], PASSWORD, role.title, "Alder"))
        return visitor

    yield Newsroom(press, settings, box, browse)
    for visitor in visitors:
        visitor.close()
    server.shutdown()
    serving.join()


def told(visitor: Visitor, words: str) -> None:
    """Wait until the page says something."""
    expect(visitor.page.locator("main")).to_contain_text(words)


def draft_and_ask(officer: Visitor) -> str:
    """Draft a quarterly update, write in it and ask for its approval; gives its address."""
    page = officer.page
    officer.go(REPORTS)
    officer.follow(page.get_by_role("button", name="Draft a report"))
    officer.look("report-new")
    page.get_by_label("Kind of report").select_option(label="Quarterly update")
    officer.follow(page.get_by_role("button", name="Make the draft"))
    officer.look("report-edit")
    page.locator("#words-actions").fill(DONE)
    officer.follow(page.get_by_role("button", name="Save, and look at the draft"))
    told(officer, DONE)
    officer.follow(page.get_by_role("button", name="Ask for approval"))
    told(officer, "You asked for approval.")
    officer.look("report-asked")
    return urlsplit(page.url).path


def approve(liaison: Visitor) -> None:
    """Approve the draft that the home page tells of."""
    liaison.go("/")
    liaison.follow(liaison.page.get_by_role("link", name="asks you to approve"))
    liaison.follow(liaison.page.get_by_role("button", name="Approve, and freeze it as known today"))
    told(liaison, "The report is approved, and frozen as known today.")


def test_a_pack_is_drafted_asked_for_sent_back_approved_taken_away_and_made_public(newsroom: Newsroom) -> None:
    officer, liaison, leader = (newsroom.browse(role) for role in (OFFICER, LIAISON, LEADER))
    leader.go(REPORTS)
    leader.follow(leader.page.get_by_role("button", name="Tell me of new reports"))

    here = draft_and_ask(officer)
    newsroom.work()
    assert newsroom.box.recipients == [[newsroom.press.people[LIAISON]]]
    liaison.go("/")
    liaison.look("home-with-a-draft")
    liaison.go(newsroom.link_of_last_letter())
    liaison.look("report-to-approve")
    liaison.page.get_by_text("Send it back", exact=True).click()
    liaison.page.get_by_label("What is to be changed?").fill(SENT_BACK)
    liaison.follow(liaison.page.get_by_role("button", name="Send it back to the officer"))

    officer.go("/")
    told(officer, SENT_BACK)
    officer.look("home-with-a-draft-sent-back")
    officer.follow(officer.page.get_by_role("link", name=f"sent “{TITLE}” back to you"))
    officer.follow(officer.page.get_by_role("button", name="Edit the draft"))
    officer.page.locator("#words-actions").fill(f"{DONE}\n\n- Fewer reports came from the market.")
    officer.follow(officer.page.get_by_role("button", name="Save, and look at the draft"))
    officer.follow(officer.page.get_by_role("button", name="Ask for approval"))
    approve(liaison)
    liaison.look("report-approved")
    assert leader.refusal_of(f"{here}/edit") == 403

    newsroom.work()
    assert [newsroom.press.people[LEADER]] in newsroom.box.recipients
    leader.go(here)
    told(leader, "Fewer reports came from the market.")
    leader.look("report")
    is_plain(leader.page.locator(".document"))
    tables_fit_a_phone(leader)
    for length in ("In a sentence", "On a page"):
        leader.follow(leader.page.get_by_role("link", name=length))
        leader.look(f"report-{length.split()[-1]}")
    leader.go(here)
    take_every_form_away(leader)
    publish(newsroom, leader)


def tables_fit_a_phone(leader: Visitor) -> None:
    """On a phone no table of the open report has to be pushed sideways to be read."""
    leader.page.set_viewport_size(PHONE)
    hidden = leader.page.eval_on_selector_all(
        ".document-table", "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.ariaLabel)"
    )
    assert hidden == []
    leader.page.set_viewport_size(DESK)


def take_every_form_away(leader: Visitor) -> None:
    """Take the open report away in each form, saying what for: each holds the same figures and its marking."""
    page, here = leader.page, leader.page.url
    wanted = [as_released(total(COUNTS, LATEST)), *map(as_released, by(COUNTS, "group", LATEST).values())]
    for form in Form:
        leader.go(here)
        leader.follow(page.get_by_role("link", name=form.words, exact=True))
        page.get_by_label("Performance, scrutiny and reports to members").check()
        with page.expect_download() as taking:
            page.get_by_role("button", name="Download").click()
        content = Path(taking.value.path()).read_bytes()
        said = squeezed(words_in(form, content))
        assert squeezed(MARKING) in said, form
        assert squeezed(DONE) in said or form in {Form.CSV, Form.XLSX, Form.ODS}, form
        for figure in wanted:
            assert str(figure) in said, (form, figure)
    leader.go(here)
    leader.is_content()


def publish(newsroom: Newsroom, leader: Visitor) -> None:
    """Let the public read the open report, read it as somebody with no account, and withdraw it."""
    page = leader.page
    leader.follow(page.get_by_role("link", name="Let the public read this report"))
    leader.look("report-before-it-is-public")
    leader.follow(page.get_by_role("button", name="Let anybody read it"))
    address = str(page.get_by_role("link", name="its public page").get_attribute("href"))
    anybody = newsroom.browse(None)
    for size in (DESK, PHONE):
        anybody.page.set_viewport_size(size)
        anybody.go(address)
        expect(anybody.page.locator("h1")).to_have_text(TITLE)
        assert anybody.page.evaluate(SPILT) == []
        assert Axe().run(anybody.page).response["violations"] == []
    expect(anybody.page.locator("body")).not_to_contain_text(MARKING)
    leader.follow(page.get_by_role("button", name="Withdraw it"))
    assert anybody.page.goto(address).status == 404


def test_a_restated_figure_is_told_beside_a_report_and_a_revised_edition_takes_its_place(newsroom: Newsroom) -> None:
    officer, liaison, leader = (newsroom.browse(role) for role in (OFFICER, LIAISON, LEADER))
    first = newsroom.press.approved("quarterly")
    late = plus(COUNTS, (LAST, WEST, "Burglary", 400))
    newsroom.press.desk.commit(newsroom.press.people[OFFICER], as_met_file(late))

    here = f"{REPORTS}/{first}"
    leader.go(here)
    told(leader, "Figures restated since.")
    leader.page.get_by_text("Which figures").click()
    was, now = (f"{as_released(total(counts, LATEST)):,}" for counts in (COUNTS, late))
    told(leader, f"{was} in the report, {now} now")
    leader.look("report-restated")

    officer.go(here)
    officer.page.get_by_text("Issue it again, revised").click()
    officer.page.get_by_label("Why is it issued again?").fill(WHY_AGAIN)
    officer.follow(officer.page.get_by_role("button", name="Draft the revised edition"))
    officer.follow(officer.page.get_by_role("button", name="Save, and look at the draft"))
    officer.follow(officer.page.get_by_role("button", name="Ask for approval"))
    approve(liaison)

    leader.go(here)
    leader.follow(leader.page.get_by_role("link", name="A revised edition"))
    expect(leader.page.locator("h1").first).to_have_text(f"{TITLE} (revised)")
    for words in ("Revised.", WHY_AGAIN, "Figures that differ from", f"{now}"):
        told(leader, words)
    leader.look("report-revised")


def test_a_scheduled_report_is_drafted_for_the_officer_and_read_by_its_reader_alone(newsroom: Newsroom) -> None:
    open_some(newsroom.press)
    officer, liaison, leader = (newsroom.browse(role) for role in (OFFICER, LIAISON, LEADER))
    leader.go(REPORTS)
    leader.follow(leader.page.get_by_role("button", name="Tell me of new reports"))
    due = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    page = officer.page
    officer.go(REPORTS)
    officer.follow(page.get_by_role("link", name="What is drafted by itself"))
    page.get_by_label("Kind of report").select_option(label="Committee pack")
    page.get_by_label("Due on").fill(due.isoformat())
    officer.follow(page.get_by_role("button", name="Have it drafted"))
    told(officer, "The report will be drafted by itself.")
    expect(page.get_by_role("button", name=re.compile(r"^End this\s*: Committee pack, due on"))).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("<")
    officer.look("report-schedules")

    day = due - dt.timedelta(days=14)
    assert schedules.draft_due(newsroom.press.desk.database, day, audit.MACHINE) == 1
    newsroom.work()
    officer.go(REPORTS)
    officer.follow(page.get_by_role("link", name="Alder: committee pack to March 2025"))
    drafted = page.url
    assert leader.refusal_of(drafted) == 404
    officer.follow(page.get_by_role("button", name="Ask for approval"))
    approve(liaison)
    newsroom.work()
    to_leader = [box for box in newsroom.box.recipients if box == [newsroom.press.people[LEADER]]]
    assert len(to_leader) == 1
    leader.go(drafted)
    told(leader, f"{as_released(total(COUNTS, LATEST)):,}")
    told(leader, "Robbery at the bus station")
    tables_fit_a_phone(leader)
    leader.follow(leader.page.get_by_role("link", name="Reports of Alder"))
    leader.look("reports")
    leader.follow(leader.page.get_by_role("link", name="Summary of Alder"))
    doing = leader.table("Problems in Alder")
    assert [row[2] for row in doing] == ["Being looked into", "Being acted on", "Closed", "Closed"]
    leader.look("summary-with-problems")
