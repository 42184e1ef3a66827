"""In which language a page is written."""

from __future__ import annotations

from flask import request

LANGUAGES = ("zh", "en")


def language() -> str:
    """The language of the page: asked for in the address, else as last time, else Chinese."""
    wanted = (request.args.get("lang"), request.cookies.get("lang"))
    return next((lang for lang in wanted if lang in LANGUAGES), LANGUAGES[0])
