"""Problems with all that is written of them, files beside them, and the problem memory."""

import sqlalchemy as sa
from alembic import op

from hub import columns, db

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "problem",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("priority_id", sa.Uuid(), nullable=True),
        sa.Column("place_name", sa.String(length=120), nullable=False),
        sa.Column("ward_code", sa.String(length=9), nullable=True),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=True),
        sa.Column("premises", sa.String(length=40), nullable=False),
        sa.Column("outline", columns.Geometry(), nullable=True),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        sa.Column("owner_body", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("result", sa.String(length=32), nullable=True),
        sa.Column("abstract_id", sa.Uuid(), nullable=True),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_problem_opened_by")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_problem_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem")),
        sa.UniqueConstraint("borough_set", "year", "number", name=op.f("uq_problem_borough_set_year_number")),
        sa.UniqueConstraint("id", "borough_set", name=op.f("uq_problem_id_borough_set")),
    )
    op.create_index(op.f("ix_problem_borough_set"), "problem", ["borough_set"], unique=False)
    op.create_index(op.f("ix_problem_stage"), "problem", ["stage"], unique=False)
    op.create_table(
        "problem_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("thing", sa.Uuid(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        _of_its_problem("problem_entry"),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_problem_entry_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_entry")),
        sa.UniqueConstraint("problem_id", "number", name=op.f("uq_problem_entry_problem_id_number")),
    )
    op.create_index(op.f("ix_problem_entry_borough_set"), "problem_entry", ["borough_set"], unique=False)
    op.create_table(
        "problem_attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("borough_set", sa.String(length=512), nullable=False),
        _of_its_problem("problem_attachment"),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_problem_attachment_added_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_attachment")),
    )
    op.create_index(op.f("ix_problem_attachment_borough_set"), "problem_attachment", ["borough_set"], unique=False)
    op.create_index(op.f("ix_problem_attachment_problem_id"), "problem_attachment", ["problem_id"], unique=False)
    op.create_table(
        "problem_abstract",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("premises", sa.String(length=40), nullable=False),
        sa.Column("techniques", sa.JSON(), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=True),
        sa.Column("problem", sa.String(length=500), nullable=False),
        sa.Column("response", sa.String(length=1000), nullable=False),
        sa.Column("learning", sa.String(length=1000), nullable=False),
        sa.Column("published_at", columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_abstract")),
    )
    for table in ("problem", "problem_entry", "problem_attachment"):
        db.lay_fence_among(op.get_bind(), table)


def downgrade() -> None:
    for table in ("problem_abstract", "problem_attachment", "problem_entry", "problem"):
        op.drop_table(table)


def _of_its_problem(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["problem_id", "borough_set"],
        ["problem.id", "problem.borough_set"],
        name=op.f(f"fk_{table}_problem_id_borough_set"),
        ondelete="CASCADE",
    )
