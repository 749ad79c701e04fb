"""Which boroughs an entry of the audit record concerns, and whence the act came."""

import sqlalchemy as sa
from alembic import op

from hub import db

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_entry", sa.Column("boroughs", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("audit_entry", sa.Column("whence", sa.String(length=32), nullable=True))
    op.create_table(
        "audit_part",
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_audit_part_borough_code")),
        sa.ForeignKeyConstraint(["number"], ["audit_entry.number"], name=op.f("fk_audit_part_number")),
        sa.PrimaryKeyConstraint("borough_code", "number", name=op.f("pk_audit_part")),
    )
    op.create_index(op.f("ix_audit_part_number"), "audit_part", ["number"], unique=False)
    db.lay_fence(op.get_bind(), "audit_part", "borough_code")


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_part_number"), table_name="audit_part")
    op.drop_table("audit_part")
    op.drop_column("audit_entry", "whence")
    op.drop_column("audit_entry", "boroughs")
