"""Assessments of problems, and the counts of each, which go with the data that they came from."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("promised_for", sa.Date(), nullable=True),
        sa.Column("result", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("waits_for", sa.String(length=7), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=120), nullable=False),
        sa.Column("months", sa.JSON(), nullable=False),
        sa.Column("months_before", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("chosen_by", sa.JSON(), nullable=False),
        sa.Column("grounds", sa.JSON(), nullable=False),
        sa.Column("responses", sa.JSON(), nullable=False),
        sa.Column("is_delivered", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("run_for", sa.Uuid(), nullable=False),
        sa.Column("run_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id", "borough_set"],
            ["problem.id", "problem.borough_set"],
            name=op.f("fk_assessment_problem_id_borough_set"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_for"], ["person.id"], name=op.f("fk_assessment_run_for")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("problem_id", "number", name=op.f("uq_assessment_problem_id_number")),
    )
    op.create_index(op.f("ix_assessment_borough_set"), "assessment", ["borough_set"], unique=False)
    op.create_table(
        "assessment_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("months", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_assessment_part_assessment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_assessment_part_borough_code")),
        sa.ForeignKeyConstraint(
            ["version_id", "borough_code"],
            ["version.id", "version.borough_code"],
            name=op.f("fk_assessment_part_version_id_borough_code"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_part")),
        sa.UniqueConstraint("assessment_id", "version_id", name=op.f("uq_assessment_part_assessment_id_version_id")),
    )
    op.create_index(op.f("ix_assessment_part_borough_code"), "assessment_part", ["borough_code"], unique=False)
    op.create_index(op.f("ix_assessment_part_version_id"), "assessment_part", ["version_id"], unique=False)
    db.lay_fence_among(op.get_bind(), "assessment")
    db.lay_fence(op.get_bind(), "assessment_part", "borough_code")


def downgrade() -> None:
    for table in ("assessment_part", "assessment"):
        op.drop_table(table)
