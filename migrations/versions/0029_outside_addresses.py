"""Addresses outside the hub stand apart from the entries of tasks, so that one can be erased by itself."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from hub import db

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ENTRIES = sa.table(
    "problem_entry", sa.column("id", sa.Uuid()), sa.column("problem_id", sa.Uuid()), sa.column("borough_set"),
    sa.column("kind"), sa.column("body", sa.JSON()),
)  # fmt: skip
ADDRESSES = sa.table(
    "problem_address", sa.column("id", sa.Uuid()), sa.column("problem_id", sa.Uuid()), sa.column("borough_set"),
    sa.column("address"),
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "problem_address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id", "borough_set"],
            ["problem.id", "problem.borough_set"],
            name=op.f("fk_problem_address_problem_id_borough_set"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_address")),
        sa.UniqueConstraint("problem_id", "address", name=op.f("uq_problem_address_problem_id_address")),
    )
    op.create_index(op.f("ix_problem_address_borough_set"), "problem_address", ["borough_set"], unique=False)
    db.lay_fence_among(op.get_bind(), "problem_address")
    connection, kept = _everywhere(), {}
    for entry in _of_tasks(connection):
        address = entry.body["outside"]
        if (entry.problem_id, address) not in kept:
            kept[entry.problem_id, address] = uuid4()
            row = {"id": kept[entry.problem_id, address], "problem_id": entry.problem_id, "address": address}
            connection.execute(sa.insert(ADDRESSES).values(**row, borough_set=entry.borough_set))
        _write(connection, entry, str(kept[entry.problem_id, address]))


def downgrade() -> None:
    connection = _everywhere()
    kept = {str(row.id): row.address for row in connection.execute(sa.select(ADDRESSES))}
    for entry in _of_tasks(connection):
        _write(connection, entry, kept.get(entry.body["outside"], ""))
    op.drop_table("problem_address")


def _everywhere() -> sa.Connection:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # Its owner stands behind the fence too.
        connection.execute(sa.select(sa.func.set_config("hub.boroughs", "*", True)))
    return connection


def _of_tasks(connection: sa.Connection) -> list[sa.Row]:
    its = connection.execute(sa.select(ENTRIES).where(ENTRIES.c.kind == "task")).all()
    return [entry for entry in its if entry.body.get("outside")]


def _write(connection: sa.Connection, entry: sa.Row, outside: str) -> None:
    said = {**entry.body, "outside": outside}
    connection.execute(sa.update(ENTRIES).where(ENTRIES.c.id == entry.id).values(body=said))
