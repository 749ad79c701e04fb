"""A hub that is being served, and what its pages must say: worked out anew from the files that went into it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyogrio
import pytest

from hub.demo.service import Demo, DemoPerson

DEMO, LONDON = (pytest.param(city, marks=pytest.mark.xdist_group(f"browser-{city}")) for city in ("demo", "london"))
ONLY_DEMO = pytest.mark.parametrize("hub", [DEMO], indirect=True)
ONLY_LONDON = pytest.mark.parametrize("hub", [LONDON], indirect=True)
ON_BOTH = pytest.mark.parametrize("hub", [DEMO, LONDON], indirect=True)
"""On real London too, even without `--long`."""

WARD_COLUMNS = ["MajorText", "MinorText", "WardName", "WardCode", "LookUp_BoroughName"]


def month_name(month: str) -> str:
    """A month, `2026-01` or `202601`, as pages write it."""
    digits = month.replace("-", "")
    return f"{dt.date(int(digits[:4]), int(digits[4:]), 1):%B %Y}"


@dataclass(frozen=True)
class ServedHub:
    """One hub, its address, its people, and the folder of the files it was made from."""

    name: str
    address: str
    demo: Demo
    files: Path
    wards_of: int
    """The year of the wards that its newest ward file is on."""
    months_of_points: tuple[str, str]
    """The first and the last month for which points were loaded."""

    def person(self, name: str) -> DemoPerson:
        """Somebody who can sign in, such as `officer`."""
        return next(person for person in self.demo.people if person.email.startswith(f"{name}@"))

    @cached_property
    def ward_file(self) -> Path:
        """The newest of the Met's ward-level files, which is live in every borough."""
        return max(path for path in self.files.glob("mps-ward-level-2*.csv") if "old" not in path.name)

    @cached_property
    def sent(self) -> pd.DataFrame:
        """That file as it was sent: a row for each ward and offence, a column for each month."""
        return pd.read_csv(self.ward_file)

    @cached_property
    def months(self) -> list[str]:
        """The months of that file, as its headings have them, oldest first."""
        return [column for column in self.sent.columns if column not in WARD_COLUMNS]

    def month_code(self, at: int) -> str:
        """One of those months as addresses have it, such as the last one, -1."""
        return f"{self.months[at][:4]}-{self.months[at][4:]}"

    @cached_property
    def wards(self) -> pd.DataFrame:
        """The wards of that file: ward_code, ward_name, borough_code, borough_name."""
        wards: pd.DataFrame = pyogrio.read_dataframe(
            self.files / f"wards-{self.wards_of}.gpkg", layer="wards", read_geometry=False
        )
        return wards

    def borough_code(self, name: str) -> str:
        """The code of a borough."""
        return str(self._boroughs.set_index("borough_name").loc[name, "borough_code"])

    def boroughs_of(self, bcu: str) -> list[str]:
        """The codes of a BCU's boroughs."""
        return list(self._bcus.loc[self._bcus["bcu_name"] == bcu, "borough_code"])

    def offences_by_group(self, borough_codes: Collection[str], months: Sequence[str]) -> pd.Series:
        """Count the offences of some boroughs over some months by offence group, as the file writes it."""
        wards = self.wards.loc[self.wards["borough_code"].isin(borough_codes), "ward_code"]
        sent = self.sent[self.sent["WardCode"].isin(wards)]
        return sent[list(months)].sum(axis=1).groupby(sent["MajorText"]).sum()

    def offences(self, borough_codes: Collection[str], months: Sequence[str]) -> pd.Series:
        """Count the offences of each ward of some boroughs over some months; a ward without a row had none."""
        wards = self.wards[self.wards["borough_code"].isin(borough_codes)]
        return (
            self.sent.set_index("WardCode")[list(months)]
            .sum(axis=1)
            .groupby(level=0)
            .sum()
            .reindex(wards["ward_code"], fill_value=0)
        )

    @cached_property
    def _boroughs(self) -> pd.DataFrame:
        return pd.read_csv(self.files / "borough-population.csv")

    @cached_property
    def _bcus(self) -> pd.DataFrame:
        return pd.read_csv(self.files / "bcu.csv")
