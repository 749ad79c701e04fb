"""The templates that files are written with: all that goes into one is escaped, and nothing may be missing."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.config import shipped
from hub.words import FILTERS


def render(name: str, **values: Any) -> str:
    """Fill in a template, named by its path inside `templates`."""
    return _templates().get_template(name).render(**values)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    environment.filters.update(FILTERS)
    return environment
