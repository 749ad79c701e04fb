"""Says an entry of the audit record in plain words. Pure; names nobody but the person who acted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from hub import purposes
from hub.words import month_name, number, parse_month, plural

Details = Mapping[str, Any]


class Kind(StrEnum):
    """What kinds of act a reader may choose from."""

    LOOKED = "looked"
    TOOK = "took"
    CHANGED = "changed"
    SHARED = "shared"
    PEOPLE = "people"
    REFUSED = "refused"


KIND_WORDS: Mapping[Kind, str] = {
    Kind.LOOKED: "Looked at",
    Kind.TOOK: "Downloaded",
    Kind.CHANGED: "Sent, changed or deleted data",
    Kind.SHARED: "Agreements and sharing",
    Kind.PEOPLE: "Accounts and roles",
    Kind.REFUSED: "Refused",
}

_TOOK = frozenset({"upload.marked_copy", "upload.problems_downloaded", "record.exported"})
_PEOPLE = (
    "group_role.",
    "invitation.",
    "membership.",
    "memberships.",
    "person.",
    "second_factor.",
    "seeing_as.",
    "sessions.",
    "sign_in.",
    "token.",
)
_SHARED = ("agreement.", "share.", "ledger.", "policy.")

SAID = {
    "access.refused": "Asked for a page that is not theirs to see",
    "agreement.ended": "Ended sharing agreement {reference}",
    "agreement.written": "Wrote version {number} of sharing agreement {reference}",
    "assessment.asked": "Asked for an assessment of a problem",
    "assessment.exported": "Downloaded the figures of an assessment of a problem",
    "assessment.viewed": "Looked at an assessment of a problem",
    "backup.made": "Made a backup of the hub",
    "backup.restored": "Restored the hub from a backup",
    "bands.chosen": "Chose whether neighbours see bands of this borough's hotspots",
    "bands.published": "Gave neighbours the bands of hotspots along the border",
    "bands.withdrawn": "Took back the bands of hotspots along the border",
    "clock.viewed": "Looked at the hours of {category}{period}",
    "dataset.viewed": "Looked at the versions of a dataset ({dataset})",
    "figure.viewed": "Looked at one figure of the borough's summary",
    "group_role.added": "Let a group of an organisation give a role for this borough",
    "group_role.removed": "Let a group of an organisation give a role no more",
    "invitation.accepted": "Took up an invitation",
    "invitation.withdrawn": "Took an invitation back",
    "kind.added": "Added a kind of dataset",
    "ledger.held": "Took back that a dataset is not held",
    "ledger.liaison_recorded": "Recorded whom to write to at a provider",
    "ledger.not_held": "Recorded that a provider holds nothing for a quarter",
    "map.viewed": "Looked at the map of {category}{period}",
    "measures.chosen": "Chose the five measures that this borough puts first, and what each is compared with",
    "measures.loaded": "Took plans and measures into use",
    "membership.added": "Gave somebody a role for this borough",
    "membership.changed": "Changed the last day of somebody's role, or ended it",
    "memberships.from_groups": "Was given roles by the groups of their organisation",
    "outcomes.viewed": "Looked at the borough's outcomes",
    "overlay.exported": "Downloaded the map of {category}{period} ({form})",
    "password.changed": "Chose a new password",
    "patrol.viewed": "Looked at the patrols of a problem",
    "patrol_visit.corrected": "Corrected a visit of a patrol",
    "patrol_visit.recorded": "Recorded a visit of a patrol",
    "patrol_visit.taken_back": "Took back a visit of a patrol",
    "person.created": "Made an account with a role for this borough",
    "person.invited": "Invited somebody",
    "person.linked": "Joined their account to that of their organisation",
    "person.reset_asked": "Let somebody choose a new password",
    "person.signed_in": "Signed in",
    "person.signed_out": "Signed out",
    "person.switched_off": "Switched an account off",
    "person.switched_on": "Switched an account on",
    "place.muted": "Took a place they know off the week's page ({category})",
    "place.shown_again": "Put a place back on the week's page ({category})",
    "place.viewed": "Looked at one place on the map of {category}{period}",
    "priority.ended": "Ended a priority of a ward",
    "priority.kept": "Kept a priority of a ward",
    "priority.set": "Set a priority of a ward",
    "problem.assessed": "Had the hub assess a problem",
    "problem.assessed_by_clock": "Assessed a problem on the day that was promised",
    "problem.assigned": "Said who owns a problem",
    "problem.attached": "Put a file beside a problem",
    "problem.baseline": "Froze the baseline of a problem",
    "problem.baseline_viewed": "Read the baseline of a problem",
    "problem.detached": "Took a file off a problem",
    "problem.erased": "A problem was deleted, as its time was over",
    "problem.moved": "Moved a problem to another stage, or closed it",
    "problem.opened": "Opened a problem",
    "problem.patrol": "Planned the patrols of a response to a problem",
    "problem.published": "Told all boroughs of a problem in the problem memory",
    "problem.silent": "Asked whether a problem is to be closed, as nothing was written of it for a year",
    "problem.viewed": "Read a problem",
    "problem.withdrawn": "Took a problem back from the problem memory",
    "problem.written": "Wrote of a problem ({part})",
    "problem_file.exported": "Downloaded a file from beside a problem",
    "places.loaded": "Loaded places",
    "policy.changed": "Changed how small numbers are protected",
    "prescribed.corrected": "Corrected the list of prescribed datasets",
    "question.answered": "Answered a question about a figure",
    "question.asked": "Asked about a figure",
    "question.closed": "Closed a question about a figure without an answer",
    "question.withdrawn": "Took back a question about a figure",
    "record.exported": "Downloaded this record",
    "record.spool_altered": "The hub found that a waiting entry had been altered",
    "record.viewed": "Looked at this record",
    "recovery_code.used": "Signed in with a recovery code",
    "recovery_codes.made": "Made new recovery codes",
    "report.approval_asked": "Asked that a report be approved",
    "report.approved": "Approved a report of this borough, and froze it",
    "report.discarded": "Gave up a draft of a report",
    "report.drafted": "Drafted a report of this borough",
    "report.edited": "Edited a draft of a report",
    "report.erased": "A report was deleted, as its time was over",
    "report.exported": "Downloaded a report ({form})",
    "report.published": "Let the public read a report",
    "report.reissued": "Began a revised edition of a report",
    "report.sent_back": "Sent a draft of a report back instead of approving it",
    "report.viewed": "Read a report",
    "report.withdrawn": "Withdrew a report from the public page",
    "report_schedule.ended": "Ended the drafting of reports by the clock",
    "report_schedule.made": "Had reports drafted by the clock",
    "report_subscription.chosen": "Chose whether to be told of reports",
    "reports.viewed": "Looked at the list of reports",
    "reset.asked": "Asked for a new password",
    "retention.due": "The hub gave warning that data is to be deleted",
    "schema.upgraded": "Brought the hub's database up to date",
    "scope.everywhere": "Worked for every borough at once",
    "second_factor.added": "Set up a second step of signing in",
    "second_factor.proved": "Took the second step of signing in",
    "second_factor.refused": "Was refused at the second step of signing in",
    "second_factor.removed": "Took away what somebody signs in with besides a password",
    "seeing_as.started": "Began to see the hub as another role",
    "seeing_as.stopped": "Stopped seeing the hub as another role",
    "sessions.ended": "Signed somebody out of {count} browsers",
    "share.asked": "Asked another borough to share a map",
    "share.downloaded": "Downloaded a shared map",
    "share.ended": "Ended the sharing of a map",
    "share.granted": "Shared a map with somebody of another borough",
    "share.refused": "Refused to share a map",
    "share.viewed": "Looked at a shared map",
    "sign_in.half_way": "Gave the right password",
    "sign_in.refused": "Was refused at the first step of signing in",
    "summary.exported": "Downloaded the borough's summary ({kind})",
    "summary.viewed": "Looked at the borough's summary",
    "task_pack.exported": "Downloaded the tasking pack of a problem",
    "task_pack.viewed": "Looked at the tasking pack of a problem",
    "task.address_erased": "Erased an address outside the hub from the tasks of a problem",
    "task.told": "Had somebody written to about a task of a problem ({occasion})",
    "tasks.viewed": "Looked at what partners meet about",
    "token.ended": "Ended a token for a script",
    "token.made": "Made a token for a script that sends files ({dataset})",
    "token.used": "A script sent a file by a token",
    "upload.answered": "Answered what a check asked",
    "upload.check_cancelled": "Stopped a check",
    "upload.checked": "Had a file checked{size}",
    "upload.columns_set": "Said which columns of a file hold what ({dataset})",
    "upload.committed": "Made a file live ({dataset}{live})",
    "upload.confirm": "Confirmed what a check asked about",
    "upload.decision_withdrawn": "Took back a decision about a file",
    "upload.discarded": "Gave up a file",
    "upload.edited": "Changed values of a file by hand",
    "upload.erased": "Deleted a file and all that came of it for good ({dataset})",
    "upload.fix": "Accepted the hub's own cure for a problem in a file",
    "upload.held_rows_discarded": "Gave up the rows of a file that were held",
    "upload.held_rows_taken_up": "Took up the rows of a file that were held",
    "upload.hold_chosen": "Chose whether rows with problems are held while the others go ahead",
    "upload.marked_copy": "Downloaded a file with its problems marked",
    "upload.points_viewed": "Looked at the points of a file",
    "upload.problems_downloaded": "Downloaded the problems of a file",
    "upload.put_back": "Put rows back that were left out of a file",
    "upload.read_otherwise": "Had another sheet, or other headings, of a file read",
    "upload.received": "Sent a file",
    "upload.rows_left_out": "Left rows out of a file",
    "upload.rows_viewed": "Looked at the rows of a file",
    "upload.undone": "Took a live file back ({dataset}{live})",
    "week.viewed": "Looked at what is new this week",
    "weights.loaded": "Took weights of harm into use",
    "who_can_see.exported": "Downloaded who can see something",
    "ward.viewed": "Looked at one ward of the borough",
    "zone.deleted": "Deleted a zone",
    "zone.exported": "Downloaded the zones{size}",
    "zone.renamed": "Renamed a zone",
    "zone.saved": "Made a zone",
    "zone.viewed": "Looked at a zone: {category}{period}",
}


def kind_of(action: str) -> Kind:
    """What kind of act this is."""
    if action.endswith(".refused"):
        return Kind.REFUSED
    if action.endswith(".exported") or action in _TOOK:
        return Kind.TOOK
    if action.endswith("viewed"):
        return Kind.LOOKED
    if action.startswith(_PEOPLE):
        return Kind.PEOPLE
    return Kind.SHARED if action.startswith(_SHARED) else Kind.CHANGED


def sentence(
    action: str, details: Details, borough_code: str, titles: Mapping[str, str], *, is_of_one: bool = True
) -> str:
    """Say what was done; of an act on several boroughs, this one's part alone, and no count of them together.

    `titles` are of datasets, by key.
    """
    words = SAID.get(action) or action.replace(".", ": ").replace("_", " ").capitalize()
    told = {
        "period": _period(details),
        "live": _live(details, borough_code),
        "size": _size(details) if is_of_one else "",
    }
    if "dataset" in details:
        told["dataset"] = titles.get(details["dataset"], details["dataset"])
    said = words.format_map(_Filled({**details, **told}))
    return f"{said}, seeing the hub as another role" if "seen_as" in details else said


def why(details: Details) -> str:
    """The purpose that was given, or the reason; empty where none was asked."""
    if "purpose" in details:
        return purposes.Purpose(str(details["purpose"]), str(details.get("purpose_words", ""))).sentence
    return str(details.get("reason", ""))


class _Filled(dict[str, Any]):
    """What a sentence is filled with: a figure as people write it, and nothing for what an entry does not say."""

    def __getitem__(self, name: str) -> str:
        value = self.get(name, "")
        return number(value) if isinstance(value, int) else str(value).lstrip(".")


def _period(details: Details) -> str:
    months: Sequence[str] = details.get("months", ())
    if not months:
        return ""
    ends = [month_name(parse_month(month)) for month in (months[0], months[-1])]
    return f", {ends[0]}" if ends[0] == ends[1] else f", {' to '.join(ends)}"


def _size(details: Details) -> str:
    counted = next((plural(details[what], what[:-1]) for what in ("rows", "zones") if what in details), "")
    return f" ({counted})" if counted else ""


def _live(details: Details, borough_code: str) -> str:
    version = details.get("versions", {}).get(borough_code)
    return f", version {version}" if version else ""


def actions_of(kind: Kind, known: Sequence[str]) -> list[str]:
    """Which of the actions that stand in a record are of a kind."""
    return [action for action in known if kind_of(action) is kind]
