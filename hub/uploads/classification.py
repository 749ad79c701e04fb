"""The Met's offence groups and subgroups and the categories of data.police.uk, under one name each.

Labels of several editions lead to the same name; a label never seen before is kept, in sentence case, and said so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

ANTI_SOCIAL_BEHAVIOUR = "Anti-social behaviour"
"""A category of incidents that are no crimes: left out wherever crime is added up."""

STALKING_AND_HARASSMENT = "Stalking and harassment"
VIOLENCE = "Violence against the person"

POLICE_UK = (
    ANTI_SOCIAL_BEHAVIOUR,
    "Bicycle theft",
    "Burglary",
    "Criminal damage and arson",
    "Drugs",
    "Other crime",
    "Other theft",
    "Possession of weapons",
    "Public order",
    "Robbery",
    "Shoplifting",
    "Theft from the person",
    "Vehicle crime",
    "Violence and sexual offences",
)
_POLICE_UK_ALIASES = {
    "Drugs": ("drugs offences",),
    "Other crime": ("other crimes",),
    "Possession of weapons": ("weapons",),
    "Theft from the person": ("theft from person",),
    "Violence and sexual offences": ("violent crime",),
}

# Group: subgroup: other labels of the same thing in the editions of 2022 and 2024 on. The first edition's finer
# subgroups of weapons and of miscellaneous crimes stay apart; labels that it cuts at 50 characters are matched cut.
_OFFENCES: dict[str, dict[str, tuple[str, ...]]] = {
    "Arson and criminal damage": {"Arson": (), "Criminal damage": ()},
    "Burglary": {
        "Burglary – business and community": ("burglary business and community",),
        "Burglary – residential": ("burglary residential", "domestic burglary", "residential burglary"),
        "Burglary – residential, home": ("res burglary of a home", "residential burglary of a home"),
        "Burglary – residential, unconnected building": (
            "res burglary of unconnected building",
            "res burglary of unconnected buil",
            "residential burglary of unconnected building",
        ),
    },
    "Drug offences": {
        "Possession of drugs": ("drug possession",),
        "Trafficking of drugs": ("drug trafficking",),
    },
    "Fraud and forgery": {"Fraud and forgery": ()},
    "Miscellaneous crimes against society": {
        "Miscellaneous crimes against society": ("misc crimes against society",),
        "Absconding from lawful custody": (),
        "Aiding suicide": (),
        "Bail offences": (),
        "Bigamy": (),
        "Dangerous driving": (),
        "Disclosure, obstruction, false or misleading statements": (),
        "Exploitation of prostitution": (),
        "Forgery or use of drug prescription": (),
        "Fraud or forgery associated with driver records": (),
        "Going equipped for stealing": (),
        "Handling stolen goods": (),
        "Making, supplying or possessing articles for use in fraud": (),
        "Obscene publications": (),
        "Offender Management Act": (),
        "Other forgery": (),
        "Other notifiable offences": (),
        "Perjury": (),
        "Perverting course of justice": (),
        "Possession of false documents": (),
        "Profiting from or concealing proceeds of crime": ("profitting from or concealing proceeds of crime",),
        "Soliciting for prostitution": (),
        "Threat or possession with intent to commit criminal damage": (),
        "Wildlife crime": (),
    },
    "NFIB fraud": {"NFIB fraud": ("nfib",)},
    "Possession of weapons": {
        "Possession of weapons": (),
        "Other firearm offences": (),
        "Other knife offences": (),
        "Possession of article with blade or point": (),
        "Possession of firearm with intent": (),
        "Possession of firearms offences": (),
        "Possession of other weapon": (),
    },
    "Public order offences": {
        "Other public order offences": (
            "other offences public order",
            "other offences against the state, or public order",
        ),
        "Public fear, alarm or distress": (),
        "Racially or religiously aggravated public fear, alarm or distress": (
            "race or religious agg public fear",
        ),
        "Violent disorder": (),
    },
    "Robbery": {
        "Robbery of business property": ("business robbery",),
        "Robbery of personal property": ("personal robbery",),
    },
    "Sexual offences": {"Other sexual offences": (), "Rape": ()},
    "Theft": {
        "Bicycle theft": (),
        "Other theft": (),
        "Shoplifting": (),
        "Theft from the person": ("theft from person",),
    },
    "Vehicle offences": {
        "Aggravated vehicle taking": (),
        "Interfering with a motor vehicle": (),
        "Theft from a vehicle": ("theft from a motor vehicle",),
        "Theft or taking of a vehicle": (
            "theft or taking of a motor vehicle",
            "theft or unauth taking of a motor veh",
        ),
    },
    VIOLENCE: {
        "Death or serious injury by driving": ("death serious injury illegal driving",),
        "Homicide": (),
        STALKING_AND_HARASSMENT: (),
        "Violence with injury": (),
        "Violence without injury": (),
    },
}  # fmt: skip
_GROUP_ALIASES = {
    "Arson and criminal damage": ("criminal damage and arson",),
    "Drug offences": ("drugs", "drug offence"),
    "Miscellaneous crimes against society": ("miscellaneous crimes",),
    "NFIB fraud": ("nfib",),
    "Possession of weapons": ("weapons", "possession of weapon"),
    "Public order offences": ("public order",),
    "Theft": ("theft offences",),
    "Vehicle offences": ("vehicle crime", "vehicle offence"),
    VIOLENCE: ("violence",),
}
LABELS_WERE_CUT_AT = 50
LONGEST_GROUP, LONGEST_SUBGROUP = 80, 120
"""Characters that the tables have room for."""

GROUPS: tuple[str, ...] = tuple(_OFFENCES)


@dataclass(frozen=True)
class Offence:
    """Where one pair of labels belongs. An empty subgroup means that the source does not divide the group."""

    group: str
    subgroup: str
    is_known: bool


def label_key(label: str) -> str:
    """Reduce a label to what identifies it: case, punctuation and spacing differ between editions."""
    words = re.sub(r"[^\w]+", " ", unicodedata.normalize("NFKC", label).casefold().replace("&", " and "))
    return words.strip()


def _keys(names: dict[str, tuple[str, ...]]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for name, aliases in names.items():
        for label in (name, name[:LABELS_WERE_CUT_AT], *aliases):
            keys.setdefault(label_key(label), name)
    return keys


_GROUP_OF = _keys({group: _GROUP_ALIASES.get(group, ()) for group in GROUPS})
_SUBGROUP_OF = MappingProxyType({group: _keys(subgroups) for group, subgroups in _OFFENCES.items()})
_GROUP_WITH = {key: group for group, keys in _SUBGROUP_OF.items() for key in keys}
_POLICE_UK_OF = _keys({name: _POLICE_UK_ALIASES.get(name, ()) for name in POLICE_UK})


def sentence_case(label: str) -> str:
    """Write a label that nobody has named before: one space between words, one capital."""
    words = " ".join(label.split())
    return words[:1].upper() + words[1:].lower()


def offence(group_label: str, subgroup_label: str = "") -> Offence:
    """Find the offence group and subgroup that two labels of a file mean.

    A lone label that names a subgroup, such as `Shoplifting`, is placed in its group.
    """
    key, subkey = label_key(group_label), label_key(subgroup_label)
    group = _GROUP_OF.get(key)
    if group is None and not subkey and key in _GROUP_WITH:
        group = _GROUP_WITH[key]
        return Offence(group, _SUBGROUP_OF[group][key], is_known=True)
    if not subkey:
        return Offence(group or sentence_case(group_label), "", is_known=group is not None)
    subgroup = _SUBGROUP_OF[group].get(subkey) if group else None
    return Offence(
        group or sentence_case(group_label),
        subgroup or sentence_case(subgroup_label),
        is_known=subgroup is not None,
    )


def street_category(label: str) -> Offence:
    """Find which of the categories of data.police.uk a label means; they have no subgroups."""
    name = _POLICE_UK_OF.get(label_key(label))
    return Offence(name or sentence_case(label), "", is_known=name is not None)


def listed(group_label: str, subgroup_label: str, groups: Sequence[str], subgroups: Sequence[str]) -> Offence:
    """Name two labels of a kind that has its own lists, which may be empty: then it may say anything."""
    names = []
    for label, known in ((group_label, groups), (subgroup_label, subgroups)):
        plain = " ".join(label.split())
        names.append((_listed_as(plain, known), not known or not plain))
    (group, may_be_new), (subgroup, sub_may_be_new) = names
    is_known = (group[1] or may_be_new) and (subgroup[1] or sub_may_be_new)
    return Offence(group[0], subgroup[0], is_known=is_known)


def _listed_as(label: str, known: Sequence[str]) -> tuple[str, bool]:
    key = label_key(label)
    name = next((one for one in known if label_key(one) == key), None)
    return name or label, name is not None


def edition(found: Iterable[Offence]) -> str:
    """Name the edition of the Met's classification by what it tells apart; empty where nothing tells."""
    subgroups = {one.subgroup for one in found}
    if "Violence without injury" in subgroups and STALKING_AND_HARASSMENT not in subgroups:
        return "Met 2022"
    if STALKING_AND_HARASSMENT not in subgroups:
        return ""
    return "Met 2025" if "Burglary – residential, home" in subgroups else "Met 2024"


def counts_harassment_as_violence(found: Iterable[Offence]) -> bool:
    """Whether an edition has violence without stalking and harassment beside it.

    Editions before 2024 count it under violence with and without injury: the two do not compare.
    """
    violence = {one.subgroup for one in found if one.group == VIOLENCE}
    return "Violence without injury" in violence and STALKING_AND_HARASSMENT not in violence
