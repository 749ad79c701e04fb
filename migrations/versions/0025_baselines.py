"""The frozen baselines of problems: their grounds, and the counts that go with the data that they came from."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "problem_baseline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=120), nullable=False),
        sa.Column("boundary_set", sa.String(length=40), nullable=False),
        sa.Column("months", sa.JSON(), nullable=False),
        sa.Column("carried_over", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("ring_metres", sa.Double(), nullable=False),
        sa.Column("considered", sa.Integer(), nullable=False),
        sa.Column("why_none", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("frozen_by", sa.Uuid(), nullable=False),
        sa.Column("frozen_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["frozen_by"], ["person.id"], name=op.f("fk_problem_baseline_frozen_by")),
        sa.ForeignKeyConstraint(
            ["problem_id", "borough_set"],
            ["problem.id", "problem.borough_set"],
            name=op.f("fk_problem_baseline_problem_id_borough_set"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_baseline")),
        sa.UniqueConstraint("id", "borough_set", name=op.f("uq_problem_baseline_id_borough_set")),
        sa.UniqueConstraint("problem_id", "number", name=op.f("uq_problem_baseline_problem_id_number")),
    )
    op.create_index(op.f("ix_problem_baseline_borough_set"), "problem_baseline", ["borough_set"], unique=False)
    op.create_table(
        "problem_ground",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("baseline_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("ward_codes", sa.JSON(), nullable=False),
        sa.Column("outline", columns.Geometry(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline_id", "borough_set"],
            ["problem_baseline.id", "problem_baseline.borough_set"],
            name=op.f("fk_problem_ground_baseline_id_borough_set"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_ground")),
        sa.UniqueConstraint("baseline_id", "position", name=op.f("uq_problem_ground_baseline_id_position")),
    )
    op.create_index(op.f("ix_problem_ground_borough_set"), "problem_ground", ["borough_set"], unique=False)
    op.create_table(
        "problem_baseline_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("baseline_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("months", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline_id"],
            ["problem_baseline.id"],
            name=op.f("fk_problem_baseline_part_baseline_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_problem_baseline_part_borough_code")),
        sa.ForeignKeyConstraint(
            ["version_id", "borough_code"],
            ["version.id", "version.borough_code"],
            name=op.f("fk_problem_baseline_part_version_id_borough_code"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_baseline_part")),
        sa.UniqueConstraint("baseline_id", "version_id", name=op.f("uq_problem_baseline_part_baseline_id_version_id")),
    )
    op.create_index(
        op.f("ix_problem_baseline_part_borough_code"), "problem_baseline_part", ["borough_code"], unique=False
    )
    op.create_index(op.f("ix_problem_baseline_part_version_id"), "problem_baseline_part", ["version_id"], unique=False)
    db.lay_fence_among(op.get_bind(), "problem_baseline")
    db.lay_fence_among(op.get_bind(), "problem_ground")
    db.lay_fence(op.get_bind(), "problem_baseline_part", "borough_code")


def downgrade() -> None:
    for table in ("problem_baseline_part", "problem_ground", "problem_baseline"):
        op.drop_table(table)
