"""Letters about tasks that were asked for, so that none is sent twice."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "task_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Uuid(), nullable=False),
        sa.Column("occasion", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id", "borough_set"],
            ["problem.id", "problem.borough_set"],
            name=op.f("fk_task_letter_problem_id_borough_set"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_letter")),
        sa.UniqueConstraint(
            "task", "recipient", "occasion", "day", name=op.f("uq_task_letter_task_recipient_occasion_day")
        ),
    )
    op.create_index(op.f("ix_task_letter_borough_set"), "task_letter", ["borough_set"], unique=False)
    op.create_index(op.f("ix_task_letter_problem_id"), "task_letter", ["problem_id"], unique=False)
    db.lay_fence_among(op.get_bind(), "task_letter")


def downgrade() -> None:
    op.drop_table("task_letter")
