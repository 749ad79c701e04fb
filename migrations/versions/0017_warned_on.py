"""The day on which an upload's people were warned that it will be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("upload", sa.Column("warned_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("upload", "warned_on")
