"""The keyed hash of each incident's reference, to know one that came before."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incident", sa.Column("reference_hash", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("incident", "reference_hash")
