"""The hub: where London's Community Safety Partnerships share ward-level data, each borough with its own people.

Importable on a bare Python, and on one that is too old to run it: what is beyond the standard library is imported
inside `create_app`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from hub.config import Settings

__version__ = "0.1.0"


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Make the web application, or refuse to start.

    Raises
    ------
    SettingsError
        If the settings or the database role are unsafe, or the schema is not the one this hub expects.
    RuntimeError
        If a route declares no permission.
    """
    from flask import Flask

    from hub import migrate, web
    from hub.config import read_settings
    from hub.db import Database
    from hub.errors import SettingsError
    from hub.places import tiles

    settings = settings or read_settings()
    migrate.metadata()
    if not migrate.is_current(settings):
        raise SettingsError("The database's schema is not the one this hub expects.", remedy="Run 'hub db upgrade'.")
    if settings.basemap_file is not None:
        tiles.opened(settings.basemap_file)
    database = Database(settings)
    database.refuse_unsafe_role()

    app = Flask(__name__, static_folder="static")
    web.prepare(app, settings, database)
    _mount_slices(app)
    web.refuse_undeclared(app)
    return app


def _mount_slices(app: "Flask") -> None:
    """Hang the routes of every slice in, and tell the lower ones what only higher ones know."""
    from hub.accounts import account_routes as account
    from hub.accounts import group_routes as groups
    from hub.accounts import link_routes as links
    from hub.accounts import people_routes as people
    from hub.accounts import routes as accounts
    from hub.accounts import second_factor_routes as second_factor
    from hub.accounts import seeing_as_routes as seeing_as
    from hub.accounts import single_sign_on_routes as single_sign_on
    from hub.agreements import routes as agreements
    from hub.api import pages as tokens
    from hub.api import routes as api
    from hub.assessments import routes as assessments
    from hub.baselines import opening_routes as problem_opening
    from hub.baselines import routes as baselines
    from hub.borders import routes as borders
    from hub.briefings import clock_routes as clock
    from hub.briefings import place_routes as place
    from hub.briefings import routes as briefings
    from hub.disclosure import routes as disclosure
    from hub.hotspots import compare_routes as compare
    from hub.hotspots import method_routes as methods
    from hub.hotspots import routes as hotspots
    from hub.ledger import routes as ledger
    from hub.measures import routes as measures
    from hub.outcomes import routes as outcomes
    from hub.places import routes as places
    from hub.problems import memory_routes as problem_memory
    from hub.problems import routes as problems
    from hub.questions import routes as questions
    from hub.record import routes as record
    from hub.reports import routes as reports
    from hub.responses import ready_made_routes as ready_made
    from hub.responses import routes as patrols
    from hub.retention import routes as retention
    from hub.sharing import reach_routes as reach
    from hub.sharing import routes as sharing
    from hub.summaries import routes as summaries
    from hub.tasking import routes as tasking
    from hub.uploads import kinds
    from hub.uploads import routes as uploads
    from hub.wards import priority_routes as priorities
    from hub.wards import routes as wards
    from hub.zones import routes as zones

    for slice_ in (
        places,
        accounts,
        account,
        second_factor,
        links,
        people,
        groups,
        single_sign_on,
        seeing_as,
        agreements,
        disclosure,
        uploads,
        ledger,
        briefings,
        hotspots,
        compare,
        clock,
        place,
        zones,
        problems,
        problem_memory,
        problem_opening,
        baselines,
        patrols,
        ready_made,
        assessments,
        tasking,
        methods,
        measures,
        summaries,
        wards,
        priorities,
        reports,
        questions,
        outcomes,
        record,
        retention,
        sharing,
        borders,
        reach,
        tokens,
        api,
    ):
        app.register_blueprint(slice_.bp)
    agreements.offer_datasets(app, kinds.to_agree_on)
    disclosure.offer_datasets(app, kinds.titles)
