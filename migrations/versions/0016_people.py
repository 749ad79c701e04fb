"""Invitations, new passwords, and accounts of people's own organisations."""

import sqlalchemy as sa
from alembic import op

from hub import columns

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("joined_at", columns.UtcDateTime(timezone=True), nullable=True))
    op.execute("UPDATE person SET joined_at = created_at")
    op.add_column("membership", sa.Column("from_group", sa.String(length=200), nullable=True))
    op.create_table(
        "one_time_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("asked_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("good_until", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_one_time_link_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_link_token_hash")),
    )
    op.create_index(op.f("ix_one_time_link_person_id"), "one_time_link", ["person_id"], unique=False)
    op.create_table(
        "single_sign_on_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_single_sign_on_identity_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_single_sign_on_identity")),
        sa.UniqueConstraint("issuer", "person_id", name=op.f("uq_single_sign_on_identity_issuer_person_id")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_single_sign_on_identity_issuer_subject")),
    )
    op.create_index(
        op.f("ix_single_sign_on_identity_person_id"), "single_sign_on_identity", ["person_id"], unique=False
    )
    op.create_table(
        "group_role",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=True),
        sa.Column("bcu_id", sa.Integer(), nullable=True),
        sa.Column("is_london", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(borough_code IS NOT NULL AND bcu_id IS NULL AND NOT is_london)"
            " OR (borough_code IS NULL AND bcu_id IS NOT NULL AND NOT is_london)"
            " OR (borough_code IS NULL AND bcu_id IS NULL AND is_london)",
            name=op.f("ck_group_role_one_place"),
        ),
        sa.ForeignKeyConstraint(["bcu_id"], ["bcu.id"], name=op.f("fk_group_role_bcu_id")),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_group_role_borough_code")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_group_role_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_role")),
    )
    op.create_index(op.f("ix_group_role_group_name"), "group_role", ["group_name"], unique=False)


def downgrade() -> None:
    op.drop_table("group_role")
    op.drop_table("single_sign_on_identity")
    op.drop_table("one_time_link")
    op.drop_column("membership", "from_group")
    op.drop_column("person", "joined_at")
