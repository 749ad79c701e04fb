"""Sets of weights of harm that an administrator loaded, one list for every borough."""

import sqlalchemy as sa
from alembic import op

from hub import columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "harm_weights",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=60), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("loaded_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["loaded_by"], ["person.id"], name=op.f("fk_harm_weights_loaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harm_weights")),
    )


def downgrade() -> None:
    op.drop_table("harm_weights")
