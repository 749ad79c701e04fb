"""The README's register of what is proved names modules that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_module_that_the_register_names_is_there() -> None:
    register = (
        (ROOT / "README.md").read_text("utf-8").partition("## What is proved, and where")[2].partition("\n## ")[0]
    )
    rows = [line.split("|") for line in register.splitlines() if line.startswith(("| T", "| API"))]
    folder = ROOT
    for _, number, _, where, *_ in rows:
        for name in re.findall(r"`([\w/.]+\.py)`", where):
            folder = (ROOT / name).parent if "/" in name else folder
            assert (folder / Path(name).name).is_file(), f"{number}: {name}"
    assert len(rows) >= 20
