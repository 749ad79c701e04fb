"""The request: who is asking, may they, one commit at the end, headers on every answer, and one page for every error.

Routes translate; everything they all need happens here, once.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Collection
from functools import cache
from types import CodeType
from typing import Any, TypeVar, cast

import orjson
from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from jinja2 import BytecodeCache, Environment, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from hub import access, audit, witness
from hub.access import Permission, Viewer
from hub.config import Settings, shipped
from hub.db import Database, HubSession
from hub.errors import (
    BadRequest,
    HubError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    NotUnderstood,
    OurFault,
    TooLarge,
    Unavailable,
)
from hub.words import FILTERS, HANDLING, MARKING

log = logging.getLogger(__name__)

PUBLIC = "public"
SIGNED_IN = "signed in"
HALF_WAY = "half way"
FOR_SCRIPTS = "/api/"
"""Below this every answer is JSON, also where nothing is."""
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ONE_YEAR = 31_536_000

CONTENT_SECURITY_POLICY: dict[str, str | list[str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": ["'self'", "data:"],
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

GOVUK_MACROS = (
    "back-link:BackLink breadcrumbs:Breadcrumbs button:Button checkboxes:Checkboxes details:Details "
    "error-summary:ErrorSummary fieldset:Fieldset file-upload:FileUpload hint:Hint input:Input inset-text:InsetText "
    "notification-banner:NotificationBanner pagination:Pagination panel:Panel password-input:PasswordInput "
    "phase-banner:PhaseBanner radios:Radios select:Select service-navigation:ServiceNavigation skip-link:SkipLink "
    "summary-list:SummaryList table:Table tabs:Tabs tag:Tag task-list:TaskList textarea:Textarea "
    "warning-text:WarningText"
)

_CODE = re.compile(r"(?=.*\d)[A-Za-z0-9-]{1,40}")

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
Gate = Callable[[], Viewer]
"""Tells who is asking, or refuses."""


class Outsider(AnonymousUserMixin):  # type: ignore[misc]
    """A browser that nobody has signed in with."""

    is_half_way = False


login_manager = LoginManager()
login_manager.anonymous_user = Outsider
csrf = CSRFProtect()


# --- What each route declares ----------------------------------------------------------------------------------------


def public(view: View) -> View:
    """Let anybody ask for this page."""
    view.rule = PUBLIC  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Let anybody who is signed in ask for this page; what they see on it is their own."""
    view.rule = SIGNED_IN  # type: ignore[attr-defined]
    return view


def half_way(view: View) -> View:
    """Let anybody ask for this page who is signed in, or whose password was right and the second step not taken yet."""
    view.rule = HALF_WAY  # type: ignore[attr-defined]
    return view


def needs(permission: Permission) -> Callable[[View], View]:
    """Let those ask for this page who hold a permission somewhere; the service decides whether here."""

    def mark(view: View) -> View:
        view.rule = permission  # type: ignore[attr-defined]
        return view

    return mark


def open_to_one_seen_as(view: View) -> View:
    """Let somebody who sees the hub as another role send this form; they can send no other."""
    view.is_open_to_one_seen_as = True  # type: ignore[attr-defined]
    return view


def admitted_by(gate: Gate) -> Callable[[View], View]:
    """Let those ask for this whom a gate of its own admits, and nobody for being signed in: it knows no cookie."""

    def mark(view: View) -> View:
        view.rule = gate  # type: ignore[attr-defined]
        return view

    return mark


def rule_of(app: Flask, endpoint: str) -> str | Permission | Gate | None:
    """What a route declares of who may ask for it; None when it declares nothing."""
    return PUBLIC if endpoint == "static" else getattr(app.view_functions[endpoint], "rule", None)


def refuse_undeclared(app: Flask) -> None:
    """Stop the start if any route does not say who may ask for it."""
    undeclared = sorted({rule.endpoint for rule in app.url_map.iter_rules() if rule_of(app, rule.endpoint) is None})
    if undeclared:
        raise RuntimeError(f"These routes declare no permission: {', '.join(undeclared)}.")


# --- One request -----------------------------------------------------------------------------------------------------


