"""Zones that people of an area drew or uploaded."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "zone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("outline", columns.Geometry(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("area_key", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_zone_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone")),
    )
    op.create_index(op.f("ix_zone_area_key"), "zone", ["area_key"], unique=False)
    db.lay_fence(op.get_bind(), "zone", "area_key")


def downgrade() -> None:
    op.drop_index(op.f("ix_zone_area_key"), table_name="zone")
    op.drop_table("zone")
