"""Where one row belongs by what it says of its place, from the surest way to the least.

Pure. What is not certain is only proposed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl
from rapidfuzz import fuzz, process

from hub.uploads.findings import LONGEST_VALUE_SHOWN
from hub.uploads.placing import MIXED, Geography, Method, plain_name
from hub.words import listed

SIMILAR = 85
"""How alike, in per cent, a misspelt name must be to the ward that is proposed for it."""
RUNNER_UP = 5
"""By how many per cent no other ward may come as near."""
MOST_IS_HELD = 0.5
"""What share of an area must lie in one ward for the area to be proposed as that ward."""
MOST_MISSPELT = 5_000
"""Beyond so many different unknown names, a column holds no ward names and nothing is proposed."""

Heirs = Callable[[Collection[str]], Mapping[str, tuple[str, float]]]
"""Tells for wards of other editions which ward of the file's holds most of each, and what share of it."""


@dataclass(frozen=True)
class Found:
    """Where one way of naming a place leads, and what is wrong with it.

    With a `code` the place is only proposed, unless there is none; `field` is the one the problem lies in.
    """

    ward: str | None = None
    borough: str | None = None
    method: Method | None = None
    confidence: int | None = None
    code: str = ""
    field: str = ""
    message: str = ""
    suggestion: str | None = None
    is_whole_borough: bool = False
    """Whether its ward column holds a borough's code."""

    @property
    def is_proposal(self) -> bool:
        """Whether a person is asked if this is the place."""
        return bool(self.code) and self.suggestion is not None


WHAT_WAS_FIXED = {
    "mistyped_code": "Mistyped ward codes were corrected",
    "older_ward": "Wards of another edition were counted in the ward that holds most of them",
    "similar_name": "Misspelt ward names were read as the ward they nearly name",
    "similar_borough": "Misspelt boroughs were read as the borough they nearly name",
}


