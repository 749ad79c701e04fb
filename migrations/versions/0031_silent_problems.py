"""Of a problem that is left open and silent: when somebody was asked to close it."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("problem", sa.Column("asked_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("problem", "asked_on")
