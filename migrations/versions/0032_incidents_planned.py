"""How PostgreSQL guesses the number of a version's incidents.

A version is of one borough and of few months. Taken for independent, the three make fifty incidents of fifty thousand,
which PostgreSQL then sorts to count them, as if that cost nothing.
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE STATISTICS incident_version (dependencies, mcv) ON version_id, month, borough_code FROM incident"
        )
        op.execute("ANALYZE incident")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP STATISTICS incident_version")
