"""What ward panels asked for: a line for each time a priority was set, kept or ended."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ward_priority",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("priority_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ward_code", sa.String(length=9), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("set_on", sa.Date(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_ward_priority_borough_code")),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_ward_priority_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ward_priority")),
        sa.UniqueConstraint(
            "borough_code", "priority_id", "number", name=op.f("uq_ward_priority_borough_code_priority_id_number")
        ),
    )
    op.create_index(op.f("ix_ward_priority_borough_code"), "ward_priority", ["borough_code"], unique=False)
    op.create_index(op.f("ix_ward_priority_ward_code"), "ward_priority", ["ward_code"], unique=False)
    db.lay_fence(op.get_bind(), "ward_priority", "borough_code")


def downgrade() -> None:
    op.drop_index(op.f("ix_ward_priority_ward_code"), table_name="ward_priority")
    op.drop_index(op.f("ix_ward_priority_borough_code"), table_name="ward_priority")
    op.drop_table("ward_priority")
