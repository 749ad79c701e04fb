"""What was asked to be shared across borders, in a copy for each side."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "border_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_role", sa.String(length=32), nullable=False),
        sa.Column("asking_key", sa.String(length=512), nullable=False),
        sa.Column("asking_name", sa.String(length=120), nullable=False),
        sa.Column("owner_code", sa.String(length=9), nullable=False),
        sa.Column("asked_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("show", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=120), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=True),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        sa.Column("purpose", sa.String(length=500), nullable=False),
        sa.Column("wanted_until", sa.Date(), nullable=False),
        sa.Column("decided_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("granted_until", sa.Date(), nullable=True),
        sa.Column("may_download", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("ended_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_because", sa.String(length=500), nullable=False),
        sa.Column("area_key", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_border_share_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_border_share_decided_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_border_share_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_border_share")),
        sa.UniqueConstraint("share_id", "side", name=op.f("uq_border_share_share_id_side")),
    )
    op.create_index(op.f("ix_border_share_area_key"), "border_share", ["area_key"], unique=False)
    op.create_index(op.f("ix_border_share_share_id"), "border_share", ["share_id"], unique=False)
    db.lay_fence(op.get_bind(), "border_share", "area_key")


def downgrade() -> None:
    op.drop_index(op.f("ix_border_share_share_id"), table_name="border_share")
    op.drop_index(op.f("ix_border_share_area_key"), table_name="border_share")
    op.drop_table("border_share")
