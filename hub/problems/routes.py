"""Addresses of problems: the list, the form that opens one, one problem with a form for each thing, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, cast
from uuid import UUID

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub import handover
from hub.access import Permission, Viewer
from hub.errors import BadFile, BadRequest, Conflict, HubError, NotFound
from hub.places import service as places
from hub.problems import attachments, contents, memory, service
from hub.problems.attachments import ShownFile
from hub.problems.choices import Choices, choices
from hub.problems.forms import STAGES, EntryForm, FilterForm, OpeningForm, follow_up, sent
from hub.problems.memory import ShownAbstract
from hub.problems.service import Line, Record, ShownProblem, Thing
from hub.problems.terms import Kind, Stage
from hub.problems.wording import Unfit
from hub.uploads.admitted import admitted
from hub.web import file_sent, needs, saw
from hub.words import month_code, months_before
from hub.zones import service as zones

bp = Blueprint("problems", __name__, url_prefix="/problems")

_LINES = {
    Kind.OPENED: "Opened",
    Kind.DESCRIBED: "Given another title or kind",
    Kind.ASSIGNED: "Assigned",
    Kind.STATEMENT: "What the problem is",
    Kind.CHEERS: "CHEERS check",
    Kind.FINDING: "A finding",
    Kind.TRIANGLE: "Crime triangle",
    Kind.HYPOTHESIS: "A hypothesis",
    Kind.OBJECTIVE: "An objective",
    Kind.RESPONSE: "A response",
    Kind.TASK: "A task",
    Kind.DECISION: "A decision",
    Kind.ASSESSMENT: "An assessment",
    Kind.COMMENT: "A comment",
    Kind.ATTACHED: "A file added",
    Kind.DETACHED: "A file taken off",
    Kind.PUBLISHED: "Told to all boroughs",
    Kind.WITHDRAWN: "Taken back from the problem memory",
    Kind.BASELINE: "Baseline frozen",
    Kind.ASSESSED: "Assessed by the hub",
    Kind.PATROL: "Patrol plan",
}


@dataclass(frozen=True)
class ProblemPage:
    """What the page shows of one problem."""

    record: Record
    files: tuple[ShownFile, ...]
    abstract: ShownAbstract | None
    people: Mapping[str, str]
    """Who may be named, by id."""
    sent: EntryForm | None = None
    """The form that was refused, as it was sent."""
    error: HubError | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    """Of the other forms: what was typed where it was refused."""
    priority_area: str = ""
    """The code of the borough whose ward panel's priority it came from, where this reader reads that borough."""
    stages: Mapping[str, str] = field(default_factory=lambda: STAGES)
    choices: Choices = field(default_factory=choices)
    results: Mapping[str, str] = field(default_factory=lambda: contents.RESULTS)

    @property
    def may_write(self) -> bool:
        """Whether this reader writes to it, and it is not closed."""
        return self.record.may_write and self.record.problem.stage is not Stage.CLOSED

    def fault(self, name: str) -> dict[str, str] | None:
        """What is wrong at a field outside the forms of entries, as its macro takes it."""
        faults = self.error.faults if isinstance(self.error, Unfit) and self.sent is None else {}
        return {"text": faults[name]} if name in faults else None

    def form(self, kind: Kind, thing: Thing | None = None) -> EntryForm:
        """The form of a thing, or of a new one: as it was sent, if it is the one that was refused."""
        fresh = follow_up(thing) if thing else EntryForm(kind, None, 0, contents.AT_FIRST.get(kind, {}))
        if self.sent is None or self.sent.key != fresh.key:
            return fresh
        return EntryForm(kind, fresh.thing, fresh.follows, self.sent.values, self.sent.faults, is_open=True)

    def the(self, kind: Kind) -> Thing | None:
        """The thing of a kind of which there is one; None before it is written."""
        return next(iter(self.record.of(kind)), None)

    def said(self, thing: Thing) -> list[tuple[str, str]]:
        """What is written of a thing: each field that is not empty, with its label."""
        return _said(self.record, thing.kind, thing.body)

    def line(self, line: Line) -> str:
        """What one line of the history is."""
        if line.kind is Kind.MOVED:
            return f"Moved from {line.body['from']} to {line.body['to']}: {line.body['reason']}"
        words = _LINES[line.kind]
        if line.kind is Kind.ASSESSED:
            return f"{words}: {contents.RESULTS[line.body['result']].lower()}. {line.body['reason']}"
        if line.kind is Kind.BASELINE and line.body["reason"]:
            return f"{words} in the place of the one before: {line.body['reason']}"
        if line.kind in contents.fields():
            told = [f"{label}: {value.removesuffix('.')}" for label, value in _said(self.record, line.kind, line.body)]
            return f"{words}. {'; '.join(told)}" if told else words
        name = next((line.body[told] for told in ("file_name", "title", "words") if line.body.get(told)), "")
        return f"{words}: {name}" if name else words

    @property
    def faults(self) -> list[tuple[str, str]]:
        """Each thing that is wrong, with the id of the field it is at."""
        if self.sent is not None and self.sent.faults:
            return self.sent.fault_list
        if isinstance(self.error, Unfit):
            return [(_field_id(name), sentence) for name, sentence in self.error.faults.items()]
        if self.error is not None:
            return [("problem-title", f"{self.error.sentence} {self.error.remedy}")]
        return []


