"""Sharing agreements, which one a version came under, and the statutory ledger."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FENCED = {"sharing_agreement": "borough_code", "not_held": "borough_code", "liaison_officer": "borough_code"}


def upgrade() -> None:
    op.create_table(
        "sharing_agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parties", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(length=2000), nullable=False),
        sa.Column("duty", sa.String(length=2000), nullable=False),
        sa.Column("power", sa.String(length=2000), nullable=False),
        sa.Column("datasets", sa.JSON(), nullable=False),
        sa.Column("data_items", sa.String(length=2000), nullable=False),
        sa.Column("granularity", sa.String(length=300), nullable=False),
        sa.Column("frequency", sa.String(length=120), nullable=False),
        sa.Column("marking", sa.String(length=40), nullable=False),
        sa.Column("security", sa.String(length=2000), nullable=False),
        sa.Column("onward_sharing", sa.String(length=2000), nullable=False),
        sa.Column("retention_months", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("ended_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_because", sa.String(length=500), nullable=False),
        sa.Column("written_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_sharing_agreement_borough_code")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_sharing_agreement_ended_by")),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_sharing_agreement_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_agreement")),
        sa.UniqueConstraint(
            "borough_code", "reference", "number", name=op.f("uq_sharing_agreement_borough_code_reference_number")
        ),
    )
    op.create_index(op.f("ix_sharing_agreement_borough_code"), "sharing_agreement", ["borough_code"], unique=False)
    op.create_table(
        "not_held",
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("quarter", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("said_by", sa.Uuid(), nullable=False),
        sa.Column("said_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_not_held_borough_code")),
        sa.ForeignKeyConstraint(["said_by"], ["person.id"], name=op.f("fk_not_held_said_by")),
        sa.PrimaryKeyConstraint("borough_code", "item", "quarter", name=op.f("pk_not_held")),
    )
    op.create_table(
        "liaison_officer",
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("recorded_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_liaison_officer_borough_code")),
        sa.PrimaryKeyConstraint("borough_code", "provider", name=op.f("pk_liaison_officer")),
    )
    op.create_table(
        "prescribed_correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("corrected_by", sa.Uuid(), nullable=False),
        sa.Column("corrected_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["corrected_by"], ["person.id"], name=op.f("fk_prescribed_correction_corrected_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescribed_correction")),
    )
    op.create_index(op.f("ix_prescribed_correction_item"), "prescribed_correction", ["item"], unique=False)
    op.add_column("version", sa.Column("agreement_id", sa.Uuid(), nullable=True))
    for table, column in FENCED.items():
        db.lay_fence(op.get_bind(), table, column)


def downgrade() -> None:
    op.drop_column("version", "agreement_id")
    op.drop_index(op.f("ix_prescribed_correction_item"), table_name="prescribed_correction")
    op.drop_table("prescribed_correction")
    op.drop_table("liaison_officer")
    op.drop_table("not_held")
    op.drop_index(op.f("ix_sharing_agreement_borough_code"), table_name="sharing_agreement")
    op.drop_table("sharing_agreement")
