"""Versions of the policy on small numbers, and what was live under which of them."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disclosure_policy",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("datasets", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("unprotected", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_disclosure_policy_written_by")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_disclosure_policy")),
    )
    op.create_table(
        "released_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("months", sa.JSON(), nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("since", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_released_set_borough_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_released_set")),
        sa.UniqueConstraint(
            "borough_code", "dataset", "number", name=op.f("uq_released_set_borough_code_dataset_number")
        ),
    )
    op.create_index(op.f("ix_released_set_borough_code"), "released_set", ["borough_code"], unique=False)
    db.lay_fence(op.get_bind(), "released_set", "borough_code")


def downgrade() -> None:
    op.drop_index(op.f("ix_released_set_borough_code"), table_name="released_set")
    op.drop_table("released_set")
    op.drop_table("disclosure_policy")
