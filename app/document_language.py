"""In which language a document is made that is asked for by its address."""

from __future__ import annotations

from flask import request

from app.page_language import language
from app.parameters import choice
from app.texts import LANGUAGES


def language_of_document() -> str:
    """As for a page (address, then the last choice, then Chinese), but an unknown language in the address is refused."""
    return choice("lang", request.args.get("lang", language()), LANGUAGES)
