"""The first schema: places, people, uploads with their versions and rows, overlays, jobs and the audit record."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FENCED = {
    "upload": "area_key",
    "hotspot_run": "area_key",
    "version": "borough_code",
    "version_month": "borough_code",
    "ward_count": "borough_code",
    "incident": "borough_code",
}


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("chain_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_action"), "audit_entry", ["action"], unique=False)
    op.create_index(op.f("ix_audit_entry_actor"), "audit_entry", ["actor"], unique=False)
    op.create_table(
        "bcu",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bcu")),
        sa.UniqueConstraint("name", name=op.f("uq_bcu_name")),
        sa.UniqueConstraint("slug", name=op.f("uq_bcu_slug")),
    )
    op.create_table(
        "boundary_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundary_set")),
        sa.UniqueConstraint("code", name=op.f("uq_boundary_set_code")),
    )
    op.create_table(
        "city",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_fictional", sa.Boolean(), nullable=False),
        sa.Column("attribution", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city")),
    )
    op.create_table(
        "hotspot_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inputs_hash", sa.String(length=64), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("computed_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("area_key", sa.String(length=512), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hotspot_run")),
        sa.UniqueConstraint("area_key", "inputs_hash", name=op.f("uq_hotspot_run_area_key_inputs_hash")),
    )
    op.create_index(op.f("ix_hotspot_run_area_key"), "hotspot_run", ["area_key"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    op.create_index(op.f("ix_sign_in_failure_at"), "sign_in_failure", ["at"], unique=False)
    op.create_index(op.f("ix_sign_in_failure_key"), "sign_in_failure", ["key"], unique=False)
    op.create_table(
        "borough",
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("bcu_id", sa.Integer(), nullable=True),
        sa.Column("outline", columns.Geometry(), nullable=False),
        sa.ForeignKeyConstraint(["bcu_id"], ["bcu.id"], name=op.f("fk_borough_bcu_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_borough")),
        sa.UniqueConstraint("name", name=op.f("uq_borough_name")),
    )
    op.create_index(op.f("ix_borough_bcu_id"), "borough", ["bcu_id"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("asker_id", sa.Uuid(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("leased_until", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.String(length=200), nullable=False),
        sa.Column("failure", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["asker_id"], ["person.id"], name=op.f("fk_job_asker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_asker_id"), "job", ["asker_id"], unique=False)
    op.create_index(op.f("ix_job_state"), "job", ["state"], unique=False)
    op.create_table(
        "sign_in_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_session_person_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_session")),
    )
    op.create_index(op.f("ix_sign_in_session_person_id"), "sign_in_session", ["person_id"], unique=False)
    op.create_table(
        "borough_population",
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("residents", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_borough_population_borough_code")),
        sa.PrimaryKeyConstraint("borough_code", "source", "year", name=op.f("pk_borough_population")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=True),
        sa.Column("bcu_id", sa.Integer(), nullable=True),
        sa.Column("is_london", sa.Boolean(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(borough_code IS NOT NULL AND bcu_id IS NULL AND NOT is_london)"
            " OR (borough_code IS NULL AND bcu_id IS NOT NULL AND NOT is_london)"
            " OR (borough_code IS NULL AND bcu_id IS NULL AND is_london)",
            name=op.f("ck_membership_one_place"),
        ),
        sa.ForeignKeyConstraint(["bcu_id"], ["bcu.id"], name=op.f("fk_membership_bcu_id")),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_membership_borough_code")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=True),
        sa.Column("column_fields", sa.JSON(), nullable=False),
        sa.Column("boundary_set_id", sa.Integer(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("checked_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("committed_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("area_key", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["boundary_set_id"], ["boundary_set.id"], name=op.f("fk_upload_boundary_set_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_upload_job_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_upload_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_area_key"), "upload", ["area_key"], unique=False)
    op.create_index(op.f("ix_upload_owner_id"), "upload", ["owner_id"], unique=False)
    op.create_table(
        "ward",
        sa.Column("boundary_set_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.Column("residents", sa.Integer(), nullable=True),
        sa.Column("residents_source", sa.String(length=120), nullable=False),
        sa.Column("residents_year", sa.Integer(), nullable=True),
        sa.Column("outline", columns.Geometry(), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_ward_borough_code")),
        sa.ForeignKeyConstraint(["boundary_set_id"], ["boundary_set.id"], name=op.f("fk_ward_boundary_set_id")),
        sa.PrimaryKeyConstraint("boundary_set_id", "code", name=op.f("pk_ward")),
        sa.UniqueConstraint(
            "boundary_set_id", "code", "borough_code", name=op.f("uq_ward_boundary_set_id_code_borough_code")
        ),
    )
    op.create_index(op.f("ix_ward_borough_code"), "ward", ["borough_code"], unique=False)
    op.create_table(
        "version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("boundary_set_id", sa.Integer(), nullable=True),
        sa.Column("extract_date", sa.Date(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("unplaced", sa.Integer(), nullable=False),
        sa.Column("committed_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("committed_by", sa.Uuid(), nullable=False),
        sa.Column("undone_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_version_borough_code")),
        sa.ForeignKeyConstraint(["boundary_set_id"], ["boundary_set.id"], name=op.f("fk_version_boundary_set_id")),
        sa.ForeignKeyConstraint(["committed_by"], ["person.id"], name=op.f("fk_version_committed_by")),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_version_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.UniqueConstraint("borough_code", "dataset", "number", name=op.f("uq_version_borough_code_dataset_number")),
        sa.UniqueConstraint("id", "borough_code", name=op.f("uq_version_id_borough_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_version_public_id")),
        sa.UniqueConstraint("upload_id", "borough_code", name=op.f("uq_version_upload_id_borough_code")),
    )
    op.create_index(op.f("ix_version_borough_code"), "version", ["borough_code"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=False),
        sa.Column("easting", sa.Double(), nullable=True),
        sa.Column("northing", sa.Double(), nullable=True),
        sa.Column("ward_code", sa.String(length=9), nullable=True),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id", "borough_code"],
            ["version.id", "version.borough_code"],
            name=op.f("fk_incident_version_id_borough_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index("ix_incident_version_month", "incident", ["version_id", "month"], unique=False)
    op.create_table(
        "version_month",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("unplaced", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(["borough_code"], ["borough.code"], name=op.f("fk_version_month_borough_code")),
        sa.ForeignKeyConstraint(
            ["version_id", "borough_code"],
            ["version.id", "version.borough_code"],
            name=op.f("fk_version_month_version_id_borough_code"),
        ),
        sa.PrimaryKeyConstraint("version_id", "month", name=op.f("pk_version_month")),
    )
    op.create_index(op.f("ix_version_month_borough_code"), "version_month", ["borough_code"], unique=False)
    op.create_index(
        "uq_version_month_current",
        "version_month",
        ["borough_code", "dataset", "month"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "ward_count",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("ward_code", sa.String(length=9), nullable=True),
        sa.Column("offence_group", sa.String(length=80), nullable=False),
        sa.Column("offence_subgroup", sa.String(length=120), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("borough_code", sa.String(length=9), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id", "borough_code"],
            ["version.id", "version.borough_code"],
            name=op.f("fk_ward_count_version_id_borough_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ward_count")),
    )
    op.create_index("ix_ward_count_version_month", "ward_count", ["version_id", "month"], unique=False)
    for table, column in FENCED.items():
        db.lay_fence(op.get_bind(), table, column)


def downgrade() -> None:
    op.drop_index("ix_ward_count_version_month", table_name="ward_count")
    op.drop_table("ward_count")
    op.drop_index("uq_version_month_current", table_name="version_month")
    op.drop_index(op.f("ix_version_month_borough_code"), table_name="version_month")
    op.drop_table("version_month")
    op.drop_index("ix_incident_version_month", table_name="incident")
    op.drop_table("incident")
    op.drop_index(op.f("ix_version_borough_code"), table_name="version")
    op.drop_table("version")
    op.drop_index(op.f("ix_ward_borough_code"), table_name="ward")
    op.drop_table("ward")
    op.drop_index(op.f("ix_upload_owner_id"), table_name="upload")
    op.drop_index(op.f("ix_upload_area_key"), table_name="upload")
    op.drop_table("upload")
    op.drop_index(op.f("ix_membership_person_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_table("borough_population")
    op.drop_index(op.f("ix_sign_in_session_person_id"), table_name="sign_in_session")
    op.drop_table("sign_in_session")
    op.drop_index(op.f("ix_job_state"), table_name="job")
    op.drop_index(op.f("ix_job_asker_id"), table_name="job")
    op.drop_table("job")
    op.drop_index(op.f("ix_borough_bcu_id"), table_name="borough")
    op.drop_table("borough")
    op.drop_index(op.f("ix_sign_in_failure_key"), table_name="sign_in_failure")
    op.drop_index(op.f("ix_sign_in_failure_at"), table_name="sign_in_failure")
    op.drop_table("sign_in_failure")
    op.drop_table("person")
    op.drop_index(op.f("ix_hotspot_run_area_key"), table_name="hotspot_run")
    op.drop_table("hotspot_run")
    op.drop_table("city")
    op.drop_table("boundary_set")
    op.drop_table("bcu")
    op.drop_index(op.f("ix_audit_entry_actor"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_action"), table_name="audit_entry")
    op.drop_table("audit_entry")
