"""How many there are of each category in each month of a version: a check need not count what is live once more."""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MONTHS = sa.table("version_month", sa.column("version_id"), sa.column("month"), sa.column("by_category", sa.JSON()))
OFFENCES = sa.table(
    "ward_count", *map(sa.column, ("version_id", "month", "offence_group", "offence_subgroup", "count"))
)
INCIDENTS = sa.table("incident", *map(sa.column, ("version_id", "month", "category", "subcategory")))


def upgrade() -> None:
    op.add_column("version_month", sa.Column("by_category", sa.JSON(), server_default="[]", nullable=False))
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # Its owner stands behind the fence too.
        connection.execute(sa.select(sa.func.set_config("hub.boroughs", "*", True)))
    found = defaultdict(list)
    for columns, counted in (
        ((INCIDENTS.c.category, INCIDENTS.c.subcategory), sa.func.count()),
        ((OFFENCES.c.offence_group, OFFENCES.c.offence_subgroup), sa.func.sum(OFFENCES.c.count)),
    ):
        by = (columns[0].table.c.version_id, columns[0].table.c.month, *columns)
        for version_id, month, *category, count in connection.execute(
            sa.select(*by, counted).group_by(*by).order_by(*by)
        ):
            found[version_id, month].append([*category, int(count)])
    for (version_id, month), counts in found.items():
        is_this = (MONTHS.c.version_id == version_id) & (MONTHS.c.month == month)
        connection.execute(sa.update(MONTHS).where(is_this).values(by_category=counts))


def downgrade() -> None:
    op.drop_column("version_month", "by_category")