def _field_id(name: str) -> str:
    return {"title": "describe-title", "kind": "describe-kind", "premises": "describe-premises"}.get(name, name)


def _said(record: Record, kind: Kind, body: Mapping[str, str]) -> list[tuple[str, str]]:
    lines = [(one.label, contents.said(one, body.get(one.name, ""), record.names)) for one in contents.fields()[kind]]
    return [(label, value) for label, value in lines if value]


@bp.app_context_processor
def owned() -> dict[str, object]:
    """Let the home page say which problems its reader owns."""
    return {"problems_owned": _owned}


def _owned() -> list[ShownProblem]:
    viewer: Viewer | None = g.get("viewer")
    may_read = viewer is not None and viewer.may(Permission.PROBLEM_READ)
    return service.problems(g.viewer, is_mine=True) if may_read else []


# --- List and opening ------------------------------------------------------------------------------------------------


@bp.get("")
@needs(Permission.PROBLEM_READ)
def index() -> ResponseReturnValue:
    """List problems, by stage, borough and owner."""
    form = FilterForm(request.args)
    form.offer(_boroughs(Permission.PROBLEM_READ))
    found = service.problems(
        g.viewer,
        stage=Stage(form.stage.data) if form.stage.data else None,
        borough_code=form.borough.data,
        is_mine=form.mine.data == "yes",
    )
    numbers = service.numbers(g.viewer)
    return render_template(
        "problems/index.html", problems=found, form=form, numbers=numbers, stages=Stage, results=contents.RESULTS
    )


@bp.get("/new")
@needs(Permission.PROBLEM_WRITE)
def new() -> ResponseReturnValue:
    """Show the form that opens a problem, filled with what the address says."""
    form = OpeningForm(request.args)
    fill_period(form)
    return opening_page(form)


def fill_period(form: OpeningForm) -> None:
    """Propose the last twelve months that are over, where the address says no others."""
    last = months_before(service.today().replace(day=1), 1)
    form.first.data = form.first.data or month_code(months_before(last, 11))
    form.last.data = form.last.data or month_code(last)


@bp.post("")
@needs(Permission.PROBLEM_WRITE)
def open_problem() -> ResponseReturnValue:
    """Open a problem."""
    form = OpeningForm()
    try:
        opened = service.open_problem(g.viewer, form.given(zones.every_zone(g.viewer)))
    except Unfit as refused:
        form.blame(refused.faults)
        return opening_page(form), refused.status
    except BadRequest as refused:
        return opening_page(form, refused), refused.status
    flash(f"Problem {opened.reference} is open.", "success")
    return redirect(url_for(".show", problem_id=opened.id))


