"""What becomes of a report until it is approved, step by step, and what an approved one was made of."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report", sa.Column("made_of", sa.JSON(), nullable=True))
    op.create_table(
        "report_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("done_by", sa.Uuid(), nullable=False),
        sa.Column("done_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=True),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_report_step_borough_code")),
        sa.ForeignKeyConstraint(["done_by"], ["person.id"], name=op.f("fk_report_step_done_by")),
        sa.ForeignKeyConstraint(
            ["report_id", "borough_code"],
            ["report.id", "report.borough_code"],
            name=op.f("fk_report_step_report_id_borough_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_step")),
    )
    op.create_index(op.f("ix_report_step_borough_code"), "report_step", ["borough_code"], unique=False)
    op.create_index(op.f("ix_report_step_report_id"), "report_step", ["report_id"], unique=False)
    db.lay_fence(op.get_bind(), "report_step", "borough_code")


def downgrade() -> None:
    op.drop_index(op.f("ix_report_step_report_id"), table_name="report_step")
    op.drop_index(op.f("ix_report_step_borough_code"), table_name="report_step")
    op.drop_table("report_step")
    op.drop_column("report", "made_of")
