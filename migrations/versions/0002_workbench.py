"""What people decide while putting an upload right, more of what a row says, and dataset kinds that are added."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FENCED = {
    "upload_edit": "area_key",
    "upload_decision": "area_key",
    "column_memory": "area_key",
    "share": "borough_code",
}


def upgrade() -> None:
    op.create_index("uq_upload_id_area_key", "upload", ["id", "area_key"], unique=True)
    op.create_table(
        "added_kind",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("added_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_added_kind")),
    )
    op.create_table(
        "column_memory",
        sa.Column("area_key", sa.String(length=512), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("column_fields", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("remembered_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("area_key", "dataset", name=op.f("pk_column_memory")),
    )
    op.create_table(
        "upload_decision",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decider_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("area_key", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["decider_id"], ["person.id"], name=op.f("fk_upload_decision_decider_id")),
        sa.ForeignKeyConstraint(
            ["upload_id", "area_key"],
            ["upload.id", "upload.area_key"],
            name=op.f("fk_upload_decision_upload_id_area_key"),
        ),
        sa.PrimaryKeyConstraint("upload_id", "code", name=op.f("pk_upload_decision")),
    )
    op.create_index(op.f("ix_upload_decision_area_key"), "upload_decision", ["area_key"], unique=False)
    op.create_table(
        "upload_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=1000), nullable=True),
        sa.Column("editor_id", sa.Uuid(), nullable=False),
        sa.Column("edited_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("area_key", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["editor_id"], ["person.id"], name=op.f("fk_upload_edit_editor_id")),
        sa.ForeignKeyConstraint(
            ["upload_id", "area_key"], ["upload.id", "upload.area_key"], name=op.f("fk_upload_edit_upload_id_area_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_edit")),
        sa.UniqueConstraint("upload_id", "row", "column", name=op.f("uq_upload_edit_upload_id_row_column")),
    )
    op.create_index(op.f("ix_upload_edit_area_key"), "upload_edit", ["area_key"], unique=False)
    op.create_table(
        "share",
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("measure", sa.String(length=120), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id", "borough_code"],
            ["version.id", "version.borough_code"],
            name=op.f("fk_share_version_id_borough_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share")),
    )
    op.create_index("ix_share_version_month", "share", ["version_id", "month"], unique=False)
    op.add_column("incident", sa.Column("subcategory", sa.String(length=120), nullable=False, server_default=""))
    op.add_column("incident", sa.Column("occurred_from", sa.DateTime(), nullable=True))
    op.add_column("incident", sa.Column("occurred_to", sa.DateTime(), nullable=True))
    op.add_column("incident", sa.Column("placed_by", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("incident", sa.Column("confidence", sa.SmallInteger(), nullable=True))
    op.add_column("upload", sa.Column("answers", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("upload", sa.Column("corrects_id", sa.Uuid(), nullable=True))
    op.add_column("upload", sa.Column("is_holding", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("version", sa.Column("classification", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("ward_count", sa.Column("lsoa_code", sa.String(length=9), nullable=True))
    op.add_column("ward_count", sa.Column("placed_by", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("ward_count", sa.Column("confidence", sa.SmallInteger(), nullable=True))
    for table, column in FENCED.items():
        db.lay_fence(op.get_bind(), table, column)


def downgrade() -> None:
    op.drop_column("ward_count", "confidence")
    op.drop_column("ward_count", "placed_by")
    op.drop_column("ward_count", "lsoa_code")
    op.drop_column("version", "classification")
    op.drop_column("upload", "is_holding")
    op.drop_column("upload", "corrects_id")
    op.drop_column("upload", "answers")
    op.drop_column("incident", "confidence")
    op.drop_column("incident", "placed_by")
    op.drop_column("incident", "occurred_to")
    op.drop_column("incident", "occurred_from")
    op.drop_column("incident", "subcategory")
    op.drop_index("ix_share_version_month", table_name="share")
    op.drop_table("share")
    op.drop_index(op.f("ix_upload_edit_area_key"), table_name="upload_edit")
    op.drop_table("upload_edit")
    op.drop_index(op.f("ix_upload_decision_area_key"), table_name="upload_decision")
    op.drop_table("upload_decision")
    op.drop_table("column_memory")
    op.drop_table("added_kind")
    op.drop_index("uq_upload_id_area_key", table_name="upload")
