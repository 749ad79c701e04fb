"""A folder of text, pictures and a Typst template as a tagged PDF (PDF/UA-1), whatever letters people wrote."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Final

import typst

STANDARD: Final = "ua-1"
NOT_PRINTED = "\ufffd"
"""For a letter that no typeface of this machine has: the standard allows none to be missing."""
TRIES = 4
BEYOND_THE_USUAL = re.compile(r"[^\x00-\u024f\u2000-\u22ff]")
"""Letters of which nobody can be sure that a typeface has them."""
_NAMED = re.compile(r'the text `"(.+?)"` could not be displayed')
_BY_CODE = re.compile(r"\\u\{([0-9a-f]+)\}")


def pdf(template: Path, *, made_at: dt.datetime | None = None) -> bytes:
    """Set a template and the `.json` and `.svg` files beside it, which are changed where a letter cannot be printed."""
    said = [path for path in template.parent.iterdir() if path.suffix in {".json", ".svg"}]
    for _ in range(TRIES):
        try:
            return _compiled(template, made_at)
        except typst.TypstError as error:
            letters = {_letter(named) for named in _NAMED.findall(error.diagnostic)}
            if not letters:
                raise
            _replace(said, re.compile("|".join(map(re.escape, letters))))
    _replace(said, BEYOND_THE_USUAL)
    return _compiled(template, made_at)


def _compiled(template: Path, made_at: dt.datetime | None) -> bytes:
    made: bytes = typst.compile(
        template, root=template.parent, format="pdf", pdf_standards=[STANDARD], timestamp=made_at
    )
    return made


def _replace(said: list[Path], letters: re.Pattern[str]) -> None:
    for path in said:
        path.write_text(letters.sub(NOT_PRINTED, path.read_text("utf-8")), "utf-8")


def _letter(named: str) -> str:
    """The letter that an error names, where it is named by its code."""
    return _BY_CODE.sub(lambda found: chr(int(found[1], 16)), named)
