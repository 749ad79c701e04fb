"""The statutory ledger: what is prescribed, what of it has come, and what an officer can do; each in its own module.

Nothing here loads data, and nothing here sends a letter.
"""

from hub.ledger.entries import (
    Entry,
    Ledger,
    Row,
    Status,
    entry,
    is_own,
    ledger,
    ledgers,
    say_not_held,
    take_back_not_held,
)
from hub.ledger.letters import Letter, Liaison, liaison, liaison_faults, record_liaison, reminder
from hub.ledger.prescriptions import (
    Correction,
    ItemChanges,
    correct,
    correction_faults,
    corrections,
    item,
    items,
    may_correct,
    refuse_unless_citywide,
)

__all__ = [
    "Correction",
    "Entry",
    "ItemChanges",
    "Ledger",
    "Letter",
    "Liaison",
    "Row",
    "Status",
    "correct",
    "correction_faults",
    "corrections",
    "entry",
    "is_own",
    "item",
    "items",
    "ledger",
    "ledgers",
    "liaison",
    "liaison_faults",
    "may_correct",
    "record_liaison",
    "refuse_unless_citywide",
    "reminder",
    "say_not_held",
    "take_back_not_held",
]
