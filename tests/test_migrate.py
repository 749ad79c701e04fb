"""Migrations on both databases: up and down, one migrator at a time, and nothing left behind by one that fails."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import JSON, Connection, inspect, select, text

from hub import config, migrate
from hub.config import Settings
from hub.db import EVERYWHERE, Database
from hub.engine import open_engine
from hub.errors import Conflict
from hub.problems.models import Entry, OutsideAddress
from hub.problems.terms import Kind
from hub.uploads.models import VersionMonth, WardCount
from tests.fence.worlds import MY_SIDE, seed
from tests.processes import at_once, upgrade_to

NewSettings = Callable[..., Settings]
ROOT = Path(__file__).resolve().parents[1]
HEAD = max(path.name[:4] for path in (ROOT / "migrations" / "versions").glob("*.py"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, new_settings: NewSettings) -> Settings:
    """Settings of a database in which nothing stands."""
    return new_settings(request.param, migrated=False)


@contextmanager
def owner_of(settings: Settings) -> Iterator[Connection]:
    engine = open_engine(settings.migration_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def tables(settings: Settings) -> set[str]:
    with owner_of(settings) as connection:
        return set(inspect(connection).get_table_names())


def test_a_schema_goes_up_and_down_and_up(empty: Settings) -> None:
    expected = set(migrate.metadata().tables) | {"alembic_version"}
    assert not migrate.is_current(empty)
    assert migrate.problems(empty) == [f"The schema is at revision 'none', not '{HEAD}': run 'hub db upgrade'."]
    for _ in range(2):
        assert migrate.upgrade(empty) == HEAD
        assert tables(empty) == expected
        assert migrate.is_current(empty)
        assert migrate.problems(empty) == []
        database = Database(empty)
        seed(database)
        with database.writing() as session:
            session.set_scope(EVERYWHERE)
            assert len(session.scalars(select(WardCount)).all()) > 5
        database.engine.dispose()
        assert migrate.downgrade(empty) == ""
        assert tables(empty) == {"alembic_version"}


def test_what_was_live_before_is_counted_by_category_on_the_way_up(empty: Settings) -> None:
    migrate.upgrade(empty)
    database = Database(empty)
    seed(database)
    assert migrate.downgrade(empty, "0008") == "0008"
    assert migrate.upgrade(empty) == HEAD
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        mine = select(VersionMonth).where(VersionMonth.version_id == MY_SIDE.version).order_by(VersionMonth.month)
        january, february = session.scalars(mine)
        assert january.by_category == [["mine", "", 3], ["mine", "mine", 5 + 6 + 7]]  # incidents, then offences
        assert february.by_category == []
    database.engine.dispose()


def test_addresses_outside_the_hub_are_taken_out_of_tasks_on_the_way_up_and_put_back_on_the_way_down(
    empty: Settings,
) -> None:
    migrate.upgrade(empty)
    database = Database(empty)
    seed(database)
    with database.writing() as session:
        session.set_scope(EVERYWHERE)
        [mine] = session.scalars(select(OutsideAddress).where(OutsideAddress.problem_id == MY_SIDE.zone))
        task = {"problem_id": mine.problem_id, "borough_set": mine.borough_set, "kind": Kind.TASK, "thing": uuid4()}
        wrote = {"written_by": UUID(int=1), "written_at": dt.datetime.now(dt.UTC)}
        for number, outside in ((901, str(mine.id)), (902, str(mine.id)), (903, "")):
            session.add(Entry(**task, **wrote, number=number, body={"words": "Ask", "outside": outside}))
        address = mine.address

    def said() -> list[str]:
        with owner_of(empty) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT set_config('hub.boroughs', '*', true)"))
            its = text("SELECT body FROM problem_entry WHERE number > 900 ORDER BY number")
            found = connection.scalars(its.columns(body=JSON)).all()
        return [one["outside"] for one in found]

    assert migrate.downgrade(empty, "0028") == "0028"
    assert said() == [address, address, ""]
    assert migrate.upgrade(empty) == HEAD
    first, second, none = said()
    assert (first == second, none) == (True, "")
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        assert session.get_one(OutsideAddress, UUID(first)).address == address
    database.engine.dispose()


def test_upgrading_twice_changes_nothing(empty: Settings) -> None:
    assert migrate.upgrade(empty) == migrate.upgrade(empty) == HEAD
    assert migrate.problems(empty) == []


@pytest.mark.xdist_group("kills")  # where processes are forked
def test_four_migrators_at_once_end_as_one(empty: Settings) -> None:
    assert at_once(4, upgrade_to, empty, HEAD) == [0] * 4
    assert migrate.problems(empty) == []
    with owner_of(empty) as connection:
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [HEAD]


FAILING = f'''"""A version that fails after it has changed things."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{HEAD}"


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO half VALUES (1)")
    op.execute("DELETE FROM bcu")
    op.add_column("bcu", sa.Column("half", sa.Integer()))
    op.execute("INSERT INTO no_such_table VALUES (1)")
