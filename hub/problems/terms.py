"""The words by which problems and their entries are told apart: stages, origins, results and kinds of entry."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """How far a problem has come. Practice goes back and forth between the first four."""

    SCANNING = "scanning"
    ANALYSIS = "analysis"
    RESPONSE = "response"
    ASSESSMENT = "assessment"
    CLOSED = "closed"


class Origin(StrEnum):
    """Where a problem came from."""

    OVERLAY = "overlay"
    WARD_PRIORITY = "ward_priority"
    BY_HAND = "by_hand"


class Result(StrEnum):
    """What an assessment found."""

    FELL = "fell"
    DID_NOT_FALL = "did_not_fall"
    CANNOT_TELL = "cannot_tell"


class Kind(StrEnum):
    """What one entry of a problem's record is."""

    OPENED = "opened"
    DESCRIBED = "described"
    MOVED = "moved"
    ASSIGNED = "assigned"
    STATEMENT = "statement"
    CHEERS = "cheers"
    FINDING = "finding"
    TRIANGLE = "triangle"
    HYPOTHESIS = "hypothesis"
    OBJECTIVE = "objective"
    RESPONSE = "response"
    ASSESSMENT = "assessment"
    COMMENT = "comment"
    ATTACHED = "attached"
    DETACHED = "detached"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    BASELINE = "baseline"
    ASSESSED = "assessed"
    TASK = "task"
    DECISION = "decision"
    PATROL = "patrol"
