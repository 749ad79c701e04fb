"""The route matrix: every route and method, asked by everybody, of what is theirs, of what is another's, of nothing.

The table says what each is answered. A route of the app that is missing from it fails; so does one that nobody may use.
Every request runs in a transaction that is undone, so that all start from the same world.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pyotp
import pytest
import shapely
from flask import Flask
from sqlalchemy import event, select, update
from werkzeug.test import TestResponse

from hub import audit, db, web
from hub.access import Grant, Permission, Role, Viewer
from hub.accounts import codes, groups, invitations, people, sessions
from hub.accounts import service as accounts
from hub.accounts.keys import Site
from hub.accounts.models import ApiToken, Authenticator, Person, SecurityKey, SignInSession
from hub.accounts.people import Offer
from hub.agreements import service as agreements
from hub.assessments import service as assessments
from hub.assessments import working
from hub.baselines import opening
from hub.baselines import service as baselines
from hub.briefings import mutes
from hub.config import Settings
from hub.db import Database, HubSession
from hub.errors import OutsideScope
from hub.ledger import service as ledger
from hub.ledger.prescribed import Provider
from hub.ledger.quarters import newest_ended
from hub.ledger.service import Liaison
from hub.measures.service import UNLESS_CHOSEN
from hub.places import service as places
from hub.problems import attachments, contents
from hub.problems import memory as problem_memory
from hub.problems import service as problems
from hub.problems.contents import Holds
from hub.problems.terms import Kind as EntryKind
from hub.questions import service as questions
from hub.reports import approval, publishing, schedules
from hub.reports import service as reports
from hub.reports.models import Repeats
from hub.responses import ready_made
from hub.responses import service as responses
from hub.uploads import corrections, service
from hub.uploads.admitted import admitted
from hub.wards import ground, priorities
from hub.wards.wording import Given
from hub.words import LONDON
from hub.zones import service as zones
from hub.zones.service import Drawn
from tests.accounts.soft_key import SoftKey
from tests.agreements.written import as_form, some_terms
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, EMAILS, HOME, OF_TESTS, PASSWORD, SIBLING, PostgresCluster, make_app
from tests.hotspots.figures_given import Figures
from tests.places.tile_archive import archive
from tests.sharing.neighbours import Neighbours, as_asked
from tests.uploads.desk import Desk

pytestmark = pytest.mark.xdist_group("routes")  # one world, on one worker

NOBODY = "nobody"
ACTORS = (NOBODY, *(role.value for role in Role))
COLUMNS = ("nobody", "officer", "analyst", "police", "liaison", "commander", "leader", "administrator")
"""The actors as the table's heading names them, in the same order."""

