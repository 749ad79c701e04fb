"""What somebody writes to ask about a figure, and to answer. Whether it will do is for the service to tell."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import TextAreaField


class AskForm(FlaskForm):
    """A question."""

    words = TextAreaField("Your question")


class AnswerForm(FlaskForm):
    """An answer."""

    words = TextAreaField("Your answer")