def prepare(app: Flask, settings: Settings, database: Database) -> None:
    """Set up everything that every request needs."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        DEBUG=settings.debug,
        TESTING=settings.environment == "test",
        MAX_CONTENT_LENGTH=settings.max_upload_megabytes * 1_000_000 + 100_000,
        MAX_FORM_MEMORY_SIZE=2_000_000,
        MAX_FORM_PARTS=1_000,
        TRUSTED_HOSTS=list(settings.hosts),
        SESSION_COOKIE_NAME="__Host-hub" if settings.is_production else "hub",
        SESSION_COOKIE_SECURE=settings.is_production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.extensions["hub_settings"] = settings
    app.extensions["hub_database"] = database
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies
        )
    _prepare_templates(app)
    app.before_request(_open)
    Talisman(
        app,
        force_https=settings.is_production,
        session_cookie_secure=settings.is_production,
        strict_transport_security=settings.is_production,
        strict_transport_security_max_age=ONE_YEAR,
        content_security_policy=_policy(settings),
        content_security_policy_nonce_in=["script-src"],
        frame_options="DENY",
        referrer_policy="same-origin",
    )
    login_manager.init_app(app, add_context_processor=False)
    # Before the CSRF check, which reads the whole body: nobody gets to send one who is not let in.
    app.before_request(_admit)
    csrf.init_app(app)
    app.before_request(_refuse_unwritable)
    # The last of these comes first.
    app.after_request(_commit)
    app.after_request(_forbid_keeping)
    app.after_request(_give_once_recorded)
    app.teardown_request(_close)
    for kind in (HubError, HTTPException, CSRFError, OperationalError, Exception):
        app.register_error_handler(kind, _problem)


def _policy(settings: Settings) -> dict[str, str | list[str]]:
    """The same policy for every page, which lets a background map's own pictures in where one is configured."""
    pictures = [*CONTENT_SECURITY_POLICY["img-src"], *filter(None, [settings.basemap_origin])]
    return {**CONTENT_SECURITY_POLICY, "img-src": pictures}


def settings() -> Settings:
    """The settings of the app now serving."""
    return cast(Settings, current_app.extensions["hub_settings"])


def database() -> Database:
    """The database of the app now serving."""
    return cast(Database, current_app.extensions["hub_database"])


def _open() -> ResponseReturnValue | None:
    if isinstance(request.routing_exception, SecurityError):
        # No page can be made: its links would carry the name that the request made up.
        return Response("The hub is not served under that name.\n", SecurityError.code, mimetype="text/plain")
    g.reference = secrets.token_hex(6)
    g.viewer = None
    audit.address.set(request.remote_addr or "")
    g.db_session = database().session(writes=request.method not in READING_METHODS)
    return None


def _admit() -> ResponseReturnValue | None:
    """Turn away whoever the route does not let in. Where nothing is, people are asked to sign in; scripts are told."""
    nowhere = PUBLIC if _is_for_scripts() else SIGNED_IN
    rule = rule_of(current_app, request.endpoint) if request.endpoint else nowhere
    if rule == PUBLIC:
        return None
    if callable(rule):
        g.viewer = rule()
        g.db_session.rollback()
        return None
    if rule == HALF_WAY and current_user.is_half_way:
        g.db_session.rollback()
        return None
    if not current_user.is_authenticated:
        if _wants_a_page():
            where = "second_factor.show" if current_user.is_half_way else "accounts.sign_in"
            return redirect(url_for(where, next=request.full_path.rstrip("?")))
        raise NotSignedIn("You are not signed in, or were signed out.", remedy="Sign in and try again.")
    viewer: Viewer = current_user.viewer
    g.viewer = viewer
    # The body may come slowly: on SQLite this session would keep everybody else from writing until it is here.
    g.db_session.rollback()
    _refuse_change_by_one_seen_as(viewer)
    if isinstance(rule, Permission) and not viewer.may(rule):
        raise NotAllowed("Your role does not include this page.", remedy="Ask an administrator if it should.")
    return None


def _refuse_change_by_one_seen_as(viewer: Viewer) -> None:
    if viewer.seen_as is None or request.method in READING_METHODS or request.endpoint is None:
        return
    if not getattr(current_app.view_functions[request.endpoint], "is_open_to_one_seen_as", False):
        seen = f"{viewer.seen_as.role.title} of {viewer.seen_as.borough}"
        raise NotAllowed(
            f"You see the hub as {seen}, and can change nothing.",
            remedy="Stop seeing as another role, at the top of the page, to act as yourself.",
        )


