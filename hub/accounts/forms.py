"""What somebody sends to sign in. Who they are is for the service to tell."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from hub.accounts.second_factor import LONGEST_NAME
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


class SeeAsForm(FlaskForm):
    """Which role to see as, and in which borough."""

    role = SelectField("Role")
    borough = SelectField("Borough")


class CodeForm(FlaskForm):
    """A code of the second step, and the page that was asked for before."""

    code = StringField("Code", validators=[DataRequired("Enter a code")])
    next = HiddenField()


class NewAppForm(FlaskForm):
    """What an app was told, sealed, and the code by which it shows that it knows it."""

    sealed = HiddenField()
    code = StringField("The code that the app shows", validators=[DataRequired("Enter the code that the app shows")])
    next = HiddenField()


class KeyForm(FlaskForm):
    """What a security key signed."""

    credential = HiddenField(
        validators=[DataRequired("Your browser did not ask for the key: it needs JavaScript, which is switched off")]
    )
    next = HiddenField()


class NewKeyForm(KeyForm):
    """A new security key, and what to call it."""

    name = StringField(
        "What do you call it?",
        validators=[
            DataRequired("Name the key"),
            Length(max=LONGEST_NAME, message=f"Name the key in {LONGEST_NAME} characters"),
        ],
    )


class ChangePasswordForm(FlaskForm):
    """The present password, and the new one."""

    present = PasswordField("Present password", validators=[DataRequired("Enter your present password")])
    new = PasswordField("New password", validators=[DataRequired("Enter a new password")])
