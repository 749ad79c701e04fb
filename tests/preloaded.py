"""What a hub's web server and worker are made of, loaded by the process that they are forked from."""

from importlib import import_module
from pathlib import Path

import hub
from hub import web
from tests import processes

__all__ = ["processes"]

_HUB = Path(hub.__file__).parent

for _routes in sorted(_HUB.glob("*/*routes.py")):
    import_module(f"hub.{_routes.parent.name}.{_routes.stem}")
web._govuk_macros()
