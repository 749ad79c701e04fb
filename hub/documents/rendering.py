"""The templates that documents are written with: all that goes into one is escaped, and nothing may be missing."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.config import shipped


def render(name: str, **values: Any) -> str:
    """Fill in a template of `templates/documents`."""
    return _templates().get_template(f"documents/{name}").render(**values)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(shipped("templates")), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