# theirs: in HOME, everybody's borough · others: in ELSEWHERE, in the administrator's scope only · absent: nowhere
# bcu: the commander's · city: every borough · -: the route is about nothing in particular
TABLE = """
method endpoint            of      nobody officer analyst police liaison commander leader administrator
GET    static              -       200    200     200     200    200    200       200    200
GET    static              absent  404    404     404     404    404    404       404    404
GET    accounts.sign_in    -       200    302     302     302    302    302       302    302
POST   accounts.begin      -       302    302     302     302    302    302       302    302
POST   accounts.sign_out   -       302    302     302     302    302    302       302    302
GET    seeing_as.choose    -       302    403     403     403    200    403       403    200
POST   seeing_as.start     -       401    403     403     403    302    403       403    302
POST   seeing_as.stop      -       401    302     302     302    302    302       302    302
GET    account.show        -       302    200     200     200    200    200       200    200
GET    account.password    -       302    200     200     200    200    200       200    200
POST   account.change_password -   401    302     302     302    302    302       302    302
POST   account.end_sign_in theirs  401    302     404     404    404    404       404    404
POST   account.end_sign_in others  401    404     404     404    404    404       404    404
POST   account.end_sign_in absent  401    404     404     404    404    404       404    404
POST   account.end_other_sign_ins - 401   302     302     302    302    302       302    302
POST   account.remove_app  -       401    302     404     404    404    404       404    404
POST   account.remove_key  theirs  401    302     404     404    404    404       404    404
POST   account.remove_key  others  401    404     404     404    404    404       404    404
POST   account.remove_key  absent  401    404     404     404    404    404       404    404
GET    second_factor.show  -       302    200     302     302    302    302       302    302
POST   second_factor.prove -       401    302     401     401    401    401       401    401
POST   second_factor.ask_key -     401    200     200     200    200    200       200    200
POST   second_factor.prove_by_key - 401   302     401     401    401    401       401    401
GET    second_factor.enrol -       302    200     200     200    200    200       200    200
GET    second_factor.new_app -     302    200     200     200    200    200       200    200
POST   second_factor.add_app -     401    200     400     400    400    400       400    400
GET    second_factor.new_key -     302    200     200     200    200    200       200    200
POST   second_factor.ask_new_key - 401    200     200     200    200    200       200    200
POST   second_factor.add_key -     401    200     200     200    200    200       200    200
GET    second_factor.recovery_codes - 302 200     200     200    200    200       200    200
POST   second_factor.make_recovery_codes - 401 200 409    409    409    409       409    409
GET    links.invitation    theirs  200    200     200     200    200    200       200    200
GET    links.invitation    others  200    200     200     200    200    200       200    200
GET    links.invitation    absent  404    404     404     404    404    404       404    404
POST   links.accept        theirs  302    302     302     302    302    302       302    302
POST   links.accept        others  302    302     302     302    302    302       302    302
POST   links.accept        absent  404    404     404     404    404    404       404    404
GET    links.ask           -       200    200     200     200    200    200       200    200
POST   links.send          -       200    200     200     200    200    200       200    200
GET    links.new_password  theirs  200    200     200     200    200    200       200    200
GET    links.new_password  others  200    200     200     200    200    200       200    200
GET    links.new_password  absent  404    404     404     404    404    404       404    404
POST   links.set_password  theirs  302    302     302     302    302    302       302    302
POST   links.set_password  others  302    302     302     302    302    302       302    302
POST   links.set_password  absent  404    404     404     404    404    404       404    404
GET    single_sign_on.begin  -     404    404     404     404    404    404       404    404
GET    single_sign_on.answer -     404    404     404     404    404    404       404    404
GET    people.index        -       302    403     403     403    403    403       403    200
GET    people.new          -       302    403     403     403    403    403       403    200
POST   people.invite       -       401    403     403     403    403    403       403    200
GET    people.show         theirs  302    403     403     403    403    403       403    200
GET    people.show         others  302    403     403     403    403    403       403    200
GET    people.show         absent  302    403     403     403    403    403       403    404
POST   people.add_role     theirs  401    403     403     403    403    403       403    302
POST   people.add_role     others  401    403     403     403    403    403       403    302
POST   people.add_role     absent  401    403     403     403    403    403       403    404
POST   people.set_last_day theirs  401    403     403     403    403    403       403    302
POST   people.set_last_day others  401    403     403     403    403    403       403    302
POST   people.set_last_day absent  401    403     403     403    403    403       403    404
POST   people.end_role     theirs  401    403     403     403    403    403       403    302
POST   people.end_role     others  401    403     403     403    403    403       403    302
POST   people.end_role     absent  401    403     403     403    403    403       403    404
POST   people.switch_off   theirs  401    403     403     403    403    403       403    302
POST   people.switch_off   others  401    403     403     403    403    403       403    302
POST   people.switch_off   absent  401    403     403     403    403    403       403    404
POST   people.switch_on    theirs  401    403     403     403    403    403       403    302
POST   people.switch_on    others  401    403     403     403    403    403       403    302
POST   people.switch_on    absent  401    403     403     403    403    403       403    404
POST   people.end_sessions theirs  401    403     403     403    403    403       403    302
POST   people.end_sessions others  401    403     403     403    403    403       403    302
POST   people.end_sessions absent  401    403     403     403    403    403       403    404
POST   people.remove_second_factor theirs  401    403     403     403    403    403       403    302
POST   people.remove_second_factor others  401    403     403     403    403    403       403    302
POST   people.remove_second_factor absent  401    403     403     403    403    403       403    404
POST   people.reset        theirs  401    403     403     403    403    403       403    200
POST   people.reset        others  401    403     403     403    403    403       403    200
POST   people.reset        absent  401    403     403     403    403    403       403    404
POST   people.invite_again theirs  401    403     403     403    403    403       403    200
POST   people.invite_again others  401    403     403     403    403    403       403    200
POST   people.invite_again absent  401    403     403     403    403    403       403    404
POST   people.withdraw     theirs  401    403     403     403    403    403       403    302
POST   people.withdraw     others  401    403     403     403    403    403       403    302
POST   people.withdraw     absent  401    403     403     403    403    403       403    404
GET    groups.index        -       302    403     403     403    403    403       403    200
POST   groups.add          -       401    403     403     403    403    403       403    302
POST   groups.remove       theirs  401    403     403     403    403    403       403    302
POST   groups.remove       others  401    403     403     403    403    403       403    302
POST   groups.remove       absent  401    403     403     403    403    403       403    404
GET    places.home         -       302    200     200     200    200    200       200    200
GET    places.tile         -       302    200     200     200    200    200       200    200
GET    places.tile         absent  302    404     404     404    404    404       404    404
GET    retention.index     -       302    200     200     403    403    403       403    200
GET    retention.confirm   theirs  302    200     403     403    403    403       403    200
GET    retention.confirm   others  302    404     403     403    403    403       403    200
GET    retention.confirm   absent  302    404     403     403    403    403       403    404
POST   retention.erase     theirs  401    302     403     403    403    403       403    302
POST   retention.erase     others  401    404     403     403    403    403       403    302
POST   retention.erase     absent  401    404     403     403    403    403       403    404
GET    uploads.index       -       302    200     200     403    403    403       403    200
GET    uploads.new         -       302    200     403     403    403    403       403    200
GET    uploads.template    theirs  302    200     403     403    403    403       403    200
GET    uploads.template    others  302    200     403     403    403    403       403    200
GET    uploads.template    absent  302    404     403     403    403    403       403    404
GET    uploads.example     theirs  302    200     403     403    403    403       403    200
GET    uploads.example     others  302    200     403     403    403    403       403    200
GET    uploads.example     absent  302    404     403     403    403    403       403    404
POST   uploads.receive     -       401    302     403     403    403    403       403    302
GET    uploads.show        theirs  302    200     200     403    403    403       403    200
GET    uploads.show        others  302    404     404     403    403    403       403    200
GET    uploads.show        absent  302    404     404     403    403    403       403    404
GET    uploads.columns     theirs  302    200     403     403    403    403       403    200
GET    uploads.columns     others  302    404     403     403    403    403       403    200
GET    uploads.columns     absent  302    404     403     403    403    403       403    404
POST   uploads.set_columns theirs  401    302     403     403    403    403       403    302
POST   uploads.set_columns others  401    404     403     403    403    403       403    302
POST   uploads.set_columns absent  401    404     403     403    403    403       403    404
GET    uploads.check       theirs  302    200     200     403    403    403       403    200
GET    uploads.check       others  302    404     404     403    403    403       403    200
GET    uploads.check       absent  302    404     404     403    403    403       403    404
GET    uploads.problems    theirs  302    200     200     403    403    403       403    200
GET    uploads.problems    others  302    404     404     403    403    403       403    200
GET    uploads.problems    absent  302    404     404     403    403    403       403    404
GET    uploads.arriving    -       302    200     403     403    403    403       403    200
POST   uploads.begin       -       401    200     403     403    403    403       403    200
POST   uploads.append      -       401    200     403     403    403    403       403    200
POST   uploads.read_otherwise theirs  401    302     403     403    403    403       403    302
POST   uploads.read_otherwise others  401    404     403     403    403    403       403    302
POST   uploads.read_otherwise absent  401    404     403     403    403    403       403    404
GET    uploads.row         theirs  302    200     200     403    403    403       403    200
GET    uploads.row         others  302    404     404     403    403    403       403    200
GET    uploads.row         absent  302    404     404     403    403    403       403    404
GET    uploads.points      theirs  302    200     200     403    403    403       403    200
GET    uploads.points      others  302    404     404     403    403    403       403    200
GET    uploads.points      absent  302    404     404     403    403    403       403    404
POST   uploads.edit        theirs  401    302     403     403    403    403       403    302
POST   uploads.edit        others  401    404     403     403    403    403       403    302
POST   uploads.edit        absent  401    404     403     403    403    403       403    404
POST   uploads.decide      theirs  401    302     403     403    403    403       403    302
POST   uploads.decide      others  401    404     403     403    403    403       403    302
POST   uploads.decide      absent  401    404     403     403    403    403       403    404
POST   uploads.confirm     theirs  401    302     403     403    403    403       403    302
POST   uploads.confirm     others  401    404     403     403    403    403       403    302
POST   uploads.confirm     absent  401    404     403     403    403    403       403    404
POST   uploads.answer      theirs  401    302     403     403    403    403       403    302
POST   uploads.answer      others  401    404     403     403    403    403       403    302
POST   uploads.answer      absent  401    404     403     403    403    403       403    404
POST   uploads.hold        theirs  401    302     403     403    403    403       403    302
POST   uploads.hold        others  401    404     403     403    403    403       403    302
POST   uploads.hold        absent  401    404     403     403    403    403       403    404
POST   uploads.check_again theirs  401    302     403     403    403    403       403    302
POST   uploads.check_again others  401    404     403     403    403    403       403    302
POST   uploads.check_again absent  401    404     403     403    403    403       403    404
POST   uploads.cancel      theirs  401    302     403     403    403    403       403    302
POST   uploads.cancel      others  401    404     403     403    403    403       403    302
POST   uploads.cancel      absent  401    404     403     403    403    403       403    404
POST   uploads.settle_held theirs  401    302     403     403    403    403       403    302
POST   uploads.settle_held others  401    404     403     403    403    403       403    302
POST   uploads.settle_held absent  401    404     403     403    403    403       403    404
POST   uploads.marked      theirs  401    200     403     403    403    403       403    200
POST   uploads.marked      others  401    404     403     403    403    403       403    200
POST   uploads.marked      absent  401    404     403     403    403    403       403    404
GET    uploads.versions    theirs  302    200     200     403    403    403       403    200
GET    uploads.versions    others  302    404     404     403    403    403       403    200
GET    uploads.versions    absent  302    404     404     403    403    403       403    404
POST   uploads.commit      theirs  401    302     403     403    403    403       403    302
POST   uploads.commit      others  401    404     403     403    403    403       403    302
POST   uploads.commit      absent  401    404     403     403    403    403       403    404
POST   uploads.undo        theirs  401    302     403     403    403    403       403    302
POST   uploads.undo        others  401    404     403     403    403    403       403    302
POST   uploads.undo        absent  401    404     403     403    403    403       403    404
POST   uploads.discard     theirs  401    302     403     403    403    403       403    302
POST   uploads.discard     others  401    404     403     403    403    403       403    302
POST   uploads.discard     absent  401    404     403     403    403    403       403    404
GET    methods.index       -       302    200     200     200    200    200       403    200
GET    methods.show        -       302    200     200     200    200    200       403    200
GET    methods.show        absent  302    404     404     404    404    404       403    404
GET    hotspots.show       theirs  302    200     200     200    200    200       403    200
GET    hotspots.show       others  302    404     404     404    404    404       403    200
GET    hotspots.show       absent  302    404     404     404    404    404       403    404
GET    hotspots.show       bcu     302    404     404     404    404    200       403    200
GET    hotspots.show       city    302    404     404     404    404    404       403    200
GET    hotspots.layer      theirs  302    200     200     200    200    200       403    200
GET    hotspots.layer      others  302    404     404     404    404    404       403    200
GET    hotspots.layer      absent  302    404     404     404    404    404       403    404
GET    hotspots.layer      bcu     302    404     404     404    404    200       403    200
GET    hotspots.layer      city    302    404     404     404    404    404       403    200
GET    hotspots.contour_lines theirs  302    200     200     200    200    200       403    200
GET    hotspots.contour_lines others  302    404     404     404    404    404       403    200
GET    hotspots.contour_lines absent  302    404     404     404    404    404       403    404
GET    hotspots.download   theirs  302    200     200     200    200    200       403    200
GET    hotspots.download   others  302    404     404     404    404    404       403    200
GET    hotspots.download   absent  302    404     404     404    404    404       403    404
GET    hotspots.download   bcu     302    404     404     404    404    200       403    200
GET    hotspots.download   city    302    404     404     404    404    404       403    200
POST   hotspots.take       theirs  401    200     200     200    200    200       403    200
POST   hotspots.take       others  401    404     404     404    404    404       403    200
POST   hotspots.take       absent  401    404     404     404    404    404       403    404
POST   hotspots.take       bcu     401    404     404     404    404    200       403    200
POST   hotspots.take       city    401    404     404     404    404    404       403    200
GET    compare.show        theirs  302    200     200     200    200    200       403    200
GET    compare.show        others  302    404     404     404    404    404       403    200
GET    compare.show        absent  302    404     404     404    404    404       403    404
GET    compare.show        bcu     302    404     404     404    404    200       403    200
GET    compare.show        city    302    404     404     404    404    404       403    200
GET    compare.maps        theirs  302    200     200     200    200    200       403    200
GET    compare.maps        others  302    404     404     404    404    404       403    200
GET    compare.maps        absent  302    404     404     404    404    404       403    404
GET    compare.maps        bcu     302    404     404     404    404    200       403    200
GET    compare.maps        city    302    404     404     404    404    404       403    200
GET    clock.show          theirs  302    200     200     200    200    200       403    200
GET    clock.show          others  302    404     404     404    404    404       403    200
GET    clock.show          absent  302    404     404     404    404    404       403    404
GET    clock.show          bcu     302    404     404     404    404    200       403    200
GET    clock.show          city    302    404     404     404    404    404       403    200
GET    record.ledger       -       302    200     200     200    200    200       200    200
GET    record.show         theirs  302    403     403     403    200    403       403    200
GET    record.show         others  302    403     403     403    404    403       403    200
GET    record.show         absent  302    403     403     403    404    403       403    404
GET    record.download     theirs  302    403     403     403    200    403       403    200
GET    record.download     others  302    403     403     403    404    403       403    200
GET    record.download     absent  302    403     403     403    404    403       403    404
POST   record.take         theirs  401    403     403     403    200    403       403    200
POST   record.take         others  401    403     403     403    404    403       403    200
POST   record.take         absent  401    403     403     403    404    403       403    404
GET    zones.index         theirs  302    200     200     200    200    200       403    200
GET    zones.index         others  302    404     404     404    404    404       403    200
GET    zones.index         absent  302    404     404     404    404    404       403    404
GET    zones.index         bcu     302    404     404     404    404    200       403    200
GET    zones.index         city    302    404     404     404    404    404       403    200
GET    zones.outlines      theirs  302    200     200     200    200    200       403    200
GET    zones.outlines      others  302    404     404     404    404    404       403    200
GET    zones.outlines      absent  302    404     404     404    404    404       403    404
GET    zones.outlines      bcu     302    404     404     404    404    200       403    200
GET    zones.outlines      city    302    404     404     404    404    404       403    200
GET    zones.export        theirs  302    200     200     200    200    200       403    200
GET    zones.export        others  302    404     404     404    404    404       403    200
GET    zones.export        absent  302    404     404     404    404    404       403    404
GET    zones.export        bcu     302    404     404     404    404    200       403    200
GET    zones.export        city    302    404     404     404    404    404       403    200
POST   zones.take          theirs  401    200     200     200    200    200       403    200
POST   zones.take          others  401    404     404     404    404    404       403    200
POST   zones.take          absent  401    404     404     404    404    404       403    404
POST   zones.take          bcu     401    404     404     404    404    200       403    200
POST   zones.take          city    401    404     404     404    404    404       403    200
GET    zones.show          theirs  302    200     200     200    200    200       403    200
GET    zones.show          others  302    404     404     404    404    404       403    200
GET    zones.show          absent  302    404     404     404    404    404       403    404
POST   zones.save          theirs  401    302     302     302    302    302       403    302
POST   zones.save          others  401    404     404     404    404    404       403    302
POST   zones.save          absent  401    404     404     404    404    404       403    404
POST   zones.rename        theirs  401    302     302     302    302    302       403    302
POST   zones.rename        others  401    404     404     404    404    404       403    302
POST   zones.rename        absent  401    404     404     404    404    404       403    404
POST   zones.delete        theirs  401    302     302     302    302    302       403    302
POST   zones.delete        others  401    404     404     404    404    404       403    302
POST   zones.delete        absent  401    404     404     404    404    404       403    404
GET    problems.index      -       302    200     200     200    200     200       403    200
GET    problems.new        -       302    200     200     200    200     200       403    200
POST   problems.open_problem theirs  401    302     302     302    302     302       403    302
POST   problems.open_problem others  401    404     404     404    404     404       403    302
POST   problems.open_problem absent  401    404     404     404    404     404       403    404
GET    problems.show       theirs  302    200     200     200    200     200       403    200
GET    problems.show       others  302    404     404     404    404     404       403    200
GET    problems.show       absent  302    404     404     404    404     404       403    404
POST   problems.write      theirs  401    302     302     302    302     302       403    302
POST   problems.write      others  401    404     404     404    404     404       403    302
POST   problems.write      absent  401    404     404     404    404     404       403    404
POST   problems.describe   theirs  401    302     302     302    302     302       403    302
POST   problems.describe   others  401    404     404     404    404     404       403    302
POST   problems.describe   absent  401    404     404     404    404     404       403    404
POST   problems.move       theirs  401    302     302     302    302     302       403    302
POST   problems.move       others  401    404     404     404    404     404       403    302
POST   problems.move       absent  401    404     404     404    404     404       403    404
POST   problems.attach     theirs  401    302     302     302    302     302       403    302
POST   problems.attach     others  401    404     404     404    404     404       403    302
POST   problems.attach     absent  401    404     404     404    404     404       403    404
POST   problems.detach     theirs  401    302     302     302    302     302       403    302
POST   problems.detach     others  401    404     404     404    404     404       403    302
POST   problems.detach     absent  401    404     404     404    404     404       403    404
GET    problems.file       theirs  302    200     200     200    200     200       403    200
GET    problems.file       others  302    404     404     404    404     404       403    200
GET    problems.file       absent  302    404     404     404    404     404       403    404
POST   problems.take       theirs  401    200     200     200    200     200       403    200
POST   problems.take       others  401    404     404     404    404     404       403    200
POST   problems.take       absent  401    404     404     404    404     404       403    404
GET    tasking.pack        theirs  302    200     200     200    200    200       403    200
GET    tasking.pack        others  302    404     404     404    404    404       403    200
GET    tasking.pack        absent  302    404     404     404    404    404       403    404
GET    tasking.pack_paper  theirs  302    200     200     200    200    200       403    200
GET    tasking.pack_paper  others  302    404     404     404    404    404       403    200
GET    tasking.pack_paper  absent  302    404     404     404    404    404       403    404
POST   tasking.take_pack   theirs  401    200     200     200    200    200       403    200
POST   tasking.take_pack   others  401    404     404     404    404    404       403    200
POST   tasking.take_pack   absent  401    404     404     404    404    404       403    404
GET    tasking.mine        -       302    200     200     200    200    200       403    200
GET    tasking.address     -       302    200     200     200    200    200       403    200
POST   tasking.erase_address -     401    302     302     302    302    302       403    302
GET    tasking.meeting     theirs  302    200     200     200    200    200       403    200
GET    tasking.meeting     others  302    404     404     404    404    404       403    200
GET    tasking.meeting     absent  302    404     404     404    404    404       403    404
GET    tasking.meeting     bcu     302    404     404     404    404    200       403    200
GET    tasking.meeting     city    302    404     404     404    404    404       403    200
POST   tasking.decide      theirs  401    302     302     302    302    302       403    302
POST   tasking.decide      others  401    404     404     404    404    404       403    302
POST   tasking.decide      absent  401    404     404     404    404    404       403    404
GET    patrols.show        theirs  302    200     200     200    200    200       403    200
GET    patrols.show        others  302    404     404     404    404    404       403    200
GET    patrols.show        absent  302    404     404     404    404    404       403    404
GET    patrols.edit        theirs  302    200     200     200    200    200       403    200
GET    patrols.edit        others  302    404     404     404    404    404       403    200
GET    patrols.edit        absent  302    404     404     404    404    404       403    404
POST   patrols.plan        theirs  401    302     302     302    302    302       403    302
POST   patrols.plan        others  401    404     404     404    404    404       403    302
POST   patrols.plan        absent  401    404     404     404    404    404       403    404
POST   patrols.record      theirs  401    302     302     302    302    302       403    302
POST   patrols.record      others  401    404     404     404    404    404       403    302
POST   patrols.record      absent  401    404     404     404    404    404       403    404
GET    patrols.correct     theirs  302    200     200     200    200    200       403    200
GET    patrols.correct     others  302    404     404     404    404    404       403    200
GET    patrols.correct     absent  302    404     404     404    404    404       403    404
POST   patrols.take_back   theirs  401    302     302     302    302    302       403    302
POST   patrols.take_back   others  401    404     404     404    404    404       403    302
POST   patrols.take_back   absent  401    404     404     404    404    404       403    404
GET    ready_made.ask      theirs  302    200     200     200    200    200       403    200
GET    ready_made.ask      others  302    404     404     404    404    404       403    200
GET    ready_made.ask      absent  302    404     404     404    404    404       403    404
POST   ready_made.write    theirs  401    302     302     302    302    302       403    302
POST   ready_made.write    others  401    404     404     404    404    404       403    302
POST   ready_made.write    absent  401    404     404     404    404    404       403    404
GET    problem_memory.index -       302    200     200     200    200     200       403    200
GET    problem_memory.edit theirs  302    200     403     200    403     200       403    200
GET    problem_memory.edit others  302    404     403     404    403     404       403    200
GET    problem_memory.edit absent  302    404     403     404    403     404       403    404
POST   problem_memory.publish theirs  401    302     403     302    403     302       403    302
POST   problem_memory.publish others  401    404     403     404    403     404       403    302
POST   problem_memory.publish absent  401    404     403     404    403     404       403    404
POST   problem_memory.withdraw theirs  401    302     403     302    403     302       403    302
POST   problem_memory.withdraw others  401    404     403     404    403     404       403    302
POST   problem_memory.withdraw absent  401    404     403     404    403     404       403    404
GET    problem_opening.new theirs  302    200     200     200    200    200       403    200
GET    problem_opening.new others  302    404     404     404    404    404       403    200
GET    problem_opening.new absent  302    404     404     404    404    404       403    404
POST   problem_opening.open_here theirs  401    302     302     302    302    302       403    302
POST   problem_opening.open_here others  401    404     404     404    404    404       403    302
POST   problem_opening.open_here absent  401    404     404     404    404    404       403    404
GET    baselines.show      theirs  302    200     200     200    200    200       403    200
GET    baselines.show      others  302    404     404     404    404    404       403    200
GET    baselines.show      absent  302    404     404     404    404    404       403    404
GET    baselines.grounds   theirs  302    200     200     200    200    200       403    200
GET    baselines.grounds   others  302    404     404     404    404    404       403    200
GET    baselines.grounds   absent  302    404     404     404    404    404       403    404
GET    baselines.choose    theirs  302    200     200     200    200    200       403    200
GET    baselines.choose    others  302    404     404     404    404    404       403    200
GET    baselines.choose    absent  302    404     404     404    404    404       403    404
POST   baselines.freeze    theirs  401    302     302     302    302    302       403    302
POST   baselines.freeze    others  401    404     404     404    404    404       403    302
POST   baselines.freeze    absent  401    404     404     404    404    404       403    404
GET    assessments.show     theirs 302    200     200     200    200    200       403    200
GET    assessments.show     others 302    404     404     404    404    404       403    200
GET    assessments.show     absent 302    404     404     404    404    404       403    404
GET    assessments.table    theirs 302    200     200     200    200    200       403    200
GET    assessments.table    others 302    404     404     404    404    404       403    200
GET    assessments.table    absent 302    404     404     404    404    404       403    404
POST   assessments.take     theirs 401    200     200     200    200    200       403    200
POST   assessments.take     others 401    404     404     404    404    404       403    200
POST   assessments.take     absent 401    404     404     404    404    404       403    404
POST   assessments.ask      theirs 401    302     302     302    302    302       403    302
POST   assessments.ask      others 401    404     404     404    404    404       403    302
POST   assessments.ask      absent 401    404     404     404    404    404       403    404
GET    briefings.show      theirs  302    200     200     200    200    200       403    200
GET    briefings.show      others  302    404     404     404    404    404       403    200
GET    briefings.show      absent  302    404     404     404    404    404       403    404
GET    briefings.show      bcu     302    404     404     404    404    200       403    200
GET    briefings.show      city    302    404     404     404    404    404       403    200
POST   briefings.mute      theirs  401    302     302     302    302    302       403    302
POST   briefings.mute      others  401    404     404     404    404    404       403    302
POST   briefings.mute      absent  401    404     404     404    404    404       403    404
POST   briefings.show_again theirs  401    302     302     302    302    302       403    302
POST   briefings.show_again others  401    404     404     404    404    404       403    302
POST   briefings.show_again absent  401    404     404     404    404    404       403    404
GET    place.show          theirs  302    200     200     200    200    200       403    200
GET    place.show          others  302    404     404     404    404    404       403    200
GET    place.show          absent  302    404     404     404    404    404       403    404
GET    summaries.show      theirs  302    200     200     200    200    200       200    200
GET    summaries.show      others  302    404     404     404    404    404       404    200
GET    summaries.show      absent  302    404     404     404    404    404       404    404
GET    summaries.show      bcu     302    404     404     404    404    404       404    404
GET    wards.find          theirs  302    200     200     200    200    200       200    200
GET    wards.find          others  302    404     404     404    404    404       404    200
GET    wards.find          absent  302    404     404     404    404    404       404    404
GET    wards.find          bcu     302    404     404     404    404    404       404    404
GET    wards.show          theirs  302    200     200     200    200    200       200    200
GET    wards.show          others  302    404     404     404    404    404       404    200
GET    wards.show          absent  302    404     404     404    404    404       404    404
GET    priorities.new_problem theirs 302   200     200     200    200    200       403    200
GET    priorities.new_problem others 302   404     404     404    404    404       403    200
GET    priorities.new_problem absent 302   404     404     404    404    404       403    404
POST   priorities.open_problem theirs 401  302     302     302    302    302       403    302
POST   priorities.open_problem others 401  404     404     404    404    404       403    302
POST   priorities.open_problem absent 401  404     404     404    404    404       403    404
GET    priorities.new      theirs  302    200     403     200    403    403       403    200
GET    priorities.new      others  302    404     403     404    403    403       403    200
GET    priorities.new      absent  302    404     403     404    403    403       403    404
POST   priorities.add      theirs  401    302     403     302    403    403       403    302
POST   priorities.add      others  401    404     403     404    403    403       403    302
POST   priorities.add      absent  401    404     403     404    403    403       403    404
GET    priorities.show     theirs  302    200     200     200    200    200       200    200
GET    priorities.show     others  302    404     404     404    404    404       404    200
GET    priorities.show     absent  302    404     404     404    404    404       404    404
POST   priorities.keep     theirs  401    302     403     302    403    403       403    302
POST   priorities.keep     others  401    404     403     404    403    403       403    302
POST   priorities.keep     absent  401    404     403     404    403    403       403    404
POST   priorities.end      theirs  401    302     403     302    403    403       403    302
POST   priorities.end      others  401    404     403     404    403    403       403    302
POST   priorities.end      absent  401    404     403     404    403    403       403    404
GET    reports.index       theirs  302    200     200     200    200    200       200    200
GET    reports.index       others  302    404     404     404    404    404       404    200
GET    reports.index       absent  302    404     404     404    404    404       404    404
GET    reports.index       bcu     302    404     404     404    404    404       404    404
GET    reports.show        theirs  302    200     200     200    200    200       200    200
GET    reports.show        others  302    404     404     404    404    404       404    200
GET    reports.show        absent  302    404     404     404    404    404       404    404
GET    reports.latest      theirs  302    200     200     200    200    200       200    200
GET    reports.latest      others  302    404     404     404    404    404       404    200
GET    reports.latest      absent  302    404     404     404    404    404       404    404
GET    reports.download    theirs  302    200     200     200    200    200       200    200
GET    reports.download    others  302    404     404     404    404    404       404    200
GET    reports.download    absent  302    404     404     404    404    404       404    404
POST   reports.take        theirs  401    200     200     200    200    200       200    200
POST   reports.take        others  401    404     404     404    404    404       404    200
POST   reports.take        absent  401    404     404     404    404    404       404    404
POST   reports.subscribe   theirs  401    302     302     302    302    302       302    302
POST   reports.subscribe   others  401    404     404     404    404    404       404    302
POST   reports.subscribe   absent  401    404     404     404    404    404       404    404
GET    reports.new         theirs  302    200     200     403    403    403       403    200
GET    reports.new         others  302    404     404     403    403    403       403    200
GET    reports.new         absent  302    404     404     403    403    403       403    404
POST   reports.draft       theirs  401    302     302     403    403    403       403    302
POST   reports.draft       others  401    404     404     403    403    403       403    302
POST   reports.draft       absent  401    404     404     403    403    403       403    404
GET    reports.edit        theirs  302    200     200     403    403    403       403    200
GET    reports.edit        others  302    404     404     403    403    403       403    200
GET    reports.edit        absent  302    404     404     403    403    403       403    404
POST   reports.save        theirs  401    302     302     403    403    403       403    302
POST   reports.save        others  401    404     404     403    403    403       403    302
POST   reports.save        absent  401    404     404     403    403    403       403    404
POST   reports.discard     theirs  401    302     302     403    403    403       403    302
POST   reports.discard     others  401    404     404     403    403    403       403    302
POST   reports.discard     absent  401    404     404     403    403    403       403    404
POST   reports.ask         theirs  401    302     302     403    403    403       403    302
POST   reports.ask         others  401    404     404     403    403    403       403    302
POST   reports.ask         absent  401    404     404     403    403    403       403    404
POST   reports.send_back   theirs  401    403     403     403    302    403       403    403
POST   reports.send_back   others  401    403     403     403    404    403       403    403
POST   reports.send_back   absent  401    403     403     403    404    403       403    403
POST   reports.approve     theirs  401    403     403     403    302    403       403    403
POST   reports.approve     others  401    403     403     403    404    403       403    403
POST   reports.approve     absent  401    403     403     403    404    403       403    403
POST   reports.reissue     theirs  401    302     302     403    403    403       403    302
POST   reports.reissue     others  401    404     404     403    403    403       403    302
POST   reports.reissue     absent  401    404     404     403    403    403       403    404
GET    reports.schedule    theirs  302    200     200     403    403    403       403    200
GET    reports.schedule    others  302    404     404     403    403    403       403    200
GET    reports.schedule    absent  302    404     404     403    403    403       403    404
POST   reports.set_schedule theirs 401    302     302     403    403    403       403    302
POST   reports.set_schedule others 401    404     404     403    403    403       403    302
POST   reports.set_schedule absent 401    404     404     403    403    403       403    404
POST   reports.end_schedule theirs 401    302     302     403    403    403       403    302
POST   reports.end_schedule others 401    404     404     403    403    403       403    302
POST   reports.end_schedule absent 401    404     404     403    403    403       403    404
GET    reports.ask_public  theirs  302    403     403     403    403    403       200    403
GET    reports.ask_public  others  302    403     403     403    403    403       404    403
GET    reports.ask_public  absent  302    403     403     403    403    403       404    403
POST   reports.publish     theirs  401    403     403     403    403    403       302    403
POST   reports.publish     others  401    403     403     403    403    403       404    403
POST   reports.publish     absent  401    403     403     403    403    403       404    403
POST   reports.withdraw    theirs  401    403     403     403    403    403       302    403
POST   reports.withdraw    others  401    403     403     403    403    403       404    403
POST   reports.withdraw    absent  401    403     403     403    403    403       404    403
GET    reports.published   theirs  200    200     200     200    200    200       200    200
GET    reports.published   others  404    404     404     404    404    404       404    404
GET    reports.published   absent  404    404     404     404    404    404       404    404
GET    questions.figure    theirs  302    200     200     200    200    200       200    200
GET    questions.figure    others  302    404     404     404    404    404       404    200
GET    questions.figure    absent  302    404     404     404    404    404       404    404
GET    questions.figure    bcu     302    404     404     404    404    404       404    404
POST   questions.ask       theirs  401    302     302     302    302    302       302    302
POST   questions.ask       others  401    404     404     404    404    404       404    302
POST   questions.ask       absent  401    404     404     404    404    404       404    404
GET    questions.index     theirs  302    200     200     200    200    200       200    200
GET    questions.index     others  302    404     404     404    404    404       404    200
GET    questions.index     absent  302    404     404     404    404    404       404    404
GET    questions.index     bcu     302    404     404     404    404    404       404    404
GET    questions.show      theirs  302    200     200     200    200    200       200    200
GET    questions.show      others  302    404     404     404    404    404       404    200
GET    questions.show      absent  302    404     404     404    404    404       404    404
POST   questions.answer    theirs  401    302     302     403    403    403       403    302
POST   questions.answer    others  401    404     404     403    403    403       403    302
POST   questions.answer    absent  401    404     404     403    403    403       403    404
POST   questions.withdraw  theirs  401    404     404     404    404    404       302    404
POST   questions.withdraw  others  401    404     404     404    404    404       404    404
POST   questions.withdraw  absent  401    404     404     404    404    404       404    404
POST   questions.close     theirs  401    302     302     403    403    403       403    302
POST   questions.close     others  401    404     404     403    403    403       403    302
POST   questions.close     absent  401    404     404     403    403    403       403    404
GET    borders.show        theirs  302    403     403     403    200    403       403    403
GET    borders.show        others  302    403     403     403    404    403       403    403
GET    borders.show        absent  302    403     403     403    404    403       403    403
POST   borders.choose      theirs  401    403     403     403    302    403       403    403
POST   borders.choose      others  401    403     403     403    404    403       403    403
POST   borders.choose      absent  401    403     403     403    404    403       403    403
GET    measures.index      -       302    200     200     200    200    200       200    200
GET    measures.edit       theirs  302    200     200     403    403    403       403    200
GET    measures.edit       others  302    404     404     403    403    403       403    200
GET    measures.edit       absent  302    404     404     403    403    403       403    404
POST   measures.choose     theirs  401    302     302     403    403    403       403    302
POST   measures.choose     others  401    404     404     403    403    403       403    302
POST   measures.choose     absent  401    404     404     403    403    403       403    404
GET    outcomes.show       theirs  302    200     200     200    200    200       200    200
GET    outcomes.show       others  302    404     404     404    404    404       404    200
GET    outcomes.show       absent  302    404     404     404    404    404       404    404
GET    sharing.index       -       302    200     200     200    200    200       403    200
GET    sharing.new         -       302    403     200     403    403    200       403    403
POST   sharing.ask         -       401    403     302     403    403    302       403    403
GET    sharing.show        theirs  302    200     200     200    200    200       403    200
GET    sharing.show        others  302    404     404     404    404    200       403    200
GET    sharing.show        absent  302    404     404     404    404    404       403    404
POST   sharing.grant       theirs  401    403     403     403    302    403       403    403
POST   sharing.grant       others  401    403     403     403    404    403       403    403
POST   sharing.grant       absent  401    403     403     403    404    403       403    403
POST   sharing.refuse      theirs  401    403     403     403    302    403       403    403
POST   sharing.refuse      others  401    403     403     403    404    403       403    403
POST   sharing.refuse      absent  401    403     403     403    404    403       403    403
POST   sharing.end         theirs  401    404     404     404    302    404       403    404
POST   sharing.end         others  401    404     404     404    404    404       403    404
POST   sharing.end         absent  401    404     404     404    404    404       403    404
GET    sharing.open_map    theirs  302    403     200     403    403    404       403    403
GET    sharing.open_map    others  302    403     404     403    403    404       403    403
GET    sharing.open_map    absent  302    403     404     403    403    404       403    403
GET    sharing.layer       theirs  302    403     200     403    403    404       403    403
GET    sharing.layer       others  302    403     404     403    403    404       403    403
GET    sharing.layer       absent  302    403     404     403    403    404       403    403
GET    sharing.download    theirs  302    403     200     403    403    404       403    403
GET    sharing.download    others  302    403     404     403    403    404       403    403
GET    sharing.download    absent  302    403     404     403    403    404       403    403
POST   sharing.take        theirs  401    403     200     403    403    404       403    403
POST   sharing.take        others  401    403     404     403    403    404       403    403
POST   sharing.take        absent  401    403     404     403    403    404       403    403
GET    reach.index         -       302    403     403     403    200    403       403    200
GET    reach.show          theirs  302    403     403     403    200    403       403    200
GET    reach.show          others  302    403     403     403    404    403       403    200
GET    reach.show          absent  302    403     403     403    404    403       403    404
GET    reach.table         theirs  302    403     403     403    200    403       403    200
GET    reach.table         others  302    403     403     403    404    403       403    200
GET    reach.table         absent  302    403     403     403    404    403       403    404
GET    agreements.index          -       302    200    200    200    200    200    403    200
GET    agreements.show           theirs  302    200    200    200    200    200    403    200
GET    agreements.show           others  302    404    404    404    404    404    403    200
GET    agreements.show           absent  302    404    404    404    404    404    403    404
GET    agreements.new            -       302    200    403    403    403    403    403    200
POST   agreements.write          -       401    302    403    403    403    403    403    302
GET    agreements.edit           theirs  302    200    403    403    403    403    403    200
GET    agreements.edit           others  302    404    403    403    403    403    403    200
GET    agreements.edit           absent  302    404    403    403    403    403    403    404
POST   agreements.write_next     theirs  401    302    403    403    403    403    403    302
POST   agreements.write_next     others  401    404    403    403    403    403    403    302
POST   agreements.write_next     absent  401    404    403    403    403    403    403    404
POST   agreements.end            theirs  401    302    403    403    403    403    403    302
POST   agreements.end            others  401    404    403    403    403    403    403    302
POST   agreements.end            absent  401    404    403    403    403    403    403    404
GET    ledger.index              -       302    302    302    302    302    200    403    200
GET    ledger.show               theirs  302    200    200    200    200    200    403    200
GET    ledger.show               others  302    404    404    404    404    404    403    200
GET    ledger.show               absent  302    404    404    404    404    404    403    404
GET    ledger.show               bcu     302    404    404    404    404    404    403    404
GET    ledger.entry              theirs  302    200    200    200    200    200    403    200
GET    ledger.entry              others  302    404    404    404    404    404    403    200
GET    ledger.entry              absent  302    404    404    404    404    404    403    404
POST   ledger.say_not_held       theirs  401    302    403    403    403    403    403    302
POST   ledger.say_not_held       others  401    404    403    403    403    403    403    302
POST   ledger.say_not_held       absent  401    404    403    403    403    403    403    404
POST   ledger.take_back_not_held theirs  401    302    403    403    403    403    403    302
POST   ledger.take_back_not_held others  401    404    403    403    403    403    403    302
POST   ledger.take_back_not_held absent  401    404    403    403    403    403    403    404
GET    ledger.letter             theirs  302    200    403    403    403    403    403    200
GET    ledger.letter             others  302    404    403    403    403    403    403    200
GET    ledger.letter             absent  302    404    403    403    403    403    403    404
GET    ledger.liaison            theirs  302    200    403    403    403    403    403    200
GET    ledger.liaison            others  302    404    403    403    403    403    403    200
GET    ledger.liaison            absent  302    404    403    403    403    403    403    404
GET    ledger.ask_liaison        theirs  302    200    403    403    403    403    403    200
GET    ledger.ask_liaison        others  302    404    403    403    403    403    403    200
GET    ledger.ask_liaison        absent  302    404    403    403    403    403    403    404
POST   ledger.record_liaison     theirs  401    302    403    403    403    403    403    302
POST   ledger.record_liaison     others  401    404    403    403    403    403    403    302
POST   ledger.record_liaison     absent  401    404    403    403    403    403    403    404
GET    ledger.prescribed         -       302    200    200    200    200    200    403    200
GET    ledger.ask_correction     theirs  302    403    403    403    403    403    403    200
GET    ledger.ask_correction     others  302    403    403    403    403    403    403    200
GET    ledger.ask_correction     absent  302    403    403    403    403    403    403    404
POST   ledger.correct            theirs  401    403    403    403    403    403    403    302
POST   ledger.correct            others  401    403    403    403    403    403    403    302
POST   ledger.correct            absent  401    403    403    403    403    403    403    404
GET    disclosure.show     -       302    200     200     200    200    200       200    200
GET    disclosure.edit     -       302    403     403     403    403    403       403    200
POST   disclosure.change   -       401    403     403     403    403    403       403    302
GET    tokens.index        -       302    200     200     200    200    200       200    200
POST   tokens.make         -       401    200     403     403    403    403       403    200
POST   tokens.end          theirs  401    302     404     404    404    404       404    404
POST   tokens.end          others  401    404     404     404    404    404       404    404
POST   tokens.end          absent  401    404     404     404    404    404       404    404
GET    api.describe        -       200    200     200     200    200    200       200    200
POST   api.receive         -       401    202     403     403    403    403       403    202
GET    api.show            theirs  401    200     403     403    403    403       403    200
GET    api.show            others  401    404     403     403    403    403       403    200
GET    api.show            absent  401    404     403     403    403    403       403    404
"""


