"""Kept siting cases and dig notices are judged by a new edition without anybody asking, while the server runs."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from app.access import EVERYTHING
from app.cases import CaseKind, newest_case, stale_cases
from app.dig_notices import NOTICE
from app.parts import parts
from app.pinned import pinned_edition, present_view
from app.site_checks import SITE_CHECK
from app.views.notices import reply_to_kept
from app.views.sites import judged_site
from layers.errors import AtlasError

LOOK_EVERY_S = 30.0
"""How long after a publication the kept cases wait at most."""
LOCK = 7_400_233
"""The advisory lock of the one process that judges."""
KINDS = ((SITE_CHECK, judged_site), (NOTICE, reply_to_kept))


def keep_judging(app: Flask) -> None:
    """Look for kept cases that the newest edition has not judged, for as long as the process lives."""
    while True:
        time.sleep(LOOK_EVERY_S)
        try:
            with app.test_request_context():
                judge_waiting()
        except (AtlasError, sa.exc.SQLAlchemyError) as error:  # nothing is published yet, or the database is away
            app.logger.info("kept cases wait: %s", error)


def judge_waiting() -> list[str]:
    """Judge every kept case that waits for the newest edition; their numbers. One process does, the others pass on.

    Where people see different things (`ROLE_HEADER`), a case waits for somebody to open it: nobody is there to judge for.
    """
    if present_view().id != EVERYTHING:
        return []
    with parts().database.reading() as connection:
        if not connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))).scalar_one():
            return []
        return [ref for kind, judge in KINDS for ref in _waiting(kind) if _is_judged(kind, ref, judge)]


def _is_judged(kind: CaseKind, ref: str, judge: Any) -> bool:
    """Judge one case; a fault of one, whatever it is, keeps none of the others waiting."""
    try:
        newest_case(kind, ref, judge)
    except Exception:
        current_app.logger.exception("case %s could not be judged again", ref)
        return False
    return True


def _waiting(kind: CaseKind) -> list[str]:
    with pinned_edition() as pinned:
        return stale_cases(pinned.connection, kind, pinned.editions[0].number)