def _is_for_scripts() -> bool:
    return f"{request.path}/".startswith(FOR_SCRIPTS)


def _wants_a_page() -> bool:
    """Whether a person will read the answer, and not a script that would take the sign-in page for its data."""
    accepted, meant_for = request.accept_mimetypes, request.headers.get("Sec-Fetch-Dest", "document")
    return request.method == "GET" and meant_for == "document" and (accepted.accept_html or not accepted)


def _refuse_unwritable() -> None:
    """Refuse the one character that PostgreSQL cannot keep, and a field without a name; nobody types or sends them."""
    fields: list[str | None] = [*request.form, *request.files]
    if None in fields:
        raise BadRequest("A part of the request has no name.", remedy=_where_to_begin())
    sent = (request.path, *request.args, *request.args.values(), *request.form, *request.form.values())
    if any("\0" in words for words in sent):
        raise BadRequest("The request holds a character that no keyboard has.", remedy="Go back and try again.")


def _commit(response: Response) -> Response:
    """Keep the work of a request that changed something and did not fail. A GET keeps nothing."""
    db_session: HubSession | None = g.get("db_session")
    if db_session is None:
        return response
    if request.method in READING_METHODS:
        if db_session.new or db_session.dirty or db_session.deleted:
            raise RuntimeError(f"A {request.method} of {request.endpoint} left changes behind.")
    elif response.status_code < 400 and not g.get("failed"):
        db_session.commit()
    return response


def _forbid_keeping(response: Response) -> Response:
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store, private"
    return response


def _close(_error: BaseException | None) -> None:
    db_session: HubSession | None = g.pop("db_session", None)
    if db_session is not None:
        db_session.close()
    audit.address.set("")


def file_sent() -> FileStorage | None:
    """The file of this request, if there is one.

    Raises
    ------
    BadRequest
        If there are several: one would be taken and the others lost unsaid.
    """
    sent = [each for each in request.files.getlist("file") if each.filename]
    if len(sent) > 1:
        raise BadRequest(f"{len(sent)} files were sent at once, and none was kept.", remedy="Send one at a time.")
    return sent[0] if sent else None


# --- What goes on the record -----------------------------------------------------------------------------------------


def saw(action: str, subject: object, borough_codes: Collection[str], **details: Any) -> None:
    """Say what this answer shows of which boroughs: it is given once that is on the record."""
    if g.viewer.seen_as is not None:
        details["seen_as"] = g.viewer.seen_as.role
    g.seen = witness.Sight(str(g.viewer.person_id), action, str(subject), frozenset(borough_codes), details)


def _give_once_recorded(response: Response) -> Response:
    """Record what was looked at, in a transaction of its own; what cannot be recorded is not shown.

    A page that says beside its figures what was wrong with a form was looked at too: only the error page was not.
    """
    sight: witness.Sight | None = g.pop("seen", None)
    if sight is None:
        return response
    try:
        witness.record(database(), sight)
    except Unavailable as error:
        return current_app.make_response(_problem(error))
    return response


def _record_refusal(error: HubError) -> None:
    """Record that somebody who is signed in was refused what is not theirs: once a minute for each kind of page."""
    viewer: Viewer | None = g.get("viewer")
    is_refusal = error.status in {NotAllowed.status, NotFound.status} and request.endpoint not in {None, "static"}
    if viewer is None or not is_refusal:
        return
    witness.record(
        database(),
        witness.Sight(
            str(viewer.person_id),
            "access.refused",
            str(request.endpoint),
            error.concerns or viewer.boroughs(),
            {"status": error.status, **_asked()},
            is_refusal=True,
        ),
    )


def _asked() -> dict[str, str]:
    """What was asked for, as far as it is an id or a code: free words may say anything of anybody."""
    named = {name: str(value) for name, value in (request.view_args or {}).items()}
    return {name: value for name, value in named.items() if _CODE.fullmatch(value)}


# --- Errors ----------------------------------------------------------------------------------------------------------