# --- What is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One request: what goes into the address, what follows it, and the form sent."""

    values: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)


FIVE_MEASURES = dict(zip(("first", "second", "third", "fourth", "fifth"), UNLESS_CHOSEN, strict=True))
AREAS = {"theirs": HOME, "others": ELSEWHERE, "absent": "F09000099", "bcu": "north", "city": "london"}
OVERLAY = {"show": "wards-rate", "category": "All recorded crime", "from": "2025-01", "to": "2025-12"}
TWO_PERIODS = {**OVERLAY, "from": "2025-12", "against": "2025-11"}
SIGN_IN = {"email": "council.leader@test.example", "password": PASSWORD}

SITE = Site("localhost", "http://localhost")
KEY, APP_SECRET, CHALLENGE = SoftKey(SITE), "JBSWY3DPEHPK3PXP" * 2, b"what every browser was asked to have signed"
"""The officer's own: nobody else can take the second step with them."""

ABSENT_UPLOAD = UUID(int=0)
WARDS_OF = {"theirs": "F05000000", "others": "F05000004"}
ABSENT_WARD = "F05000099"
A_PRIORITY = {
    "words": "Burglary round the station",
    "source": "Ward panel",
    "set_on": "2026-01-10",
    "review_on": "2026-04-10",
}
A_PROBLEMS_DAYS = {"start": "2026-01-10", "due": "2026-01-11", "on": "2026-01-12"}
LATELY = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=3)
A_PATROL = {
    "minutes": "15",
    "visits": "2",
    "opens": "10:00",
    "closes": "16:00",
    "weekdays": ["0", "1", "2", "3", "4", "5", "6"],
    "first_day": LATELY.isoformat(),
    "last_day": (LATELY + dt.timedelta(days=60)).isoformat(),
}
A_TEMPLATE = {
    **A_PATROL,
    "spots": "Gate",
    "response_weeks": "8",
    "response_body": "police",
    "response_person": "",
    "assess": "",
    "is_read": "yes",
}
A_VISIT = {"day": LATELY.isoformat(), "time": "11:05", "minutes": "15", "body": "police"}
A_PROBLEM = {
    "title": "Noise at night",
    "kind": "asb",
    "place": "The Mead",
    "first": "2025-01",
    "last": "2025-12",
    "owner_body": "council",
    **dict.fromkeys(("ward", "premises", "categories", "owner"), ""),
}
HOT_SQUARE = {
    "theirs": {"category": "Robbery", "unit": "150m-E450-N300"},
    "others": {"category": "Robbery", "unit": "150m-E4500-N300"},
}
"""In the middle of where every month of 2025 had three dozen robberies, in each of the two boroughs."""
COLUMNS_SENT = {
    "kind": "ward_counts",
    "field-ward_code": "WardCode",
    "field-month": "Month",
    "field-offence_group": "Category",
    "field-count": "Count",
}
PLANTED = {"role": "administrator", "area_key": ELSEWHERE, "borough_code": ELSEWHERE, "owner_id": str(ABSENT_UPLOAD)}
"""Sent with every form: fields that no form has."""


