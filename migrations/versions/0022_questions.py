"""What is asked about figures, and what is answered."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("figure", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("shown", sa.String(length=300), nullable=False),
        sa.Column("is_for_all", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=1500), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_question_answered_by")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_question_asked_by")),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_question_borough_code")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_question_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    op.create_index(op.f("ix_question_borough_code"), "question", ["borough_code"], unique=False)
    op.create_index(op.f("ix_question_figure"), "question", ["figure"], unique=False)
    db.lay_fence(op.get_bind(), "question", "borough_code")


def downgrade() -> None:
    op.drop_index(op.f("ix_question_figure"), table_name="question")
    op.drop_index(op.f("ix_question_borough_code"), table_name="question")
    op.drop_table("question")
