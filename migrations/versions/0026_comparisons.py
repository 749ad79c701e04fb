"""With what each borough compares the measures that it puts first."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("measure_choice") as table:
        table.add_column(sa.Column("comparisons", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("measure_choice") as table:
        table.drop_column("comparisons")
