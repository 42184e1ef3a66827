"""Draws the pictures of windows of usual sizes before anybody asks: when the server starts, after a publication, on a new day."""

from __future__ import annotations

import time

import sqlalchemy as sa
from flask import Flask, current_app

from app.first_picture.pictures import usual_steps
from app.parts import parts
from app.pinned import pinned_edition
from app.texts import LANGUAGES
from layers.errors import AtlasError

LOOK_EVERY_S = 30.0


def keep_drawing(app: Flask) -> None:
    """Look for pictures of the newest edition that are not drawn yet, for as long as the process lives."""
    while True:
        try:
            with app.test_request_context():
                draw_usual()
        except (AtlasError, sa.exc.SQLAlchemyError, OSError) as error:  # nothing is published yet, or the database is away
            app.logger.info("pictures of the first view wait: %s", error)
        time.sleep(LOOK_EVERY_S)


def draw_usual() -> int:
    """Draw what is missing of the newest edition's usual pictures, and remove what nobody needs; how many there are then.

    Where people see different things (`ROLE_HEADER`) a picture is drawn for the first who asks for it.
    """
    pictures = parts().first_pictures
    with pinned_edition() as pinned:
        facts = pinned.facts
    pictures.forget_others(facts)
    if current_app.config["ROLE_HEADER"]:
        return 0
    wanted = [(lang, step) for lang in LANGUAGES for step in usual_steps(facts)]
    found = [pictures.picture(parts().database.reading, facts, lang, step, waits=True) for lang, step in wanted]
    return sum(picture is not None for picture in found)
