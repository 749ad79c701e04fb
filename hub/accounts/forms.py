"""What somebody sends to sign in. Who they are is for the service to tell."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from hub.accounts.service import LONGEST_EMAIL


class SignInForm(FlaskForm):
    """An e-mail address, a password, and the page that was asked for before."""

    email = StringField(
        "E-mail address",
        validators=[
            DataRequired("Enter your e-mail address"),
            Length(max=LONGEST_EMAIL, message="Enter an e-mail address that is not so long"),
        ],
    )
    password = PasswordField("Password", validators=[DataRequired("Enter your password")])
    next = HiddenField()
