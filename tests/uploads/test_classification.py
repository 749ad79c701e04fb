"""Every edition's labels lead to one name, and what is new keeps its own."""

from __future__ import annotations

import pytest

from hub.uploads import classification
from hub.uploads.classification import GROUPS, POLICE_UK, Offence, offence, street_category


@pytest.mark.parametrize(
    ("labels", "group", "subgroup"),
    [
        (("BURGLARY", "RES BURGLARY OF A HOME"), "Burglary", "Burglary – residential, home"),
        (("Burglary", "Domestic Burglary"), "Burglary", "Burglary – residential"),
        (("BURGLARY", "BURGLARY - RESIDENTIAL"), "Burglary", "Burglary – residential"),
        (("Drug Offences", "Drug Trafficking"), "Drug offences", "Trafficking of drugs"),
        (("THEFT", "THEFT FROM THE PERSON"), "Theft", "Theft from the person"),
        (("Theft", "Theft from Person"), "Theft", "Theft from the person"),
        (
            ("Public Order Offences", "Racially or Religiously Aggravated Public Fear, Al"),
            "Public order offences",
            "Racially or religiously aggravated public fear, alarm or distress",
        ),
        (("NFIB FRAUD", "NFIB"), "NFIB fraud", "NFIB fraud"),
        (("violence  against the person", " homicide "), "Violence against the person", "Homicide"),
        (("Robbery", ""), "Robbery", ""),
        (("Shoplifting", ""), "Theft", "Shoplifting"),
    ],
)
def test_labels_of_every_edition_lead_to_one_name(labels: tuple[str, str], group: str, subgroup: str) -> None:
    assert offence(*labels) == Offence(group, subgroup, is_known=True)


def test_a_new_label_is_kept_in_sentence_case() -> None:
    assert offence("CYBER CRIME", "RANSOM  WARE") == Offence("Cyber crime", "Ransom ware", is_known=False)
    assert offence("THEFT", "THEFT OF TIME") == Offence("Theft", "Theft of time", is_known=False)


def test_categories_of_data_police_uk() -> None:
    assert len(POLICE_UK) == 14
    assert street_category("violent-crime") == Offence("Violence and sexual offences", "", is_known=True)
    assert all(street_category(name.upper()).group == name for name in POLICE_UK)
    assert not street_category("Jaywalking").is_known


def test_a_subgroup_that_has_a_groups_name_lies_in_that_group() -> None:
    # A category chosen by name alone would otherwise count something twice.
    for group in GROUPS:
        for subgroup in GROUPS:
            named = offence(group, subgroup)
            assert not named.is_known or named.subgroup != subgroup or subgroup == group


def test_an_edition_without_harassment_is_told_apart() -> None:
    older = [offence("VIOLENCE AGAINST THE PERSON", "VIOLENCE WITHOUT INJURY")]
    newer = [*older, offence("VIOLENCE AGAINST THE PERSON", "STALKING AND HARASSMENT")]
    assert classification.counts_harassment_as_violence(older)
    assert not classification.counts_harassment_as_violence(newer)
    assert not classification.counts_harassment_as_violence([offence("Theft", "Shoplifting")])
