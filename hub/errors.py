"""Every refusal the hub can give: an HTTP status, a plain sentence, and what to do about it.

Services raise these; `web.py` turns them into pages and `cli` into a line on standard error.
"""


class HubError(Exception):
    """Something the hub will not or cannot do, said so that the reader can act on it."""

    status = 400
    title = "Something went wrong"
    exit_status = 1

    concerns: frozenset[str] = frozenset()
    """The codes of the boroughs that somebody was refused, where known: for the record, never for the answer."""

    def __init__(self, sentence: str, *, remedy: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


class BadRequest(HubError):
    """What was asked cannot be understood or is outside what is allowed."""

    status = 400
    title = "There is a problem with what was asked"


class BadFile(HubError):
    """An uploaded file cannot be read, or is not what it says it is."""

    status = 422
    title = "There is a problem with the file"


class NotSignedIn(HubError):
    """The page needs a signed-in person."""

    status = 401
    title = "Sign in"


class NotAllowed(HubError):
    """The person may see the thing, but not do this to it."""

    status = 403
    title = "You cannot do this"


class NotFound(HubError):
    """Absent, or not the viewer's to see: the two must look the same."""

    status = 404
    title = "Page not found"

    def __init__(self) -> None:
        super().__init__(
            "What you asked for does not exist, or is not yours to see.",
            remedy="Check the address or the name, or start again from the home page.",
        )


class LinkOver(HubError):
    """A one-time link that is no longer good, or never was: the two must look the same."""

    status = 404
    title = "This link is no longer good"


class Conflict(HubError):
    """The thing has moved on since the page was shown."""

    status = 409
    title = "This has changed"


class TooMany(HubError):
    """Asked too often; try again later."""

    status = 429
    title = "Too many attempts"


class NotUnderstood(HubError):
    """The address is right and the method is not."""

    status = 405
    title = "There is a problem with what was asked"


class TooLarge(HubError):
    """More was sent than the hub takes at once."""

    status = 413
    title = "There is a problem with the file"


class OurFault(HubError):
    """Something failed that no request should be able to make fail."""

    status = 500
    title = "Sorry, there is a problem with the hub"


class OutsideScope(OurFault):
    """A statement was stopped by the borough fence. Reaching this is a fault in the hub, never in the request."""


class SettingsError(HubError):
    """The hub refuses to start with these settings."""

    status = 500


class Unavailable(HubError):
    """The database cannot be reached just now."""

    status = 503
    title = "Sorry, the hub is not available"