def of_upload(state: str, form: Mapping[str, str] | None = None) -> Callable[[World, str], Asked]:
    """Ask of an upload in some state."""
    return lambda world, of: Asked({"upload_id": world.uploads.get((of, state), ABSENT_UPLOAD)}, form=form or {})


def a_file() -> tuple[io.BytesIO, str]:
    """A file as a form sends it."""
    return io.BytesIO(b"WardCode,Month,Category,Count\nF05000000,2025-01,Burglary,4\n"), "january.csv"


THIS_QUARTER = newest_ended(agreements.today()).code


def of_agreement(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of an agreement."""
    return lambda world, of: Asked(
        {"agreement_id": world.uploads.get((of, "agreement"), ABSENT_UPLOAD)}, form=form or {}
    )


def of_question(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of a question about a figure."""
    return lambda world, of: Asked(
        {"area": AREAS[of], "question_id": world.uploads.get((of, "question"), ABSENT_UPLOAD)}, form=form or {}
    )


def of_zone(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of a zone."""
    return lambda world, of: Asked(
        {"area": AREAS[of], "zone_id": world.uploads.get((of, "zone"), ABSENT_UPLOAD)}, form=form or {}
    )


def at_a_place(of: str) -> dict[str, str]:
    """By what a place of the map is asked for."""
    return {**HOT_SQUARE.get(of, HOT_SQUARE["theirs"]), "to": "2025-12", "dataset": ""}


def of_problem(form: Mapping[str, Any] | None = None, **more: object) -> Callable[[World, str], Asked]:
    """Ask of a problem."""
    return lambda world, of: Asked(
        {"problem_id": world.uploads.get((of, "problem"), ABSENT_UPLOAD), **more}, form=form or {}
    )


def of_assessment(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of an assessment of a problem."""
    return lambda world, of: Asked(
        {
            "problem_id": world.uploads.get((of, "assessed problem"), ABSENT_UPLOAD),
            "assessment_id": world.uploads.get((of, "assessment"), ABSENT_UPLOAD),
        },
        form=form or {},
    )


def problem_of(world: World, of: str) -> str:
    """The id of a problem."""
    return str(world.uploads.get((of, "problem"), ABSENT_UPLOAD))


def of_patrols(form: Mapping[str, Any] | None = None, **more: object) -> Callable[[World, str], Asked]:
    """Ask of the patrols of a response."""
    return lambda world, of: of_problem(form, response=world.uploads.get((of, "patrolled"), ABSENT_UPLOAD), **more)(
        world, of
    )


def of_visit(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of a visit of patrols."""
    return lambda world, of: of_patrols(form, visit=world.uploads.get((of, "visit"), ABSENT_UPLOAD))(world, of)


def of_problem_file(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of a file beside a problem."""
    return lambda world, of: of_problem(form, file_id=world.uploads.get((of, "problem file"), ABSENT_UPLOAD))(world, of)


def of_priority(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of a ward's priority."""
    return lambda world, of: Asked(
        {
            "area": AREAS[of],
            "ward_code": WARDS_OF.get(of, ABSENT_WARD),
            "priority_id": world.uploads.get((of, "priority"), ABSENT_UPLOAD),
        },
        form=form or {},
    )


def of_share(state: str, form: Mapping[str, str] | None = None, *, form_of: str = "") -> Callable[[World, str], Asked]:
    """Ask of a share: one to be decided, or one that was granted."""
    file = {"form": form_of} if form_of else {}
    return lambda world, of: Asked({"share_id": world.uploads.get((of, state), ABSENT_UPLOAD), **file}, form=form or {})


def of_kind(_world: World, of: str) -> Asked:
    """Ask of a kind of dataset, which is the same for every borough."""
    return Asked({"kind": "rumours" if of == "absent" else "council_asb"})


def of_item(item: str, form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of a prescribed dataset for the newest quarter."""
    return lambda world, of: Asked({"area": AREAS[of], "quarter": THIS_QUARTER, "item": item}, form=form or {})


def of_provider(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of a provider's liaison officer."""
    return lambda world, of: Asked({"area": AREAS[of], "provider": "police"}, form=form or {})


def of_prescribed(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of an item of the list that is one for every borough."""
    return lambda world, of: Asked(
        {"item": "no-such-item" if of == "absent" else "fire-malicious-calls"}, form=form or {}
    )


def of_person(form: Mapping[str, Any] | None = None, *, kind: str = "person") -> Callable[[World, str], Asked]:
    """Ask of somebody, or of the role that they hold."""

    def ask(world: World, of: str) -> Asked:
        return Asked({"person_id": world.uploads.get((of, kind), ABSENT_UPLOAD)}, form=form or {})

    return ask


def of_membership(form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask of the role that somebody holds."""
    return lambda world, of: Asked(
        {
            "person_id": world.uploads.get((of, "person"), ABSENT_UPLOAD),
            "membership_id": world.uploads.get((of, "membership"), 0),
        },
        form=form or {},
    )


def of_link(purpose: str, form: Mapping[str, Any] | None = None) -> Callable[[World, str], Asked]:
    """Ask by a one-time link."""
    return lambda world, of: Asked({"secret": world.uploads.get((of, purpose), "nonsense")}, form=form or {})


def of_report(
    state: str, form: Mapping[str, str] | None = None, *, form_of_file: str = ""
) -> Callable[[World, str], Asked]:
    """Ask of a report: a draft, one that was approved, or one that is public."""
    file = {"form": form_of_file} if form_of_file else {}
    return lambda world, of: Asked(
        {"area": AREAS[of], "report_id": world.uploads.get((of, state), ABSENT_UPLOAD), **file},
        form={**(form or {}), "seen": world.uploads.get((of, "digest"), "")},
    )


NEW_PASSWORD = {"password": "lantern orbit mustard", "again": "lantern orbit mustard"}
NEW_ROLE = {"role": Role.LIAISON_OFFICER.value, "place": HOME, "starts_on": "2031-01-01", "ends_on": "2031-12-31"}

ASKED: dict[str, Callable[[World, str], Asked]] = {
    "links.invitation": of_link("invitation"),
    "links.accept": of_link("invitation", NEW_PASSWORD),
    "links.ask": lambda world, of: Asked(),
    "links.send": lambda world, of: Asked(form={"email": "nobody@test.example"}),
    "links.new_password": of_link("reset"),
    "links.set_password": of_link("reset", NEW_PASSWORD),
    "single_sign_on.begin": lambda world, of: Asked(),
    "single_sign_on.answer": lambda world, of: Asked(),
    "people.index": lambda world, of: Asked(),
    "people.new": lambda world, of: Asked(),
    "people.invite": lambda world, of: Asked(form={"email": "new@test.example", "name": "New", **NEW_ROLE}),
    "people.show": of_person(),
    "people.add_role": of_person(NEW_ROLE),
    "people.set_last_day": of_membership({"ends_on": "2031-12-31"}),
    "people.end_role": of_membership(),
    "people.switch_off": of_person(),
    "people.switch_on": of_person(),
    "people.end_sessions": of_person(),
    "people.remove_second_factor": of_person(),
    "people.reset": of_person(),
    "people.invite_again": of_person(kind="invited"),
    "people.withdraw": of_person(kind="invited"),
    "groups.index": lambda world, of: Asked(),
    "groups.add": lambda world, of: Asked(form={"group": "new", **NEW_ROLE}),
    "groups.remove": lambda world, of: Asked({"rule_id": world.uploads.get((of, "rule"), ABSENT_UPLOAD)}),
    "static": lambda world, of: Asked({"filename": "no-such-file.css" if of == "absent" else "hub.css"}),
    "accounts.sign_in": lambda world, of: Asked(),
    "accounts.begin": lambda world, of: Asked(form=SIGN_IN),
    "accounts.sign_out": lambda world, of: Asked(),
    "seeing_as.choose": lambda world, of: Asked(),
    "seeing_as.start": lambda world, of: Asked(form={"role": "council_leader", "borough": HOME}),
    "seeing_as.stop": lambda world, of: Asked(),
    "account.show": lambda world, of: Asked(),
    "account.password": lambda world, of: Asked(),
    "account.change_password": lambda world, of: Asked(form={"present": PASSWORD, "new": f"{PASSWORD} drum"}),
    "account.end_sign_in": lambda world, of: Asked({"session_id": world.sign_in_ids.get(of, ABSENT_UPLOAD)}),
    "account.end_other_sign_ins": lambda world, of: Asked(),
    "account.remove_app": lambda world, of: Asked(),
    "account.remove_key": lambda world, of: Asked({"key_id": world.key_ids.get(of, ABSENT_UPLOAD)}),
    "second_factor.show": lambda world, of: Asked(),
    "second_factor.prove": lambda world, of: Asked(form={"code": pyotp.TOTP(APP_SECRET).now()}),
    "second_factor.ask_key": lambda world, of: Asked(),
    "second_factor.prove_by_key": lambda world, of: Asked(form={"credential": KEY.sign(CHALLENGE)}),
    "second_factor.enrol": lambda world, of: Asked(),
    "second_factor.new_app": lambda world, of: Asked(),
    "second_factor.add_app": lambda world, of: Asked(
        form={"sealed": world.sealed_secret, "code": pyotp.TOTP(APP_SECRET).now()}
    ),
    "second_factor.new_key": lambda world, of: Asked(),
    "second_factor.ask_new_key": lambda world, of: Asked(),
    "second_factor.add_key": lambda world, of: Asked(
        form={"name": "Blue", "credential": SoftKey(SITE).make(CHALLENGE)}
    ),
    "second_factor.recovery_codes": lambda world, of: Asked(),
    "second_factor.make_recovery_codes": lambda world, of: Asked(),
    "places.tile": lambda world, of: Asked({"zoom": 0, "column": 0, "row": 9 if of == "absent" else 0}),
    "places.home": lambda world, of: Asked(),
    "uploads.index": lambda world, of: Asked(),
    "uploads.template": of_kind,
    "uploads.example": of_kind,
    "uploads.new": lambda world, of: Asked(),
    "uploads.receive": lambda world, of: Asked(form={"file": a_file()}),
    "uploads.show": of_upload("committed"),
    "uploads.columns": of_upload("received"),
    "uploads.set_columns": of_upload("received", COLUMNS_SENT),
    "uploads.check": of_upload("checked"),
    "uploads.problems": of_upload("checked"),
    "uploads.arriving": lambda world, of: Asked(),
    "uploads.begin": lambda world, of: Asked(form={"name": "year.csv", "size": "1000"}),
    "uploads.append": lambda world, of: Asked({"offset": 0}),
    "uploads.read_otherwise": of_upload("received", {"heading-row": "1"}),
    "uploads.row": lambda world, of: Asked(
        {"upload_id": world.uploads.get((of, "faulty"), ABSENT_UPLOAD), "number": 3}
    ),
    "uploads.points": of_upload("checked"),
    "uploads.edit": of_upload("faulty", {"cell-3-3": "7"}),
    "uploads.decide": of_upload("faulty", {"act": "leave-out", "code": "not_a_count"}),
    "uploads.confirm": of_upload("repeating", {"reason-repeated_row": "Two reports of one night."}),
    "uploads.answer": of_upload("asking", {"answer-ambiguous_dates:Month": "day_first"}),
    "uploads.hold": of_upload("faulty", {"hold": "yes"}),
    "uploads.check_again": of_upload("faulty"),
    "uploads.cancel": of_upload("faulty"),
    "uploads.settle_held": of_upload("held", {"act": "fix"}),
    "uploads.marked": of_upload("faulty"),
    "uploads.versions": lambda world, of: Asked({"borough_code": AREAS[of], "dataset": "ward_counts"}),
    "uploads.commit": of_upload("checked"),
    "uploads.undo": of_upload("committed"),
    "uploads.discard": of_upload("received"),
    "retention.index": lambda world, of: Asked(),
    "retention.confirm": of_upload("committed"),
    "retention.erase": of_upload("committed", {"reason": "Sent by mistake", "word": "delete"}),
    "disclosure.show": lambda world, of: Asked(),
    "disclosure.edit": lambda world, of: Asked(),
    "disclosure.change": lambda world, of: Asked(
        form={"version": "1", "threshold": "6", "base": "5", "categories": "Robbery", "unprotected": "as_protected"}
        | {"reason": "Agreed."}
    ),
    "tokens.index": lambda world, of: Asked(),
    "tokens.make": lambda world, of: Asked(form={"name": "Nightly", "dataset": "ward_counts", "days": "30"}),
    "tokens.end": lambda world, of: Asked({"token_id": world.token_ids.get(of, ABSENT_UPLOAD)}),
    "api.describe": lambda world, of: Asked(),
    "api.receive": lambda world, of: Asked(form={"file": a_file(), "commit": "1"}),
    "api.show": of_upload("committed"),
    "methods.index": lambda world, of: Asked(),
    "methods.show": lambda world, of: Asked({"method": "gi_star" if of == "-" else "horoscope"}),
    "hotspots.show": lambda world, of: Asked({"area": AREAS[of]}, OVERLAY),
    "hotspots.layer": lambda world, of: Asked({"area": AREAS[of]}, OVERLAY),
    "hotspots.contour_lines": lambda world, of: Asked({"area": AREAS[of]}, OVERLAY | {"show": "cells-density"}),
    "hotspots.download": lambda world, of: Asked({"area": AREAS[of], "form": "csv"}, OVERLAY),
    "hotspots.take": lambda world, of: Asked({"area": AREAS[of], "form": "csv"}, OVERLAY, {"purpose": "tasking"}),
    "compare.show": lambda world, of: Asked({"area": AREAS[of]}, TWO_PERIODS),
    "compare.maps": lambda world, of: Asked({"area": AREAS[of]}, TWO_PERIODS),
    "clock.show": lambda world, of: Asked({"area": AREAS[of]}, {**OVERLAY, "view": "0,0,9000,9000"}),
    "record.ledger": lambda world, of: Asked(),
    "record.show": lambda world, of: Asked({"area": AREAS[of]}),
    "record.download": lambda world, of: Asked({"area": AREAS[of]}),
    "record.take": lambda world, of: Asked({"area": AREAS[of]}, form={"purpose": "scrutiny"}),
    "zones.index": lambda world, of: Asked({"area": AREAS[of]}),
    "zones.outlines": lambda world, of: Asked({"area": AREAS[of]}),
    "zones.export": lambda world, of: Asked({"area": AREAS[of]}),
    "zones.take": lambda world, of: Asked({"area": AREAS[of]}, form={"purpose": "tasking"}),
    "zones.show": of_zone(),
    "zones.save": lambda world, of: Asked({"area": AREAS[of]}, form={"name": "New", "wards": WARDS_OF.get(of, "")}),
    "zones.rename": of_zone({"name": "Renamed"}),
    "zones.delete": of_zone(),
    "problems.index": lambda world, of: Asked(),
    "problems.new": lambda world, of: Asked(),
    "problems.open_problem": lambda world, of: Asked(form={**A_PROBLEM, "boroughs": AREAS[of]}),
    "problems.show": of_problem(),
    "problems.write": of_problem({"words": "Well done", "thing": "", "follows": ""}, kind="comment"),
    "problems.describe": of_problem({"title": "Noise", "kind": "asb"}),
    "problems.move": of_problem({"stage": "response", "reason": "It is agreed."}),
    "problems.attach": lambda world, of: replace(of_problem()(world, of), form={"file": a_file()}),
    "problems.file": of_problem_file(),
    "problems.take": of_problem_file({"purpose": "tasking"}),
    "problems.detach": of_problem_file(),
    "tasking.pack": of_problem(),
    "tasking.pack_paper": of_problem(),
    "tasking.take_pack": of_problem({"purpose": "tasking"}),
    "tasking.mine": lambda world, of: Asked(),
    "tasking.address": lambda world, of: Asked(),
    "tasking.erase_address": lambda world, of: Asked(form={"address": f"{OWN_MARK}@council.example"}),
    "tasking.meeting": lambda world, of: Asked({"area": AREAS[of]}),
    "tasking.decide": lambda world, of: Asked(
        {"area": AREAS[of]}, form={"problem": problem_of(world, of), "words": "Lights first", "on": "2026-01-10"}
    ),
    "patrols.show": of_patrols(),
    "patrols.edit": of_patrols(),
    "patrols.plan": of_patrols({**A_PATROL, "spots": "Gate", "follows": "1"}),
    "patrols.record": lambda world, of: of_patrols(
        {**A_VISIT, "spot": f"Spot {OWN_MARK if of == 'theirs' else MARK}", "visit": ABSENT_UPLOAD, "follows": "0"}
    )(world, of),
    "patrols.correct": of_visit(),
    "patrols.take_back": of_visit({"follows": "1"}),
    "ready_made.ask": of_problem(key="patrol"),
    "ready_made.write": lambda world, of: of_problem(
        {**A_TEMPLATE, "follows": world.uploads.get((of, "last entry"), "0")}, key="patrol"
    )(world, of),
    "problem_memory.index": lambda world, of: Asked(),
    "problem_memory.edit": of_problem(),
    "problem_memory.publish": of_problem({"problem": "Noise at night", "response": "Patrols"}),
    "problem_memory.withdraw": of_problem(),
    "problem_opening.new": lambda world, of: Asked({"area": AREAS[of]}, at_a_place(of)),
    "problem_opening.open_here": lambda world, of: Asked({"area": AREAS[of]}, form={**at_a_place(of), **A_PROBLEM}),
    "baselines.show": of_problem(),
    "baselines.grounds": of_problem(),
    "baselines.choose": of_problem(),
    "baselines.freeze": lambda world, of: of_problem(
        {"category": "Burglary" if of == "theirs" else "", "ring": "", "reason": "Newer figures"}
    )(world, of),
    "assessments.ask": lambda world, of: Asked(
        {"problem_id": world.uploads.get((of, "assessed problem"), ABSENT_UPLOAD)}
    ),
    "assessments.show": of_assessment(),
    "assessments.table": of_assessment(),
    "assessments.take": of_assessment({"purpose": "tasking"}),
    "briefings.show": lambda world, of: Asked({"area": AREAS[of]}),
    "briefings.mute": lambda world, of: Asked({"area": AREAS[of]}, form=HOT_SQUARE.get(of, HOT_SQUARE["theirs"])),
    "briefings.show_again": lambda world, of: Asked(
        {"area": AREAS[of], "mute_id": world.uploads.get((of, "muted"), ABSENT_UPLOAD)}
    ),
    "place.show": lambda world, of: Asked(
        {"area": AREAS[of]}, {**HOT_SQUARE.get(of, HOT_SQUARE["theirs"]), "to": "2025-12"}
    ),
    "reports.index": lambda world, of: Asked({"area": AREAS[of]}),
    "reports.show": of_report("approved"),
    "reports.latest": lambda world, of: Asked({"area": AREAS[of], "form": "html"}),
    "reports.download": of_report("approved", form_of_file="html"),
    "reports.take": of_report("approved", {"purpose": "scrutiny"}, form_of_file="html"),
    "reports.subscribe": lambda world, of: Asked({"area": AREAS[of]}, form={"wanted": "yes"}),
    "reports.new": lambda world, of: Asked({"area": AREAS[of]}),
    "reports.draft": lambda world, of: Asked({"area": AREAS[of]}, form={"kind": "annual", "to": "2025-12"}),
    "reports.edit": of_report("drafted"),
    "reports.save": of_report("drafted", {"words-actions": "Patrols met shopkeepers."}),
    "reports.discard": of_report("drafted"),
    "reports.ask": of_report("drafted"),
    "reports.send_back": of_report("awaited", {"reason": "Say more of what is done."}),
    "reports.approve": of_report("awaited"),
    "reports.reissue": of_report("approved", {"reason": "Late records came."}),
    "reports.schedule": lambda world, of: Asked({"area": AREAS[of]}),
    "reports.set_schedule": lambda world, of: Asked(
        {"area": AREAS[of]},
        form={"kind": "annual", "due_on": "2031-06-30", "days_before": "14", "repeats": "yearly"},
    ),
    "reports.end_schedule": lambda world, of: Asked(
        {"area": AREAS[of], "schedule_id": world.uploads.get((of, "schedule"), ABSENT_UPLOAD)}
    ),
    "reports.ask_public": of_report("approved"),
    "reports.publish": of_report("approved", {"is_indexed": ""}),
    "reports.withdraw": of_report("published"),
    "reports.published": lambda world, of: Asked({"public_id": world.uploads.get((of, "public"), ABSENT_UPLOAD)}),
    "summaries.show": lambda world, of: Asked({"area": AREAS[of]}),
    "wards.find": lambda world, of: Asked({"area": AREAS[of]}),
    "wards.show": lambda world, of: Asked({"area": AREAS[of], "ward_code": WARDS_OF.get(of, ABSENT_WARD)}),
    "priorities.new": lambda world, of: Asked({"area": AREAS[of], "ward_code": WARDS_OF.get(of, ABSENT_WARD)}),
    "priorities.add": lambda world, of: Asked(
        {"area": AREAS[of], "ward_code": WARDS_OF.get(of, ABSENT_WARD)}, form=A_PRIORITY
    ),
    "priorities.show": of_priority(),
    "priorities.keep": of_priority(A_PRIORITY | {"number": "1"}),
    "priorities.new_problem": of_priority(),
    "priorities.open_problem": lambda world, of: of_priority(
        {**A_PROBLEM, "boroughs": AREAS[of], "ward": WARDS_OF.get(of, ABSENT_WARD)}
    )(world, of),
    "priorities.end": of_priority({"number": "1", "note": "Done"}),
    "questions.figure": lambda world, of: Asked({"area": AREAS[of], "key": "total:2025-12"}),
    "questions.ask": lambda world, of: Asked(
        {"area": AREAS[of], "key": "total:2025-12"}, form={"words": "Why was June so high?"}
    ),
    "questions.index": lambda world, of: Asked({"area": AREAS[of]}),
    "questions.show": of_question(),
    "questions.answer": of_question({"words": "A festival was held."}),
    "questions.withdraw": of_question(),
    "questions.close": of_question(),
    "reach.index": lambda world, of: Asked(),
    "reach.show": lambda world, of: Asked({"kind": "map"}, {"of": AREAS[of]}),
    "reach.table": lambda world, of: Asked(
        {"kind": "upload"}, {"of": str(world.uploads.get((of, "committed"), ABSENT_UPLOAD))}
    ),
    "borders.show": lambda world, of: Asked({"area": AREAS[of]}),
    "borders.choose": lambda world, of: Asked({"area": AREAS[of]}, form={"publishes": ""}),
    "outcomes.show": lambda world, of: Asked({"area": AREAS[of]}),
    "measures.index": lambda world, of: Asked(),
    "measures.edit": lambda world, of: Asked({"area": AREAS[of]}),
    "measures.choose": lambda world, of: Asked({"area": AREAS[of]}, form=FIVE_MEASURES),
    "sharing.index": lambda world, of: Asked(),
    "sharing.new": lambda world, of: Asked(),
    "sharing.ask": lambda world, of: Asked(form={**as_asked(), "area": HOME, "owner": ELSEWHERE}),
    "sharing.show": of_share("asked"),
    "sharing.grant": of_share("asked", {"until": f"{agreements.today()}"}),
    "sharing.refuse": of_share("asked", {"words": "It is not needed."}),
    "sharing.end": of_share("asked", {"because": "It is not needed any more."}),
    "sharing.open_map": of_share("shared"),
    "sharing.layer": of_share("shared"),
    "sharing.download": of_share("shared", form_of="csv"),
    "sharing.take": of_share("shared", {"purpose": "tasking"}, form_of="csv"),
    "agreements.index": lambda world, of: Asked(),
    "agreements.show": of_agreement(),
    "agreements.new": lambda world, of: Asked(),
    "agreements.write": lambda world, of: Asked(form={**as_form(some_terms("ISA-NEW")), "boroughs": HOME}),
    "agreements.edit": of_agreement(),
    "agreements.write_next": of_agreement(as_form(some_terms("ISA-1"))),
    "agreements.end": of_agreement({"because": "It is not needed any more."}),
    "ledger.index": lambda world, of: Asked(),
    "ledger.show": lambda world, of: Asked({"area": AREAS[of]}),
    "ledger.entry": of_item("council-asb"),
    "ledger.say_not_held": of_item("fire-malicious-calls", {"reason": "So they wrote."}),
    "ledger.take_back_not_held": of_item("council-asb"),
    "ledger.letter": of_item("fire-malicious-calls"),
    "ledger.liaison": lambda world, of: Asked({"area": AREAS[of]}),
    "ledger.ask_liaison": of_provider(),
    "ledger.record_liaison": of_provider({"organisation": "Police", "name": "A post", "email": "post@police.example"}),
    "ledger.prescribed": lambda world, of: Asked(),
    "ledger.ask_correction": of_prescribed(),
    "ledger.correct": of_prescribed(
        {"title": "Calls", "fields": "date", "source": "Read there.", "is_prescribed": "y"}
    ),
}


# --- The table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """What every actor is answered by one route, asked of one thing."""

    method: str
    endpoint: str
    of: str
    expected: Mapping[str, int] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint} {self.of}"


def rows() -> list[Row]:
    """Read the table."""
    heading, *lines = (line.split() for line in TABLE.strip().splitlines())
    assert heading == ["method", "endpoint", "of", *COLUMNS]
    return [
        Row(method, endpoint, of, dict(zip(ACTORS, map(int, statuses), strict=True)))
        for method, endpoint, of, *statuses in lines
    ]


ROWS = rows()


def one_for_each_answer(row: Row) -> list[str]:
    """Whoever is nobody, and one actor for each answer of a row, another of them at each row.

    For what is decided by the answer and the method, whoever asks: the table itself is asked by everybody.
    """
    alike: dict[tuple[bool, int], list[str]] = {}
    for actor in ACTORS:
        alike.setdefault((actor == NOBODY, row.expected[actor]), []).append(actor)
    return [actors[ROWS.index(row) % len(actors)] for actors in alike.values()]


ON_SQLITE, ON_POSTGRESQL = (
    pytest.param(kind, marks=pytest.mark.xdist_group(f"routes-{kind}")) for kind in ("sqlite", "postgresql")
)
on_postgresql = pytest.mark.parametrize("world", [ON_POSTGRESQL], indirect=True)
"""For the belt that SQLite has not."""
on_one_database = pytest.mark.parametrize("world", [ON_SQLITE], indirect=True)
"""For what is decided before the database is asked."""


# --- The world -------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """A hub with live data and uploads in every state, in two boroughs that share nobody but the administrator."""

    app: Flask
    database: Database
    files: Path
    cookies: dict[str, str]
    tokens: dict[str, str]
    bearers: dict[str, str]
    """What each actor's script shows, as if all had been let make a token."""
    token_ids: dict[str, UUID]
    """Of scripts' tokens, by whose they are."""
    uploads: dict[tuple[str, str], str]
    """By whose they are and the state they are in."""
    sign_in_ids: dict[str, UUID]
    key_ids: dict[str, UUID]
    """Of sign-ins and of security keys, by whose they are."""
    sealed_secret: str
    """What the officer's app was told, as the form has it."""
    answers: dict[tuple[str, Row], TestResponse] = field(default_factory=dict)

    def answer(self, actor: str, row: Row) -> TestResponse:
        """Ask as the row says; once is enough, since every request meets the same world."""
        if (actor, row) not in self.answers:
            self.answers[actor, row] = self.ask(actor, row.method, row)
        return self.answers[actor, row]

    def client(self, actor: str) -> StrictClient:
        """A browser in which an actor is signed in, with a good token."""
        client = self.app.test_client()
        assert isinstance(client, StrictClient)
        client.set_cookie("hub", self.cookies[actor])
        client.csrf_token = self.tokens[actor]
        return client

    def ask(self, actor: str, method: str, row: Row, *, with_token: bool = True) -> TestResponse:
        """Ask, and undo whatever that did."""
        asked = ASKED[row.endpoint](self, row.of)
        form = {**PLANTED, **asked.form} if method == "POST" else {}
        if method not in web.READING_METHODS and with_token:
            form["csrf_token"] = self.tokens[actor]
        with self.undone(files=method not in web.READING_METHODS):
            client = self.client(actor)
            return client.open(
                self.path(row),
                method=method,
                query_string=asked.query,
                data=form or None,
                headers=self.bearer(actor, row) if with_token else {},
                buffered=True,
            )

    def bearer(self, actor: str, row: Row) -> dict[str, str]:
        """What an actor's script adds to a request that is for scripts."""
        is_for_scripts = callable(web.rule_of(self.app, row.endpoint))
        return {"Authorization": f"Bearer {self.bearers[actor]}"} if is_for_scripts and actor in self.bearers else {}

    def path(self, row: Row) -> str:
        """Where to ask."""
        with self.app.test_request_context():
            return self.app.url_for(row.endpoint, **ASKED[row.endpoint](self, row.of).values)

    @contextmanager
    def undone(self, *, files: bool) -> Iterator[None]:
        """Let every session join one transaction, and undo it at the end; put the files back as they were."""
        engine = self.database.engine.execution_options(hub_writes=True)
        with engine.connect() as connection, connection.begin() as transaction, pytest.MonkeyPatch.context() as patch:

            def join(_database: Database, *, writes: bool) -> HubSession:
                return HubSession(connection, info=dict(self.database._info), join_transaction_mode="create_savepoint")

            patch.setattr(Database, "session", join)
            patch.setattr(self.app.extensions["hub_database"], "_impatient_writer", connection)
            yield
            transaction.rollback()
        kept = self.files.with_name("kept")
        if files and listed(self.files) != listed(kept):
            shutil.rmtree(self.files)
            shutil.copytree(kept, self.files)


def listed(folder: Path) -> dict[str, tuple[int, int] | None]:
    """Everything in a folder, and of each file how large it is and when it was written."""
    found: dict[str, tuple[int, int] | None] = {}
    for inside, folders, files in os.walk(folder):
        relative = os.path.relpath(inside, folder)
        found |= dict.fromkeys(f"{relative}/{name}/" for name in folders)
        for name in files:
            stat = os.stat(f"{inside}/{name}")  # noqa: PTH116 - in a tenth of the time that a Path takes
            found[f"{relative}/{name}"] = (stat.st_size, stat.st_mtime_ns)
    return found


MARK = "zqxelsewhere"
"""Stands in everything that only ELSEWHERE's own people may read."""
PECULIAR_COUNT = 7_351
OWN_MARK, OWN_COUNT = "zqxhome", 3_917
"""The same of HOME."""
MARKS = (MARK, str(PECULIAR_COUNT * 12), f"{PECULIAR_COUNT * 12:,}")


def months_of_counts(ward_codes: tuple[str, str], count: int, group: str) -> str:
    """A plain table of two years: the same count each month in one ward, and one offence in the other."""
    lines = ["WardCode,Month,Category,Count"]
    for year in (2024, 2025):
        for month in range(1, 13):
            lines += [f"{ward},{year}-{month:02},{group},{n}" for ward, n in zip(ward_codes, (count, 1), strict=True)]
    return "\n".join(lines) + "\n"


def fill(database: Database, emails: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Send files to both boroughs, and leave one in every state."""
    desk, uploads = Desk(database), {}
    wards = {"theirs": ("F05000000", "F05000001"), "others": ("F05000004", "F05000005")}
    for of, name, count in (("theirs", OWN_MARK, OWN_COUNT), ("others", MARK, PECULIAR_COUNT)):
        email = emails[of]
        content = months_of_counts(wards[of], count, "Burglary" if of == "theirs" else f"Burglary {MARK}")
        uploads[of, "committed"] = str(desk.check(email, content, f"{name}.csv"))
        with desk.writing(email) as viewer:
            service.commit(viewer, UUID(uploads[of, "committed"]))
        uploads[of, "received"] = str(desk.receive(email, content.replace(",1\n", ",2\n"), f"{name}-received.csv"))
        with desk.writing(email) as viewer:
            uploads[of, "agreement"] = str(fill_ledger(viewer, name))
        Figures(database).points(AREAS[of], points_round(HOT_SQUARE[of]["unit"]))
        with desk.writing(email) as viewer:
            uploads[of, "muted"] = str(mute_one(viewer, AREAS[of], name))
            its_area = places.area(viewer, AREAS[of], Permission.ZONE_WRITE)
            uploads[of, "zone"] = str(zones.save(viewer, its_area, Drawn(name, ward_codes=[WARDS_OF[of]])).id)
            ward = ground.ward(viewer, its_area, WARDS_OF[of])
            asked = Given(f"Noise {name}", "Ward panel", dt.date(2026, 1, 10), dt.date(2026, 4, 10))
            uploads[of, "priority"] = str(priorities.set_priority(viewer, ward, asked))
            uploads |= fill_problem(viewer, of, name) | fill_assessment(viewer, of, name)
        uploads[of, "checked"] = str(desk.check(email, content.replace(",1\n", ",3\n"), f"{name}-checked.csv"))
        heading, first, second, *_ = content.splitlines(keepends=True)
        uploads[of, "faulty"] = str(desk.check(email, heading + first + second.replace(",1\n", ",one\n"), "faulty.csv"))
        uploads[of, "repeating"] = str(desk.check(email, heading + first + first, "repeating.csv"))
        asking = (heading + first + second).replace("2024-01", "01/02/2024")
        uploads[of, "asking"] = str(desk.check(email, asking, "asking.csv"))
        held = heading + first.replace("2024", "2023") + second.replace(",1\n", ",two\n")
        uploads[of, "held"] = str(desk.check(email, held, "held.csv"))
        with desk.writing(email) as viewer:
            corrections.hold(viewer, UUID(uploads[of, "held"]), is_holding=True)
            service.commit(viewer, UUID(uploads[of, "held"]))
    return uploads


def fill_problem(viewer: Viewer, of: str, name: str) -> dict[tuple[str, str], str]:
    """Open a problem of a borough with a word of each kind, a file and an abstract."""
    year, place = (dt.date(2025, 1, 1), dt.date(2025, 12, 1)), problems.Place(f"Place {name}", WARDS_OF[of])
    given = problems.Opening(
        frozenset({AREAS[of]}), f"Problem {name}", "asb", place, year, [f"Burglary {name}"], "police", viewer.person_id
    )
    problem_id = problems.open_problem(viewer, given).id
    for kind, fields in contents.fields().items():
        if kind is not EntryKind.ASSIGNED:
            said = {one.name: f"{name} {kind}" for one in fields if one.holds in {Holds.LINE, Holds.TEXT}}
            said |= {one.name: f"{name}@council.example" for one in fields if one.holds is Holds.EMAIL}
            chosen = {one.name: next(iter(one.options)) for one in fields if one.holds is Holds.CHOICE and one.options}
            problems.write(viewer, problem_id, kind, {**said, **chosen, **A_PROBLEMS_DAYS})
    response = problems.record(viewer, problem_id).of(EntryKind.RESPONSE)[0].id
    responses.plan(viewer, problem_id, response, {**A_PATROL, "spots": f"Spot {name}"}, A_PATROL["weekdays"])
    visit, made = uuid4(), {**A_VISIT, "spot": f"Spot {name}", "words": f"Visited {name}"}
    responses.record_visit(viewer, problem_id, response, visit, made)
    patrolled = {(of, "patrolled"): str(response), (of, "visit"): str(visit)}
    content = io.BytesIO(f"WardCode,Month,Category,Count\n{WARDS_OF[of]},2025-01,{name},4\n".encode())
    file = attachments.attach(viewer, problem_id, admitted(viewer, content, f"{name}-beside.csv"))
    problem_memory.publish(viewer, problem_id, problem_memory.Telling("Noise at night", "Patrols"))
    patrolled[of, "last entry"] = str(ready_made.last_entry(problems.record(viewer, problem_id)))
    return {(of, "problem"): str(problem_id), (of, "problem file"): str(file.id), **patrolled}


def fill_assessment(viewer: Viewer, of: str, name: str) -> dict[tuple[str, str], str]:
    """Assess a problem of a borough on the ground of its busiest square, with a response half-way through its year."""
    side, west, south = (int(figure) for figure in re.findall(r"\d+", HOT_SQUARE[of]["unit"]))
    year, outline = (dt.date(2025, 1, 1), dt.date(2025, 6, 1)), shapely.box(west, south, west + side, south + side)
    place = problems.Place(f"Square {name}", outline=outline)
    given = problems.Opening(
        frozenset({AREAS[of]}), f"Assessed {name}", "robbery", place, year, ["Robbery"], "police", viewer.person_id
    )
    problem_id = problems.open_problem(viewer, given).id
    comparison = opening.compared(viewer, problem_id, last_month=year[1])
    baselines.freeze(viewer, problem_id, opening.prepared(viewer, comparison))
    said = {"words": f"Patrols {name}", "technique": "10", "mechanism": "Seen", "body": "police", "start": "2025-07-01"}
    problems.write(viewer, problem_id, EntryKind.RESPONSE, {**said, "status": "done", "delivered": f"Visits {name}"})
    day = dt.date(2026, 1, 1)
    worked = working.worked_out(viewer, problem_id, day, is_promised=False)
    kept = assessments.keep(viewer, problem_id, worked, None, day)
    return {(of, "assessed problem"): str(problem_id), (of, "assessment"): str(kept)}


def points_round(square: str) -> pd.DataFrame:
    """A year of robberies: each month four in a square and in each of those around it, and one in each of 20 others."""
    side, west, south = (int(figure) for figure in re.findall(r"\d+", square))
    squares = [(west + side * (right + 0.5), south + side * (up + 0.5)) for right in (-1, 0, 1) for up in (-1, 0, 1)]
    spread = [(west // 2000 * 2000 + 75.0 + 100 * step, 925.0) for step in range(20)]
    rows = [(dt.date(2025, month, 1), "Robbery", *place) for month in range(1, 13) for place in [*squares * 4, *spread]]
    return pd.DataFrame(rows, columns=["month", "category", "easting", "northing"])


def fill_shares(database: Database, analyst: str) -> dict[tuple[str, str], str]:
    """Ask for shares across both borders of SIBLING, and grant one of each."""
    figures = pd.DataFrame({"month": [dt.date(2025, 1, 1)], "ward_code": ["F05000002"], "count": [3]})
    figures = figures.assign(offence_group="Burglary", offence_subgroup="Burglary")
    Figures(database).ward_counts(SIBLING, figures)
    shared = {}
    neighbours = Neighbours(database)
    for of, state, asker, area, owner in (
        ("theirs", "asked", neighbours.analyst(SIBLING), SIBLING, HOME),
        ("others", "asked", neighbours.analyst(SIBLING), SIBLING, ELSEWHERE),
        ("theirs", "shared", analyst, HOME, SIBLING),
        ("others", "shared", neighbours.analyst(SIBLING), SIBLING, ELSEWHERE),
    ):
        share_id = neighbours.ask(asker, area, owner)
        if state == "shared":
            neighbours.grant(share_id, owner, may_download=True)
        shared[of, state] = str(share_id)
    return shared


def ask_questions(desk: Desk, askers: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Ask about the total of each borough, in words that say whose it is."""
    asked = {}
    for of, email in askers.items():
        about = questions.Asked(
            "total:2025-12", f"All recorded crime of {MARK if of == 'others' else OWN_MARK}", "47,015"
        )
        with desk.writing(email) as viewer:
            asked[of, "question"] = str(questions.ask(viewer, AREAS[of], about, f"Why so many, {about.title}?").id)
    return asked


def mute_one(viewer: Viewer, borough_code: str, name: str) -> UUID:
    """Mute some other place of a borough, which says whose it is."""
    area = places.area(viewer, borough_code, Permission.PLACE_MUTE)
    standing = mutes.Standing("Drugs", ("300m-E0-N0",), f"Ward of {name}", "new", 5, 1, 5)
    return mutes.mute(viewer, area, standing).id


def fill_ledger(viewer: Viewer, name: str) -> UUID:
    """Write an agreement, a liaison officer and that something is not held, each saying whose it is."""
    *_, area = places.areas(viewer, Permission.AGREEMENT_WRITE)  # the BCU of one borough, then that borough
    quarter, today = newest_ended(agreements.today()), agreements.today()
    ledger.say_not_held(viewer, area, "council-asb", quarter, f"{name} wrote so.", today)
    ledger.record_liaison(viewer, area, Liaison(Provider.POLICE, f"Police of {name}", name, f"{name}@police.example"))
    [agreement_id] = agreements.write(viewer, area.borough_codes, replace(some_terms("ISA-1"), owner=f"Owner {name}"))
    return agreement_id


def fill_reports(database: Database) -> dict[tuple[str, str], str]:
    """Of each borough, a report in every state; that of HOME alone is public."""
    made: dict[tuple[str, str], str] = {}
    for of, email in (("theirs", EMAILS[Role.CSP_OFFICER]), ("others", f"{MARK}@test.example")):
        with database.writing() as session:
            viewer = accounts.viewer_by_email(session, email)
            area, year_end = reports.borough(viewer, AREAS[of]), dt.date(2025, 12, 1)
            made |= {
                (of, state): str(reports.draft(viewer, area, kind, year_end))
                for kind, states in (("committee", ("drafted", "awaited")), ("quarterly", ("approved", "published")))
                for state in states
            }
            for state in ("awaited", "approved", "published"):
                approval.ask(viewer, area, UUID(made[of, state]), tells=False)
            due_on = dt.date(2031, 3, 31)
            made[of, "schedule"] = str(
                schedules.schedule(viewer, area, "annual", due_on, 7, Repeats.YEARLY, dt.date(2025, 1, 1))
            )
        with database.writing() as session:
            approver = _approver(session, email, AREAS[of])
            for state in ("approved", "published"):
                report_id = UUID(made[of, state])
                seen = reports.show(approver, area, report_id).digest
                approval.approve(approver, area, report_id, seen, numbers_are_checked=False, tells=False)
            if of == "theirs":
                made[of, "public"] = str(
                    publishing.publish(approver, area, UUID(made[of, "published"]), is_indexed=False)
                )
        made |= read_drafts(database, made, {of: email})
    return made


def read_drafts(
    database: Database, made: Mapping[tuple[str, str], str], writers: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """Of each borough's draft, what names the words that its approver has read: another, once the words are."""
    read = {}
    for of, email in writers.items():
        with database.reading() as session:
            approver = _approver(session, email, AREAS[of])
            area = reports.borough(approver, AREAS[of])
            read[of, "digest"] = reports.show(approver, area, UUID(made[of, "awaited"])).digest
    return read


def _approver(session: HubSession, email: str, borough_code: str) -> Viewer:
    """Somebody who may approve what somebody else wrote."""
    person = accounts.viewer_by_email(session, email)
    grants = tuple(Grant(role, frozenset({borough_code})) for role in (Role.LIAISON_OFFICER, Role.COUNCIL_LEADER))
    return replace(person, person_id=_another(session, person), grants=grants)


def _another(session: HubSession, person: Viewer) -> UUID:
    """Somebody who wrote nothing."""
    return session.scalars(select(Person.id).where(Person.id != person.person_id).order_by(Person.email)).first()


def fill_people(database: Database, settings: Settings, emails: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Of each borough, somebody with a role and a link to a new password, somebody invited, and what a group gives."""
    made: dict[tuple[str, str], str] = {}
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, emails[Role.ADMINISTRATOR])
        for of in ("theirs", "others"):
            email = emails[Role.CSP_OFFICER] if of == "theirs" else f"{MARK}@test.example"
            person = session.scalars(select(Person).where(Person.email == email)).one()
            made |= {(of, "person"): str(person.id), (of, "membership"): str(person.memberships[0].id)}
            offer = Offer(Role.CSP_OFFICER, AREAS[of], dt.datetime.now(LONDON).date(), None)
            invited = invitations.invite(viewer, settings, f"invited.{of}@test.example", "Invited", offer)
            made |= {(of, "invited"): str(invited.person_id), (of, "invitation"): invited.link.rpartition("/")[2]}
            owner = accounts.create_person(
                session,
                f"forgetful.{of}@test.example",
                "Forgetful",
                PASSWORD,
                Role.CSP_OFFICER,
                boroughs=[AREAS[of]],
                actor=audit.MACHINE,
            )
            made[of, "reset"] = people.reset(viewer, settings, owner.id).rpartition("/")[2]
            groups.add(viewer, f"group of {of}", Role.CSP_OFFICER, AREAS[of])
        for rule in groups.listed(viewer):
            made[rule.group.removeprefix("group of "), "rule"] = str(rule.id)
    return made


@pytest.fixture(scope="session", params=[ON_SQLITE, ON_POSTGRESQL])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Build the world once for all rows, on each database."""
    folder = tmp_path_factory.mktemp("world")
    files = folder / "files"
    files.mkdir()
    basemap = {"basemap": str(archive(folder / "map.pmtiles")), "basemap_attribution": "Made up"}
    common: dict[str, Any] = {**OF_TESTS, "files": files, **basemap}
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("_filled")("sqlite", "people"), folder / "world.sqlite")
        settings = Settings(database_url=f"sqlite:///{path}", **common)
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        name = cluster.create(template=request.getfixturevalue("_filled")("postgresql", "people"))
        settings = Settings(database_url=cluster.url(name, "hub_web"), **common)
    database = Database(settings)
    emails = {role.value: email for role, email in EMAILS.items()}
    with database.writing() as session:
        accounts.create_person(
            session,
            f"{MARK}@test.example",
            MARK,
            PASSWORD,
            Role.CSP_OFFICER,
            boroughs=[ELSEWHERE],
            actor=audit.MACHINE,
        )
    uploads = fill(database, {"theirs": emails[Role.CSP_OFFICER], "others": f"{MARK}@test.example"})
    uploads |= ask_questions(Desk(database), {"theirs": emails[Role.COUNCIL_LEADER], "others": f"{MARK}@test.example"})
    uploads |= fill_shares(database, emails[Role.CSP_ANALYST])
    uploads |= fill_reports(database)
    uploads |= fill_people(database, settings, emails)
    app = make_app(settings)
    cookies, tokens = sign_everybody_in(app, emails)
    shutil.copytree(files, folder / "kept")
    bearers, token_ids = give_everybody_a_token(database, emails)
    second_factors = give_officers_second_factors(database, emails[Role.CSP_OFFICER])
    yield World(app, database, files, cookies, tokens, bearers, token_ids, uploads, *second_factors)
    for engine in (database.engine, app.extensions["hub_database"].engine):
        engine.dispose()
    if request.param == "postgresql":
        cluster.drop(name)


def give_everybody_a_token(database: Database, emails: Mapping[str, str]) -> tuple[dict[str, str], dict[str, UUID]]:
    """Give every actor a token for ward counts, whether or not they may make one; and the officer of ELSEWHERE."""
    bearers, token_ids = {}, {}
    with database.writing() as session:
        for actor, email in {**emails, MARK: f"{MARK}@test.example"}.items():
            bearers[actor] = f"hub_{actor}"
            token = ApiToken(
                person_id=session.scalars(select(Person.id).where(Person.email == email)).one(),
                name=actor,
                dataset="ward_counts",
                token_hash=hashlib.sha256(bearers[actor].encode()).hexdigest(),
                made_at=dt.datetime.now(dt.UTC),
                ends_on=dt.datetime.now(LONDON).date() + dt.timedelta(days=1),
            )
            session.add(token)
            session.flush()
            token_ids |= {{Role.CSP_OFFICER.value: "theirs", MARK: "others"}.get(actor, actor): token.id}
    return bearers, token_ids


def give_officers_second_factors(database: Database, officer: str) -> tuple[dict[str, UUID], dict[str, UUID], str]:
    """Give the officer an app and a key, that of ELSEWHERE another key, and let everybody just have used theirs."""
    later, key = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1), database._info["second_factor_key"]
    sign_in_ids, key_ids, sealed = {}, {}, ""
    with database.writing() as session:
        for of, email in {"theirs": officer, "others": f"{MARK}@test.example"}.items():
            person_id = session.scalars(select(Person.id).where(Person.email == email)).one()
            if of == "others":
                sessions.begin(session, person_id, device=MARK)
            held = KEY if of == "theirs" else SoftKey(SITE)
            kept = SecurityKey(
                person_id=person_id,
                name=f"Key of {email}",
                credential_id=held.id,
                public_key=held.public_key,
                sign_count=0,
                added_at=later,
            )
            session.add(kept)
            session.flush()
            [sign_in] = sessions.listed(session, person_id)
            sign_in_ids[of], key_ids[of] = sign_in.id, kept.id
            if of == "theirs":
                sealed = codes.seal(key, person_id, APP_SECRET)
                session.add(Authenticator(person_id=person_id, sealed_secret=sealed, last_step=0, added_at=later))
        # Seen as late, nobody is noted as seen by each request anew.
        seen = {"proved_at": later, "last_seen_at": later, "challenge": CHALLENGE, "challenged_at": later}
        session.execute(update(SignInSession).values(**seen))
    return sign_in_ids, key_ids, sealed


def sign_everybody_in(app: Flask, emails: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Sign every actor in, each in a browser of their own; nobody just looks at the page."""
    cookies, tokens = {}, {}
    for actor in ACTORS:
        client = app.test_client()
        assert isinstance(client, StrictClient)
        if actor == NOBODY:
            client.get("/sign-in")
        else:
            assert client.sign_in(emails[actor], PASSWORD).status_code == 302
            client.get("/")
        cookie = client.get_cookie("hub")
        assert cookie is not None
        assert client.csrf_token is not None
        cookies[actor], tokens[actor] = cookie.value, client.csrf_token
    return cookies, tokens


# --- The tests -------------------------------------------------------------------------------------------------------


@on_one_database
def test_the_table_and_the_app_have_the_same_routes(world: World) -> None:
    in_app = {
        (method, rule.endpoint)
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(row.method, row.endpoint) for row in ROWS} == in_app
    assert set(ASKED) == {endpoint for _, endpoint in in_app}


ABOUT_NOTHING = {"static", "uploads.append", "methods.show", "places.tile"}
"""Routes whose argument names nobody's thing: a file of the page, how far one's own file has come, a method, a tile."""


@on_one_database
def test_a_route_about_something_is_asked_of_what_is_anothers_and_of_what_is_absent(world: World) -> None:
    for rule in world.app.url_map.iter_rules():
        asked_of = {row.of for row in ROWS if row.endpoint == rule.endpoint}
        if rule.arguments and rule.endpoint not in ABOUT_NOTHING:
            assert {"theirs", "others", "absent"} <= asked_of, rule.endpoint


NOT_SET_UP = {"single_sign_on.begin", "single_sign_on.answer"}
"""Routes that are there only with settings which this world has not: tried where it has, in tests of their own."""


@on_one_database
def test_every_route_lets_somebody_in(world: World) -> None:
    """T2: a route that never answers well is one that nobody tests."""
    for method, endpoint in {(row.method, row.endpoint) for row in ROWS if row.endpoint not in NOT_SET_UP}:
        answers = {
            status
            for row in ROWS
            if (row.method, row.endpoint) == (method, endpoint)
            for status in row.expected.values()
        }
        assert answers & ({200} if method == "GET" else {200, 202, 302, 303}), f"{method} {endpoint}"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_everybody_is_answered_as_the_table_says_and_told_nothing_of_another_borough(world: World, row: Row) -> None:
    """What only ELSEWHERE's own people may read (T3) is nowhere in what anybody else but the administrator is sent."""
    found = {}
    for actor in ACTORS:
        response = world.answer(actor, row)
        found[actor] = response.status_code
        told = [mark for mark in MARKS if mark in said(response).casefold()]
        assert not told or actor == Role.ADMINISTRATOR, f"{actor} is told {told}"
    assert found == dict(row.expected)


def test_the_marks_would_be_seen_where_they_may_be(world: World) -> None:
    asked = (row for row in ROWS if row.of in {"others", "city", "-"})
    seen = "".join(said(world.answer(Role.ADMINISTRATOR.value, row)) for row in asked).casefold()
    assert [mark for mark in MARKS if mark not in seen] == []


@pytest.mark.parametrize("without", ["doors", "fence", "doors and fence"])
def test_with_one_belt_off_the_others_hold(world: World, monkeypatch: pytest.MonkeyPatch, without: str) -> None:
    """T5: without the services' doors the fence holds, and without it the doors; without both, only PostgreSQL does.

    Accounts are no borough's rows: people's names are kept by the doors alone.
    """
    if "doors" in without:
        monkeypatch.setattr(Viewer, "require", lambda *_: None)
        monkeypatch.setattr(Viewer, "may", lambda *_: True)
    if "fence" in without:
        event.remove(HubSession, "do_orm_execute", db._fence_statement)
    sent = ""
    try:
        for row in ROWS:
            is_of_people = row.endpoint.partition(".")[0] in {"people", "groups", "reach"}
            if row.method == "GET" and row.of in {"others", "city", "-"} and not is_of_people:
                with suppress(OutsideScope):  # some writing beside the answer, stopped at the fence
                    sent += said(world.ask(Role.CSP_OFFICER.value, row.method, row)).casefold()
    finally:
        if "fence" in without:
            event.listen(HubSession, "do_orm_execute", db._fence_statement)
    is_told = any(mark in sent for mark in MARKS)
    has_third_belt = world.database.engine.dialect.name == "postgresql"
    assert is_told is (without == "doors and fence" and not has_third_belt)


def said(response: TestResponse) -> str:
    """All that an answer says, headers and all, unpacked."""
    body = gzip.decompress(response.data) if response.content_encoding == "gzip" else response.data
    return f"{response.headers}{body.decode(errors='replace')}"


@on_one_database
@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "GET"], ids=str)
def test_head_is_answered_as_get_and_options_tells_nothing_of_the_thing(world: World, row: Row) -> None:
    is_public = web.rule_of(world.app, row.endpoint) == web.PUBLIC
    for actor in one_for_each_answer(row):
        expected = row.expected[actor]
        asked_to_sign_in = actor == NOBODY and expected == 302
        head = world.ask(actor, "HEAD", row)
        assert head.status_code == (401 if asked_to_sign_in else expected), actor
        assert not head.data
        options = world.ask(actor, "OPTIONS", row)
        refused = 401 if actor == NOBODY else 403
        is_let_in = is_public or (actor != NOBODY and expected != 403)
        assert options.status_code == (200 if is_let_in else refused), actor


@on_one_database
@pytest.mark.parametrize("row", [row for row in ROWS if row.of in {"-", "theirs"}], ids=str)
def test_other_methods_are_refused(world: World, row: Row) -> None:
    taken = set(world.app.url_map.bind("localhost").allowed_methods(world.path(row)))
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - taken:
        of_scripts = row.endpoint.startswith("api.")  # whose addresses anybody may read about
        assert world.ask(NOBODY, method, row).status_code == (405 if of_scripts else 302 if method == "GET" else 401)
        response = world.ask(Role.ADMINISTRATOR.value, method, row)
        assert response.status_code == 405
        assert set(response.headers["Allow"].split(", ")) == taken


OF_OTHERS = [row for row in ROWS if row.of == "others" and not row.endpoint.startswith("links.")]
"""But for one-time links: whoever holds one is taken for whose it is."""


@pytest.mark.parametrize("row", OF_OTHERS, ids=str)
def test_what_is_anothers_is_answered_as_what_is_nowhere(world: World, row: Row) -> None:
    """A4: the same status and the same body, but for the token and the nonce of each answer."""
    absent = next(
        each for each in ROWS if (each.method, each.endpoint, each.of) == (row.method, row.endpoint, "absent")
    )
    for actor in ACTORS:
        if row.expected[actor] in {200, 302, 303} and actor != NOBODY:
            continue
        theirs, nowhere = world.answer(actor, row), world.answer(actor, absent)
        assert theirs.status_code == nowhere.status_code
        if actor != NOBODY:  # who is sent to sign in, and back to what was asked for
            assert without_what_differs(theirs) == without_what_differs(nowhere), actor


def without_what_differs(response: TestResponse) -> str:
    """A page without the token of its forms and the nonce of its scripts."""
    return re.sub(r'(name="csrf_token" value|nonce)="[^"]*"', "", response.get_data(as_text=True))


@on_one_database
@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "POST"], ids=str)
def test_nothing_is_changed_without_a_token(world: World, row: Row) -> None:
    """T15: refused before anything is looked up, alike for what is theirs, another's and nowhere.

    Without a token of its own, a script is refused whatever cookie it sends: a page elsewhere has no more than that.
    """
    is_public = web.rule_of(world.app, row.endpoint) == web.PUBLIC
    is_for_scripts = callable(web.rule_of(world.app, row.endpoint))
    for actor in one_for_each_answer(row):
        response = world.ask(actor, row.method, row, with_token=False)
        if is_for_scripts or (actor == NOBODY and not is_public):
            assert response.status_code == 401
        else:
            assert response.status_code == (403 if row.expected[actor] == 403 and not is_public else 400), actor
