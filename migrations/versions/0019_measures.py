"""Plans and measures that an administrator loaded, one list for every borough, and the five of each borough."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measure_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("loaded_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["loaded_by"], ["person.id"], name=op.f("fk_measure_file_loaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_file")),
    )
    op.create_table(
        "measure_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("chosen_by", sa.Uuid(), nullable=False),
        sa.Column("chosen_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_measure_choice_borough_code")),
        sa.ForeignKeyConstraint(["chosen_by"], ["person.id"], name=op.f("fk_measure_choice_chosen_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_choice")),
    )
    op.create_index(op.f("ix_measure_choice_borough_code"), "measure_choice", ["borough_code"], unique=False)
    db.lay_fence(op.get_bind(), "measure_choice", "borough_code")


def downgrade() -> None:
    op.drop_index(op.f("ix_measure_choice_borough_code"), table_name="measure_choice")
    op.drop_table("measure_choice")
    op.drop_table("measure_file")