def opening_page(form: OpeningForm, error: HubError | None = None, *, action: str = "", source: str = "") -> str:
    """Show the form that opens a problem: sent to `action`, where it comes from a `source`, named in words."""
    boroughs = _boroughs(Permission.PROBLEM_WRITE)
    names = dict(boroughs)
    wards = places.ward_index(g.viewer.session)
    newest = wards[wards["borough_code"].isin(names)].drop_duplicates("ward_code", keep="last")
    its = newest.sort_values(["borough_code", "ward_name"]).itertuples()
    offered = [(str(ward.ward_code), f"{ward.ward_name}, {names[str(ward.borough_code)]}") for ward in its]
    form.offer(boroughs, offered, zones.every_zone(g.viewer), service.people(g.viewer, names))
    if len(boroughs) == 1 and not form.boroughs.data:
        form.boroughs.data = [boroughs[0][0]]
    send_to = action or url_for("problems.open_problem")
    return render_template("problems/new.html", form=form, error=error, action=send_to, source=source)


def _boroughs(permission: Permission) -> list[tuple[str, str]]:
    held = g.viewer.boroughs(permission)
    return [(one.code, one.name) for one in places.boroughs(g.viewer.session, held)]


# --- One problem -----------------------------------------------------------------------------------------------------


@bp.get("/<uuid:problem_id>")
@needs(Permission.PROBLEM_READ)
def show(problem_id: UUID) -> ResponseReturnValue:
    """Show one problem with all that is written of it."""
    return _show(problem_id)


@bp.post("/<uuid:problem_id>/entries/<kind>")
@needs(Permission.PROBLEM_WRITE)
def write(problem_id: UUID, kind: str) -> ResponseReturnValue:
    """Write an entry."""
    its = _kind(kind)
    given = sent(its, request.form)
    try:
        about = service.write(g.viewer, problem_id, its, given.values, thing=given.thing, follows=given.follows)
    except Unfit as refused:
        form = EntryForm(its, given.thing, given.follows, given.values, refused.faults, is_open=True)
        return _show(problem_id, form=form, error=refused)
    except Conflict as refused:
        return _show(problem_id, form=given, error=refused)
    flash("It is written down.", "success")
    anchor = str(about) if its in contents.REPEATED else f"the-{its.value}"
    return redirect(url_for(".show", problem_id=problem_id, _anchor=anchor))


@bp.post("/<uuid:problem_id>/title")
@needs(Permission.PROBLEM_WRITE)
def describe(problem_id: UUID) -> ResponseReturnValue:
    """Give a problem another title, kind or kind of premises."""
    typed = {name: request.form.get(name, "") for name in ("title", "kind", "premises")}
    try:
        service.describe(g.viewer, problem_id, **typed)
    except (Unfit, Conflict) as refused:
        return _show(problem_id, error=refused, typed=typed)
    flash("It is written down.", "success")
    return redirect(url_for(".show", problem_id=problem_id))


@bp.post("/<uuid:problem_id>/stage")
@needs(Permission.PROBLEM_WRITE)
def move(problem_id: UUID) -> ResponseReturnValue:
    """Move a problem to another stage, or close it."""
    typed = {name: request.form.get(name, "") for name in ("stage", "reason")}
    try:
        if typed["stage"] not in STAGES:
            raise Unfit({"stage": "Choose a stage."})
        service.move(g.viewer, problem_id, Stage(typed["stage"]), typed["reason"])
    except (Unfit, Conflict) as refused:
        return _show(problem_id, error=refused, typed=typed)
    flash(f"It is at {typed['stage']} now." if typed["stage"] != Stage.CLOSED else "It is closed.", "success")
    return redirect(url_for(".show", problem_id=problem_id))


