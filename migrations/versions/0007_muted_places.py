"""Places that somebody knows, and so kept off the page of what is new."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "muted_place",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("ward_name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.Column("muted_by", sa.Uuid(), nullable=False),
        sa.Column("muted_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("area_key", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_muted_place_ended_by")),
        sa.ForeignKeyConstraint(["muted_by"], ["person.id"], name=op.f("fk_muted_place_muted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_muted_place")),
    )
    op.create_index(op.f("ix_muted_place_area_key"), "muted_place", ["area_key"], unique=False)
    db.lay_fence(op.get_bind(), "muted_place", "area_key")


def downgrade() -> None:
    op.drop_index(op.f("ix_muted_place_area_key"), table_name="muted_place")
    op.drop_table("muted_place")
