"""Roles as which people see the hub, each in one sign-in."""

import sqlalchemy as sa
from alembic import op

from hub import columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seeing_as",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.Column("began_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_seeing_as_borough_code")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_seeing_as_person_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_seeing_as")),
    )
    op.create_index(op.f("ix_seeing_as_person_id"), "seeing_as", ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_seeing_as_person_id"), table_name="seeing_as")
    op.drop_table("seeing_as")
