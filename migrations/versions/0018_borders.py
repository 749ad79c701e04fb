"""What boroughs tell their neighbours of the strip along the border, and who tells nothing."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "border_band",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_code", sa.String(length=9), nullable=False),
        sa.Column("units", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("band", sa.String(length=32), nullable=False),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_border_band_borough_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_border_band")),
    )
    op.create_index(op.f("ix_border_band_borough_code"), "border_band", ["borough_code"], unique=False)
    op.create_index(op.f("ix_border_band_source_code"), "border_band", ["source_code"], unique=False)
    op.create_table(
        "border_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publishes", sa.Boolean(), nullable=False),
        sa.Column("chosen_by", sa.Uuid(), nullable=False),
        sa.Column("chosen_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_border_choice_borough_code")),
        sa.ForeignKeyConstraint(["chosen_by"], ["person.id"], name=op.f("fk_border_choice_chosen_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_border_choice")),
    )
    op.create_index(op.f("ix_border_choice_borough_code"), "border_choice", ["borough_code"], unique=False)
    for table in ("border_band", "border_choice"):
        db.lay_fence(op.get_bind(), table, "borough_code")


def downgrade() -> None:
    op.drop_index(op.f("ix_border_choice_borough_code"), table_name="border_choice")
    op.drop_table("border_choice")
    op.drop_index(op.f("ix_border_band_source_code"), table_name="border_band")
    op.drop_index(op.f("ix_border_band_borough_code"), table_name="border_band")
    op.drop_table("border_band")
