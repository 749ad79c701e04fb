"""Commands that take maps and summaries away, in a person's scope."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hub import purposes, words
from hub.access import Permission
from hub.cli.frame import (
    AddCommand,
    add_person,
    opened_hub,
    say,
    viewer_of,
)

METHODS = ("rate", "count", "gi_star", "density", "change", "emerging", "harm", "agencies")


def hotspots(chosen: argparse.Namespace) -> dict[str, Any]:
    """Compute an overlay and write it to a file."""
    from hub.hotspots import exports, paper, service
    from hub.hotspots.layers import Show
    from hub.places import service as places

    with opened_hub() as database, database.session(writes=True) as session:
        viewer = viewer_of(session, chosen.email)
        area = places.area(viewer, chosen.area, Permission.OVERLAY_READ)
        overlay = service.overlay(
            viewer,
            area,
            units=chosen.units,
            method=chosen.method,
            category=chosen.category,
            first_month=words.parse_month(chosen.first_month, what="--from"),
            last_month=words.parse_month(chosen.last_month, what="--to"),
            dataset=chosen.dataset,
            cell_metres=chosen.cell_metres,
            beside=chosen.beside,
        )
        shown = Show(f"{overlay.units}-{overlay.method}")
        on_paper = chosen.output.suffix.lower() == ".pdf"
        sheet = paper.sheet_of(viewer, area, shown, chosen.paper) if on_paper else None
        written = exports.write(viewer, overlay, chosen.output, sheet, _purpose(chosen))
        session.commit()
    say(chosen, overlay.sentence, f"{words.plural(written['features'], 'feature')} in {chosen.output}")
    return written


def _purpose(chosen: argparse.Namespace) -> purposes.Purpose:
    return purposes.parse(chosen.purpose or "", chosen.purpose_words, may_be_none=True)


def summary(chosen: argparse.Namespace) -> dict[str, Any]:
    """Write a borough's summary to a file."""
    from hub.summaries import exports, service

    with opened_hub() as database, database.session(writes=True) as session:
        viewer = viewer_of(session, chosen.email)
        month = words.parse_month(chosen.last_month, what="--to")
        found = service.summary(viewer, chosen.borough, last_month=month)
        written = exports.write(viewer, found, chosen.output, _purpose(chosen))
        session.commit()
    say(chosen, found.headline, f"Written to {chosen.output}")
    return written


def offer(add: AddCommand) -> None:
    """Offer these commands."""
    mapping = add("hotspots", hotspots)
    mapping.add_argument("--area", required=True, metavar="BOROUGH_CODE|BCU_NAME|london")
    mapping.add_argument("--units", required=True, choices=["wards", "cells"])
    mapping.add_argument("--cell-metres", type=int, metavar="N")
    mapping.add_argument("--method", required=True, choices=METHODS)
    mapping.add_argument("--with", dest="beside", metavar="KIND", help="the other agency's dataset, for agencies")
    mapping.add_argument("--category", metavar="NAME", help="an offence group or subgroup; all recorded crime if none")
    mapping.add_argument("--dataset", metavar="KIND", help="chosen from what is loaded unless given")
    mapping.add_argument("--from", required=True, dest="first_month", metavar="YYYY-MM")
    mapping.add_argument("--to", required=True, dest="last_month", metavar="YYYY-MM")
    mapping.add_argument("--output", required=True, type=Path, metavar="FILE.geojson|.gpkg|.csv|.pdf")
    mapping.add_argument("--paper", choices=["A4", "A3"], default="A4", help="of a .pdf")

    summarising = add("summary", summary)
    summarising.add_argument("--borough", required=True, metavar="CODE")
    summarising.add_argument("--to", required=True, dest="last_month", metavar="YYYY-MM")
    summarising.add_argument("--output", required=True, type=Path, metavar="FILE.html|.json")
    for taking in (mapping, summarising):
        taking.add_argument("--purpose", choices=list(purposes.CHOICES), help="on the record and on the file")
        taking.add_argument("--purpose-words", default="", metavar="WORDS", help="the same in your own words")
    add_person(mapping, summarising)
