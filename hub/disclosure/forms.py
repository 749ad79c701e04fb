"""What an administrator writes of the policy. Whether it is fit is for the service to say."""

from __future__ import annotations

from collections.abc import Mapping

from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, RadioField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired

from hub.access import Policy, Unprotected

UNPROTECTED = (
    (Unprotected.AS_PROTECTED.value, "Protect every count alike (safest)"),
    (Unprotected.EXACT.value, "Show their counts exactly, as the Met Police publishes them"),
)


class PolicyForm(FlaskForm):
    """All that one version of the policy says."""

    version = HiddenField()
    threshold = IntegerField("Smallest count that is shown", validators=[InputRequired("Enter a whole number")])
    base = IntegerField("Round other counts to the nearest", validators=[InputRequired("Enter a whole number")])
    datasets = SelectMultipleField("Kinds of dataset that are protected whole")
    categories = TextAreaField("Protected categories")
    unprotected = RadioField("Counts of categories that are not listed", choices=UNPROTECTED)
    reason = TextAreaField("Why the rule is changed")

    def offer(self, datasets: Mapping[str, str]) -> None:
        """Say which kinds of dataset there are."""
        self.datasets.choices = list(datasets.items())

    def show(self, policy: Policy) -> None:
        """Fill in a policy."""
        self.version.data = str(policy.version)
        self.threshold.data, self.base.data = policy.threshold, policy.base
        self.datasets.data, self.categories.data = list(policy.datasets), "\n".join(policy.categories)
        self.unprotected.data = policy.unprotected.value

    def written(self) -> Policy:
        """The policy as written; its version is the one that it is to follow."""
        version = self.version.data or ""
        return Policy(
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            threshold=self.threshold.data or 0,
            base=self.base.data or 0,
            datasets=tuple(self.datasets.data or ()),
            categories=tuple((self.categories.data or "").splitlines()),
            unprotected=Unprotected(self.unprotected.data),
        )