# --- Files -----------------------------------------------------------------------------------------------------------


@bp.post("/<uuid:problem_id>/files")
@needs(Permission.PROBLEM_WRITE)
def attach(problem_id: UUID) -> ResponseReturnValue:
    """Put a file beside a problem."""
    try:
        file = file_sent()
        if file is None:
            raise Unfit({"file": "Choose a file."})
        service.problem(g.viewer, problem_id, Permission.PROBLEM_WRITE)
        # Reading takes seconds, in which an open transaction on SQLite keeps everybody else from writing.
        g.viewer.session.rollback()
        kept = admitted(g.viewer, cast(BinaryIO, file.stream), file.filename or "")
        added = attachments.attach(g.viewer, problem_id, kept)
    except (BadRequest, BadFile, Conflict) as refused:
        shown = refused if isinstance(refused, Unfit) else Unfit({"file": str(refused)})
        shown.status = refused.status
        return _show(problem_id, error=shown)
    flash(f"The file '{added.file_name}' is beside the problem.", "success")
    return redirect(url_for(".show", problem_id=problem_id, _anchor="files"))


@bp.get("/<uuid:problem_id>/files/<uuid:file_id>")
@needs(Permission.PROBLEM_READ)
def file(problem_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Ask what a file is taken for."""
    return _ask(problem_id, file_id)


@bp.post("/<uuid:problem_id>/files/<uuid:file_id>")
@needs(Permission.PROBLEM_READ)
def take(problem_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Give a file, once it is on the record that it left, and for what."""
    try:
        taken = handover.given()
    except BadRequest as error:
        return _ask(problem_id, file_id, error)
    found = attachments.taken(g.viewer, problem_id, file_id, taken.purpose)
    response = Response(found.content, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=found.file_name)
    return response


@bp.post("/<uuid:problem_id>/files/<uuid:file_id>/take-off")
@needs(Permission.PROBLEM_WRITE)
def detach(problem_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Take a file off a problem, for good."""
    name = attachments.detach(g.viewer, problem_id, file_id)
    flash(f"The file '{name}' is deleted.", "success")
    return redirect(url_for(".show", problem_id=problem_id, _anchor="files"))


def _ask(problem_id: UUID, file_id: UUID, error: BadRequest | None = None) -> ResponseReturnValue:
    found = attachments.file(g.viewer, problem_id, file_id)
    back = url_for(".show", problem_id=problem_id, _anchor="files")
    return handover.ask(f"the file '{found.file_name}'", back, error, is_on_file=False)


def _priority_area(problem: ShownProblem) -> str:
    wards = places.ward_index(g.viewer.session)
    its = set(wards[wards["ward_code"] == problem.place.ward_code]["borough_code"]) if problem.priority_id else set()
    return min(map(str, its & g.viewer.boroughs(Permission.SUMMARY_READ)), default="")


# --- The page --------------------------------------------------------------------------------------------------------


def _kind(written: str) -> Kind:
    if written not in {kind.value for kind in contents.fields()}:
        raise NotFound
    return Kind(written)


def _show(
    problem_id: UUID,
    *,
    form: EntryForm | None = None,
    error: HubError | None = None,
    typed: Mapping[str, str] | None = None,
) -> ResponseReturnValue:
    """One problem as it stands, beside what somebody sent, where that was refused."""
    record = service.record(g.viewer, problem_id)
    problem = record.problem
    page = ProblemPage(
        record=record,
        files=attachments.files(g.viewer, problem_id),
        abstract=memory.abstract(g.viewer, problem_id),
        people=service.people(g.viewer, problem.borough_codes) if record.may_write else {},
        sent=form,
        error=error,
        typed=typed or {},
        priority_area=_priority_area(problem),
    )
    saw("problem.viewed", problem_id, problem.borough_codes)
    body = render_template("problems/show.html", page=page, record=record, problem=problem, Kind=Kind, Stage=Stage)
    return body, error.status if error else 200