'''


@pytest.fixture
def with_a_failing_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrations = tmp_path / "migrations"
    shutil.copytree(config.shipped("migrations"), migrations)
    (migrations / "versions" / "9999_fails.py").write_text(FAILING, "utf-8")
    monkeypatch.setattr(migrate, "shipped", lambda name: tmp_path / name)


@pytest.mark.usefixtures("with_a_failing_version")
@pytest.mark.parametrize("first", ["", HEAD])
def test_a_failing_migration_leaves_nothing(empty: Settings, first: str) -> None:
    if first:
        migrate.upgrade(empty, first)
        with owner_of(empty) as connection:
            connection.execute(text("INSERT INTO bcu (id, slug, name) VALUES (1, 'kept', 'Kept')"))
    before = tables(empty)
    with pytest.raises(Exception, match="no_such_table"):
        migrate.upgrade(empty)
    assert tables(empty) == before
    with owner_of(empty) as connection:
        assert migrate._revision(connection) == first
        if first:
            assert "half" not in {column["name"] for column in inspect(connection).get_columns("bcu")}
            assert connection.scalars(text("SELECT name FROM bcu")).all() == ["Kept"]
    assert migrate.upgrade(empty, HEAD) == HEAD


def test_a_database_of_a_newer_hub_is_left_alone(settings: Settings) -> None:
    with owner_of(settings) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = tables(settings)
    for move in (migrate.upgrade, migrate.downgrade):
        with pytest.raises(Conflict, match="9999"):
            move(settings)
    assert tables(settings) == before
    assert not migrate.is_current(settings)


def test_a_revision_that_does_not_exist_is_refused(settings: Settings) -> None:
    with pytest.raises(Conflict, match="nonsense"):
        migrate.upgrade(settings, "nonsense")
    assert migrate.problems(settings) == []


def test_a_check_finds_a_schema_that_was_changed_by_hand(settings: Settings) -> None:
    assert migrate.problems(settings) == []
    for change, found in (
        ("DROP INDEX ix_job_state", "ix_job_state"),
        ("ALTER TABLE bcu ADD COLUMN extra INTEGER", "extra"),
        ("CREATE TABLE extra_table (id INTEGER)", "extra_table"),
    ):
        with owner_of(settings) as connection:
            connection.execute(text(change))
        assert any(found in problem for problem in migrate.problems(settings))


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE ward_count DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE ward_count NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY fence ON ward_count",
        "CREATE POLICY open ON ward_count USING (true) WITH CHECK (true)",
        "DROP POLICY fence ON ward_count; CREATE POLICY fence ON ward_count USING (true)",
        "ALTER POLICY fence ON ward_count WITH CHECK (true)",
        "ALTER POLICY fence ON ward_count USING (true) WITH CHECK (true)",
        "DROP POLICY fence ON ward_count; CREATE POLICY fence ON ward_count FOR INSERT WITH CHECK (true)",
    ],
)
def test_a_check_finds_a_fence_that_was_opened(new_settings: NewSettings, change: str) -> None:
    settings = new_settings("postgresql")
    assert migrate.problems(settings) == []
    with owner_of(settings) as connection:
        connection.execute(text(change))
    assert migrate.problems(settings) == ["Row-level security is not as it must be on 'ward_count'."]
