"""In which language a page is written."""

from __future__ import annotations

from babel.support import NullTranslations
from flask import Flask, request
from flask_babel import Babel, Domain

from app.texts import LANGUAGES, english

__all__ = ["LANGUAGES", "init_app", "language"]


def language() -> str:
    """The language of the page: asked for in the address, else as last time, else Chinese."""
    wanted = (request.args.get("lang"), request.cookies.get("lang"))
    return next((lang for lang in wanted if lang in LANGUAGES), LANGUAGES[0])


def init_app(app: Flask) -> None:
    """Give the templates ``_()`` in the language of the page."""
    domain = Domain()
    domain.cache |= {("zh", "messages"): NullTranslations(), ("en", "messages"): english()}
    babel = Babel(app, default_locale="zh", locale_selector=language)
    babel.domain_instance = domain
