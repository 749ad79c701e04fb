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
    from hub.accounts import routes as accounts
    from hub.agreements import routes as agreements
    from hub.api import pages as tokens
    from hub.api import routes as api
    from hub.briefings import clock_routes as clock
    from hub.briefings import place_routes as place
    from hub.briefings import routes as briefings
    from hub.config import read_settings
    from hub.db import Database
    from hub.errors import SettingsError
    from hub.hotspots import compare_routes as compare
    from hub.hotspots import method_routes as methods
    from hub.hotspots import routes as hotspots
    from hub.ledger import routes as ledger
    from hub.places import routes as places
    from hub.places import tiles
    from hub.summaries import routes as summaries
    from hub.uploads import kinds
    from hub.uploads import routes as uploads
    from hub.zones import routes as zones

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
    for slice_ in (
        places,
        accounts,
        agreements,
        uploads,
        ledger,
        briefings,
        hotspots,
        compare,
        clock,
        place,
        zones,
        methods,
        summaries,
        tokens,
        api,
    ):
        app.register_blueprint(slice_.bp)
    agreements.offer_datasets(app, kinds.to_agree_on)
    web.refuse_undeclared(app)
    return app
