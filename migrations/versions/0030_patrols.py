"""Patrol plans of responses, and the visits made by them."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patrol_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("response", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("spots", sa.JSON(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id", "borough_set"],
            ["problem.id", "problem.borough_set"],
            name=op.f("fk_patrol_plan_problem_id_borough_set"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_patrol_plan_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_plan")),
        sa.UniqueConstraint("response", "number", name=op.f("uq_patrol_plan_response_number")),
    )
    op.create_table(
        "patrol_visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("response", sa.Uuid(), nullable=False),
        sa.Column("visit", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("spot", sa.String(length=80), nullable=False),
        sa.Column("body", sa.String(length=40), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("is_taken_back", sa.Boolean(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id", "borough_set"],
            ["problem.id", "problem.borough_set"],
            name=op.f("fk_patrol_visit_problem_id_borough_set"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_patrol_visit_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_visit")),
        sa.UniqueConstraint("response", "visit", "number", name=op.f("uq_patrol_visit_response_visit_number")),
    )
    for table in ("patrol_plan", "patrol_visit"):
        for column in ("borough_set", "problem_id"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
        db.lay_fence_among(op.get_bind(), table)


def downgrade() -> None:
    for table in ("patrol_visit", "patrol_plan"):
        op.drop_table(table)
