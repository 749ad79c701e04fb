"""The tables of reports: drafts and frozen reports, their files, who is told and when one falls due, public copies."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, InBorough, UtcDateTime, one_of

LONGEST_REASON = 300


class State(StrEnum):
    """What has become of a report."""

    DRAFT = "draft"
    ASKED = "asked"
    """A draft that waits for its approval. Whoever edits it takes the request back."""
    APPROVED = "approved"
    DISCARDED = "discarded"


class Act(StrEnum):
    """What somebody did with a report until it was approved."""

    DRAFTED = "drafted"
    EDITED = "edited"
    ASKED = "asked"
    SENT_BACK = "sent_back"
    APPROVED = "approved"


class Repeats(StrEnum):
    """How often a scheduled report falls due."""

    ONCE = "once"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class Report(InBorough, Base):
    """One report of a borough. Once approved, its document is never written again."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("id", "borough_code"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(String(40))
    last_month: Mapped[dt.date]
    """The month that its latest 12 months end with."""
    state: Mapped[State] = mapped_column(one_of(State), index=True)
    sections: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """In order: each section's key, whether it is in the report, and an officer's words in it."""
    writers: Mapped[list[str]] = mapped_column(JSON)
    """The ids of everybody who drafted or edited it: none of them may approve it."""
    drafted_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    replaces_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)
    edition: Mapped[int] = mapped_column(default=1)
    """1, and for each re-issue one more."""
    reason: Mapped[str] = mapped_column(String(LONGEST_REASON), default="")
    """Why it is issued again."""

    approved_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    document: Mapped[bytes | None] = mapped_column(LargeBinary)
    """As frozen: canonical JSON, from which every file is made."""
    public_document: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The same figures as the public may have them, without what is not public."""
    sha256: Mapped[str] = mapped_column(String(64), default="")
    figures: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    """Each figure as frozen: its key, what it is, and how it was shown."""
    made_of: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What it was frozen from: the kind of dataset, the version of the policy on small numbers, and of each month the
    public id of the version that was live. None of a draft, and where it was approved before this was kept."""

    public_id: Mapped[UUID | None] = mapped_column(Uuid, unique=True)
    """The address it has, or last had, on the public page."""
    published_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_public(self) -> bool:
        """Whether anybody can read it now."""
        return self.published_at is not None and self.withdrawn_at is None


class ReportStep(InBorough, Base):
    """One step of a report on its way to approval. No step is written again."""

    __tablename__ = "report_step"
    __table_args__ = (ForeignKeyConstraint(["report_id", "borough_code"], ["report.id", "report.borough_code"]),)

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    act: Mapped[Act] = mapped_column(one_of(Act))
    done_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    words: Mapped[str] = mapped_column(String(LONGEST_REASON), default="")
    """Why it was sent back."""
    sections: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """Of a draft as it was begun, and of each edit: the sections as they then stood."""


class ReportFile(InBorough, Base):
    """A frozen report in one form, kept as it was made: a later version of a library might write other bytes."""

    __tablename__ = "report_file"
    __table_args__ = (
        ForeignKeyConstraint(["report_id", "borough_code"], ["report.id", "report.borough_code"]),
        UniqueConstraint("report_id", "form"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(Uuid)
    form: Mapped[str] = mapped_column(String(20))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    extension: Mapped[str] = mapped_column(String(10))
    media_type: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))


class ReportSubscription(InBorough, Base):
    """That somebody is to be told by e-mail when a report of a borough is approved."""

    __tablename__ = "report_subscription"
    __table_args__ = (UniqueConstraint("person_id", "borough_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class ReportSchedule(InBorough, Base):
    """That a kind of report is drafted some days before it falls due."""

    __tablename__ = "report_schedule"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(String(40))
    due_on: Mapped[dt.date]
    """The next day on which it is due."""
    days_before: Mapped[int]
    repeats: Mapped[Repeats] = mapped_column(one_of(Repeats))
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class PublicReport(Base):
    """What anybody may read, for as long as it is published. It belongs to no borough, and holds nothing but that."""

    __tablename__ = "public_report"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    is_indexed: Mapped[bool]
    """Whether search engines may list it."""
    published_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