class Ladder:
    """Places what rows say, from the surest way to the least: code, small area, name, postcode district, borough."""

    def __init__(
        self,
        geography: Geography,
        boundary_set_id: int | None,
        heirs: Heirs,
        unknowns: Mapping[str, Collection[str]],
        *,
        takes_only_boroughs: bool = False,
    ) -> None:
        """Prepare to place rows.

        Parameters
        ----------
        geography, boundary_set_id
            The places there are, and the edition of the wards.
        heirs
            Asked about wards of other editions.
        unknowns
            What each field holds where its source does not know.
        takes_only_boroughs
            Whether rows name no ward.
        """
        self._geography = geography
        self._heirs = heirs
        self._takes_only_boroughs = takes_only_boroughs
        self._unknowns = {key: frozenset(map(plain_name, words)) for key, words in unknowns.items()}
        wards = geography.wards_of(boundary_set_id)
        self._wards: dict[str, tuple[str, str]] = {
            code: (name, borough)
            for code, name, borough in wards.select("ward_code", "ward_name", "borough_code").iter_rows()
        }
        self._only_own: frozenset[str] | None = None
        self._by_name: dict[str, list[str]] = {}
        for code, (name, _) in self._wards.items():
            self._by_name.setdefault(plain_name(name), []).append(code)
        self._borough_names = dict(geography.boroughs.select("borough_code", "borough_name").iter_rows())
        self._set_id = boundary_set_id
        self._misspelt: dict[tuple[str, str | None], tuple[str, int] | None] = {}

    def only_in(self, boroughs: frozenset[str]) -> Ladder:
        """Look for names only in some boroughs from now on."""
        self._only_own = boroughs
        return self

    # Where things are, looked up once and only if a file needs it.

    @cached_property
    def _boroughs(self) -> dict[str, str]:
        said: dict[str, str] = {}
        for code, name in self._borough_names.items():
            for words in (code, name, *_ways_to_say(name)):
                said.setdefault(plain_name(words), code)
        return said

    @cached_property
    def _lsoas(self) -> dict[str, tuple[str, str, float]]:
        return self._best("lsoas", "lsoa_code")

    @cached_property
    def _outwards(self) -> dict[str, tuple[str, str, float]]:
        return self._best("outwards", "outward_code")

    def _best(self, frame: str, code: str) -> dict[str, tuple[str, str, float]]:
        areas: pl.DataFrame = getattr(self._geography, frame)
        own = areas.filter(pl.col("boundary_set_id").eq_missing(self._set_id)).sort("share")
        columns = own.select(code, "ward_code", "borough_code", "share")
        return {area: (ward, borough, share) for area, ward, borough, share in columns.iter_rows()}

    @cached_property
    def _elsewhere(self) -> pl.DataFrame:
        others = self._geography.wards.filter(pl.col("boundary_set_id").ne_missing(self._set_id))
        return others.filter(~pl.col("ward_code").is_in(list(self._wards))).with_columns(
            pl.col("ward_name").map_elements(plain_name, return_dtype=pl.String).alias("name")
        )

    @cached_property
    def _codes_elsewhere(self) -> frozenset[str]:
        return frozenset(self._elsewhere["ward_code"])

    # The rungs.

    def place(self, said: Mapping[str, str | None]) -> Found:
        """Place what one row says of its place."""
        known = {key: words for key, words in said.items() if words and not self._is_unknown(key, words)}
        borough = self._boroughs.get(plain_name(known["borough"])) if "borough" in known else None
        if code := known.get("ward_code"):
            return self._by_code(code.upper(), known.get("ward_name"), borough)
        if lsoa := known.get("lsoa_code"):
            return self._by_lsoa(lsoa.upper(), borough)
        if name := known.get("ward_name"):
            return self._by_ward_name(name, borough, said_borough="borough" in known)
        return self._by_area(known, borough)

    def _by_area(self, known: Mapping[str, str], borough: str | None) -> Found:
        """Place what names no ward: by a larger area, or nowhere."""
        if "outward" in known and (found := self._by_outward(known["outward"])):
            return found
        if borough:
            return Found(None, borough, Method.BOROUGH)
        return self._by_misspelt_borough(known["borough"]) if "borough" in known else Found()

    def _is_unknown(self, key: str, words: str) -> bool:
        return plain_name(words) in self._unknowns.get(key, ())

    def borough_said(self, words: str | None) -> str | None:
        """Read a borough's code or name as its code."""
        return self._boroughs.get(plain_name(words)) if words else None

    def boroughs_with(self, name: str) -> frozenset[str]:
        """The boroughs that have a ward of a name; none where it names no ward."""
        return frozenset(self._wards[code][1] for code in self._by_name.get(plain_name(name), ()))

    def _by_code(self, code: str, name: str | None, borough: str | None) -> Found:
        if code in self._wards:
            return Found(code, self._wards[code][1], Method.CODE)
        if code in self._borough_names:
            return Found(None, code, Method.BOROUGH, is_whole_borough=True)
        if code in self._lsoas:
            return self._by_lsoa(code, borough)
        if code in self._codes_elsewhere:
            return self._by_other_edition([code], "ward_code", code)
        likely = re.sub(r"\s", "", code).replace("O", "0").replace("I", "1").replace("L", "1")
        if likely not in self._wards and name:
            candidates = self._candidates(name, borough)
            likely = candidates[0] if len(candidates) == 1 else likely
        if likely in self._wards:
            its_name, its_borough = self._wards[likely]
            return Found(
                likely,
                its_borough,
                Method.CODE,
                code="mistyped_code",
                field="ward_code",
                message=f"'{_shown(code)}' is the code of no ward. It seems to mean {likely}, {its_name}.",
                suggestion=likely,
            )
        return Found(
            code="unknown_ward_code",
            field="ward_code",
            message=f"'{_shown(code)}' is the code of no ward the hub knows. Correct it, or leave it empty if the ward "
            "is not known.",
        )

    def _by_lsoa(self, code: str, borough: str | None) -> Found:
        if code in self._lsoas:
            ward, its_borough, share = self._lsoas[code]
            return Found(ward, its_borough, Method.LSOA, _percent(share))
        if not self._lsoas and borough:
            return Found(None, borough, Method.BOROUGH)
        return Found(
            borough=borough,
            code="unknown_lsoa_code",
            field="lsoa_code",
            message=f"'{_shown(code)}' is the code of no small area the hub knows. Correct it, or leave it empty and "
            "give the borough."
            if self._lsoas
            else f"'{_shown(code)}' is a small area's code, and the hub knows no small areas yet. Ask an administrator "
            "to load them with 'hub load-places', or give the row's borough.",
        )

    def _candidates(self, name: str, borough: str | None) -> list[str]:
        codes = self._by_name.get(plain_name(name), [])
        within = {borough} if borough else self._only_own
        return [code for code in codes if within is None or self._wards[code][1] in within]

    def _by_ward_name(self, name: str, borough: str | None, *, said_borough: bool) -> Found:
        candidates = self._candidates(name, borough)
        if len(candidates) == 1:
            method = Method.NAME_IN_BOROUGH if borough else Method.NAME
            return Found(candidates[0], self._wards[candidates[0]][1], method)
        if candidates:
            return self._ambiguous(name, candidates)
        plain = plain_name(name)
        older = self._elsewhere.filter(pl.col("name") == plain)
        if borough:
            older = older.filter(pl.col("borough_code") == borough)
        if older["borough_code"].n_unique() == 1:
            found = self._by_other_edition(sorted(set(older["ward_code"])), "ward_name", name)
            if found.is_proposal:
                return found
        if similar := self._similar(plain, borough):
            code, confidence = similar
            its_name, its_borough = self._wards[code]
            return Found(
                code,
                its_borough,
                Method.SIMILAR_NAME,
                confidence,
                code="similar_name",
                field="ward_name",
                message=f"'{_shown(name)}' is the name of no ward. It is nearly that of {its_name} in "
                f"{self._borough_names.get(its_borough, its_borough)} ({confidence}% alike).",
                suggestion=its_name,
            )
        where = f" in {self._borough_names[borough]}" if borough else " of this boundary set"
        return Found(
            borough=borough if said_borough else None,
            code="unknown_ward_name",
            field="ward_name",
            message=f"'{_shown(name)}' is the name of no ward{where}. Give the ward's code.",
        )

    def _ambiguous(self, name: str, candidates: Iterable[str]) -> Found:
        boroughs = sorted({self._borough_names.get(self._wards[code][1], "") for code in candidates})
        return Found(
            code="ambiguous_ward_name",
            field="ward_name",
            message=f"More than one ward is called '{_shown(name)}': in {listed(boroughs, most=6)}. Give the ward's "
            "code or its borough.",
        )

    def _by_other_edition(self, codes: Collection[str], its_field: str, words: str) -> Found:
        """Propose the ward that holds most of a ward of another edition, whichever of them it was."""
        if self._set_id is None:
            return Found(code=MIXED, field=its_field)
        heirs = self._heirs(codes)
        held = {heirs[code][0] for code in codes if code in heirs}
        edition = self._edition_of(next(iter(codes)))
        if len(held) == 1 and (share := min(heirs[code][1] for code in codes if code in heirs)) >= MOST_IS_HELD:
            (heir,) = held
            name, borough = self._wards[heir]
            return Found(
                heir,
                borough,
                Method.OLDER_CODE,
                _percent(share),
                code="older_ward",
                field=its_field,
                message=f"'{_shown(words)}' is a ward of the edition of {edition}. {name} ({heir}) holds "
                f"{_percent(share)}% of it.",
                suggestion=heir if its_field == "ward_code" else name,
            )
        return Found(
            code="older_ward_split",
            field=its_field,
            message=f"'{_shown(words)}' is a ward of the edition of {edition}, and no ward of this file's edition "
            "holds most of it. Ask the sender for figures on one edition of the wards, or leave it empty and give the "
            "borough.",
        )

    def _edition_of(self, code: str) -> str:
        sets = self._elsewhere.filter(pl.col("ward_code") == code).join(self._geography.sets, on="boundary_set_id")
        return str(sets.sort("in_force_from")["boundary_set"][-1])

    def _similar(self, plain: str, borough: str | None) -> tuple[str, int] | None:
        if (plain, borough) not in self._misspelt:
            if len(self._misspelt) >= MOST_MISSPELT:
                return None
            self._misspelt[plain, borough] = self._most_similar(plain, borough)
        return self._misspelt[plain, borough]

    def _most_similar(self, plain: str, borough: str | None) -> tuple[str, int] | None:
        within = {borough} if borough else self._only_own
        names = {
            code: plain_name(name)
            for code, (name, its_borough) in self._wards.items()
            if within is None or its_borough in within
        }
        near = process.extract(plain, names, scorer=fuzz.ratio, limit=2, score_cutoff=SIMILAR - RUNNER_UP)
        if not near or near[0][1] < SIMILAR or (len(near) > 1 and near[0][1] - near[1][1] < RUNNER_UP):
            return None
        return str(near[0][2]), int(near[0][1])

    def _by_outward(self, words: str) -> Found | None:
        found = self._outwards.get(words.upper().split()[0])
        if found is None:
            return None
        ward, borough, share = found
        if share >= MOST_IS_HELD:
            return Found(ward, borough, Method.OUTWARD, _percent(share))
        return self._by_outward_borough(words)

    def _by_outward_borough(self, words: str) -> Found | None:
        """Find the borough that holds most of a postcode district which no ward holds most of."""
        areas = self._geography.outwards.filter(
            pl.col("boundary_set_id") == self._set_id, pl.col("outward_code") == words.upper().split()[0]
        )
        by_borough = areas.group_by("borough_code").agg(pl.col("share").sum()).sort("share")
        if by_borough.is_empty() or by_borough["share"][-1] < MOST_IS_HELD:
            return None
        return Found(None, by_borough["borough_code"][-1], Method.OUTWARD, _percent(by_borough["share"][-1]))

    def _by_misspelt_borough(self, words: str) -> Found:
        near = process.extractOne(plain_name(words), list(self._boroughs), scorer=fuzz.ratio, score_cutoff=SIMILAR)
        if near:
            code = self._boroughs[near[0]]
            return Found(
                None,
                code,
                Method.BOROUGH,
                int(near[1]),
                code="similar_borough",
                field="borough",
                message=f"'{_shown(words)}' is no borough. It is nearly {self._borough_names[code]} "
                f"({int(near[1])}% alike).",
                suggestion=self._borough_names[code],
            )
        if not self._takes_only_boroughs:
            return Found()
        return Found(
            code="unknown_borough",
            field="borough",
            message=f"'{_shown(words)}' is no borough the hub knows. Give the borough's code or name.",
        )


def _ways_to_say(borough_name: str) -> list[str]:
    """Other names a borough goes by: with its title, and without what rivers and hills add."""
    short = re.sub(r" upon thames$", "", borough_name, flags=re.IGNORECASE)
    titles = ("London Borough of", "Royal Borough of", "City of", "LB", "RB")
    return [short, *(f"{title} {name}" for title in titles for name in (borough_name, short))]


def _percent(share: float) -> int:
    return min(100, max(0, round(share * 100)))


def _shown(words: str) -> str:
    return words if len(words) <= LONGEST_VALUE_SHOWN else f"{words[:LONGEST_VALUE_SHOWN]}…"
