"""Asks by a small form for what a file is taken away, before it is; the answer is remembered while signed in."""

from __future__ import annotations

import datetime as dt

from flask import g, render_template, request, session
from flask.typing import ResponseReturnValue

from hub import purposes
from hub.errors import BadRequest
from hub.purposes import Handover

_REMEMBERED = "purpose"


def ask(
    what: str,
    back: str,
    error: BadRequest | None = None,
    *,
    address: str = "",
    is_on_file: bool = True,
    usual: str = "",
) -> ResponseReturnValue:
    """Show the form that asks; sent to the same address, or the one named, it gives the file.

    Parameters
    ----------
    what
        What is taken, as in "the map of Camden (CSV)".
    back
        The address to go back to.
    error
        What was wrong with the last answer.
    address
        Where the form is sent, unless to the address of the page itself.
    is_on_file
        Whether the file says who took it and what for; one that is the same for everybody cannot.
    usual
        The purpose that is marked unless another was given before; none unless named.
    """
    typed = request.form if error else session.get(_REMEMBERED, {})
    body = render_template(
        "purpose.html",
        what=what,
        back=back,
        address=address or request.full_path.rstrip("?"),
        is_on_file=is_on_file,
        choices=purposes.CHOICES,
        chosen=typed.get("purpose", "" if error else usual),
        words=typed.get("purpose_words", ""),
        longest=purposes.LONGEST_WORDS,
        error=error,
    )
    return body, error.status if error else 200


def given() -> Handover:
    """Read the answer.

    Raises
    ------
    BadRequest
        As `purposes.parse`.
    """
    purpose = purposes.parse(request.form.get("purpose", ""), request.form.get("purpose_words", ""))
    session[_REMEMBERED] = {"purpose": purpose.key, "purpose_words": purpose.words}
    return Handover(g.viewer.name, dt.datetime.now(dt.UTC), purpose)
