"""Small areas, the wards that they and outward postcodes fit best."""

import sqlalchemy as sa
from alembic import op

from hub import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "small_area",
        sa.Column("edition", sa.String(length=4), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.Column("outline", columns.Geometry(), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_small_area_borough_code")),
        sa.PrimaryKeyConstraint("edition", "code", name=op.f("pk_small_area")),
    )
    op.create_index(op.f("ix_small_area_borough_code"), "small_area", ["borough_code"], unique=False)
    op.create_table(
        "small_area_ward",
        sa.Column("boundary_set_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("ward_code", sa.String(length=9), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("is_official", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["boundary_set_id"], ["boundary_set.id"], name=op.f("fk_small_area_ward_boundary_set_id")
        ),
        sa.PrimaryKeyConstraint("boundary_set_id", "code", name=op.f("pk_small_area_ward")),
    )
    op.create_table(
        "outward_ward",
        sa.Column("boundary_set_id", sa.Integer(), nullable=False),
        sa.Column("outward_code", sa.String(length=4), nullable=False),
        sa.Column("ward_code", sa.String(length=9), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["boundary_set_id"], ["boundary_set.id"], name=op.f("fk_outward_ward_boundary_set_id")),
        sa.PrimaryKeyConstraint("boundary_set_id", "outward_code", "ward_code", name=op.f("pk_outward_ward")),
    )


def downgrade() -> None:
    op.drop_table("outward_ward")
    op.drop_table("small_area_ward")
    op.drop_index(op.f("ix_small_area_borough_code"), table_name="small_area")
    op.drop_table("small_area")