def _problem(error: Exception) -> ResponseReturnValue:
    """Answer every error with a sentence, a remedy, and a reference when the fault is ours: on one page, or in JSON."""
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        g.failed = True
        return error
    g.seen = None
    shown = refusal_of(error)
    try:
        _record_refusal(shown)
    except Unavailable as unrecorded:
        shown = unrecorded
    reference = g.get("reference") if shown.status >= 500 else None
    headers = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if isinstance(error, MethodNotAllowed) else {}
    if not _is_for_scripts():
        return render_template("problem.html", error=shown, reference=reference), shown.status, headers
    if isinstance(shown, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    told = {"error": shown.sentence, "remedy": shown.remedy, **({"reference": reference} if reference else {})}
    return Response(orjson.dumps(told), shown.status, headers, mimetype="application/json")


def refusal_of(error: Exception) -> HubError:
    """Undo what a failed request had begun, and put what went wrong into the hub's words."""
    g.failed = True
    _forget_work(error)
    shown = error if isinstance(error, HubError) else _in_words(error)
    if shown.status >= 500:
        log.error("request failed", extra={"reference": g.get("reference")}, exc_info=error)
    return shown


def _forget_work(error: Exception) -> None:
    """Undo what a failed request had begun; with the database away, keep its error page from asking it again."""
    db_session: HubSession | None = g.get("db_session")
    if db_session is None:
        return
    if isinstance(error, OperationalError):
        g.db_session = None
        db_session.close()
    else:
        db_session.rollback()


def _in_words(error: Exception) -> HubError:
    """Put an error that is not the hub's own into the hub's words, without a library's text."""
    if isinstance(error, CSRFError):
        return BadRequest(
            "The form had been open too long, or you signed in again elsewhere.",
            remedy="Go back, reload the page and send it again.",
        )
    if isinstance(error, OperationalError):
        return Unavailable("The hub's database cannot be reached just now.", remedy="Try again in a minute.")
    code = error.code if isinstance(error, HTTPException) and error.code else OurFault.status
    if code >= OurFault.status:
        return OurFault(
            "Something failed inside the hub. Nothing you had saved is lost.",
            remedy="Try again. If it fails again, tell an administrator the reference below.",
        )
    return _refusal(code)


def _refusal(code: int) -> HubError:
    """Put what Flask itself refused into the hub's words."""
    if code == NotFound.status:
        return NotFound()
    if code == TooLarge.status:
        return TooLarge(
            f"The file is larger than {settings().max_upload_megabytes} MB.",
            remedy="Split it, for example by month, and upload each part.",
        )
    if code == NotUnderstood.status:
        return NotUnderstood("This address does not take that kind of request.", remedy=_where_to_begin())
    return BadRequest("The hub could not understand the request.", remedy=_where_to_begin())


def _where_to_begin() -> str:
    if _is_for_scripts():
        return f"What each address takes is said at {FOR_SCRIPTS}openapi.json."
    return "Start again from the home page."


# --- Templates -------------------------------------------------------------------------------------------------------


class _Compiled(BytecodeCache):
    """What templates compile to, for every app of this process: all of them take a second, which is most of a start.

    In memory alone: a file of it would be code to run, and Jinja works filters of constants out as it compiles.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def _prepare_templates(app: Flask) -> None:
    app.jinja_env.bytecode_cache = _COMPILED
    app.jinja_loader = FileSystemLoader(shipped("templates"))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(_govuk_macros(), Permission=Permission, Role=access.Role)
    app.context_processor(_context)


@cache
def _govuk_macros() -> dict[str, Callable[..., Markup]]:
    """Load the GOV.UK macros where undefined parameters are allowed; our own templates stay strict."""
    lax = Environment(
        loader=PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}), autoescape=True
    )
    macros = {}
    for pair in GOVUK_MACROS.split():
        folder, name = pair.split(":")
        template = lax.get_template(f"govuk_frontend_jinja/components/{folder}/macro.html")
        macros[f"govuk{name}"] = getattr(template.module, f"govuk{name}")
    return macros


def _context() -> dict[str, Any]:
    return {
        "viewer": g.get("viewer"),
        "marking": MARKING,
        "handling": HANDLING,
        "asks_second_step": settings().second_factor == "required",
    }
