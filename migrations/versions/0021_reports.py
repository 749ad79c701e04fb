"""Reports of a borough, their files, who is told of them and when they fall due, and what the public may read."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "public_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("is_indexed", sa.Boolean(), nullable=False),
        sa.Column("published_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_report")),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("writers", sa.JSON(), nullable=False),
        sa.Column("drafted_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("approved_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("public_document", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=True),
        sa.Column("published_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["approved_by"], ["person.id"], name=op.f("fk_report_approved_by")),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_report_borough_code")),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name=op.f("fk_report_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("id", "borough_code", name=op.f("uq_report_id_borough_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_report_public_id")),
    )
    op.create_index(op.f("ix_report_borough_code"), "report", ["borough_code"], unique=False)
    op.create_index(op.f("ix_report_replaces_id"), "report", ["replaces_id"], unique=False)
    op.create_index(op.f("ix_report_state"), "report", ["state"], unique=False)
    op.create_table(
        "report_schedule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.String(length=32), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_report_schedule_borough_code")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_report_schedule_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_schedule")),
    )
    op.create_index(op.f("ix_report_schedule_borough_code"), "report_schedule", ["borough_code"], unique=False)
    op.create_table(
        "report_subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_report_subscription_borough_code")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_report_subscription_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_subscription")),
        sa.UniqueConstraint("person_id", "borough_code", name=op.f("uq_report_subscription_person_id_borough_code")),
    )
    op.create_index(op.f("ix_report_subscription_borough_code"), "report_subscription", ["borough_code"], unique=False)
    op.create_table(
        "report_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(length=20), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("extension", sa.String(length=10), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_report_file_borough_code")),
        sa.ForeignKeyConstraint(
            ["report_id", "borough_code"],
            ["report.id", "report.borough_code"],
            name=op.f("fk_report_file_report_id_borough_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_file")),
        sa.UniqueConstraint("report_id", "form", name=op.f("uq_report_file_report_id_form")),
    )
    op.create_index(op.f("ix_report_file_borough_code"), "report_file", ["borough_code"], unique=False)
    for table in ("report", "report_file", "report_schedule", "report_subscription"):
        db.lay_fence(op.get_bind(), table, "borough_code")


def downgrade() -> None:
    op.drop_index(op.f("ix_report_file_borough_code"), table_name="report_file")
    op.drop_index(op.f("ix_report_subscription_borough_code"), table_name="report_subscription")
    op.drop_index(op.f("ix_report_schedule_borough_code"), table_name="report_schedule")
    op.drop_index(op.f("ix_report_state"), table_name="report")
    op.drop_index(op.f("ix_report_replaces_id"), table_name="report")
    op.drop_index(op.f("ix_report_borough_code"), table_name="report")
    op.drop_table("report_file")
    op.drop_table("report_subscription")
    op.drop_table("report_schedule")
    op.drop_table("report")
    op.drop_table("public_report")
