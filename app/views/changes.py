"""What changed from one edition to another, and why."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, request

from app.changes import ChangeMemory, changes
from app.editions import chosen_edition
from app.errors import MissingError
from app.parameters import choice, plain_text
from app.parts import parts
from app.pinned import (
    LONGEST_LABEL,
    pinned_edition,
    present_view,
    seen_facts,
)
from app.texts import Text

NAME = "riskatlas.changes"
blueprint = Blueprint("changes", __name__)


@blueprint.get("/api/changes")
def change_report() -> Response:
    """Zones that changed colour, with their causes; from the edition before when none is named."""
    wanted = plain_text("to", request.args.get("to", ""), longest=LONGEST_LABEL)
    earlier = plain_text("from", request.args.get("from", ""), longest=LONGEST_LABEL)
    with pinned_edition(wanted or None) as pinned:
        older = [edition for edition in pinned.editions if edition.number < pinned.edition.number]
        if not earlier and not older:
            raise MissingError(Text("没有更早的版次可以比较"))
        edition = chosen_edition(pinned.editions, earlier) if earlier else older[0]
        before = seen_facts(pinned.connection, edition, present_view())
        both = [entry["id"] for entry in pinned.facts.policies if entry["id"] in {other["id"] for other in before.policies}]
        policy = choice("policy", request.args.get("policy", pinned.facts.policy), both)
        return jsonify(changes(pinned.connection, _memory(), before, pinned.facts, policy))


def _memory() -> ChangeMemory:
    """The server's memory of reports."""
    found: ChangeMemory = current_app.extensions.setdefault(NAME, ChangeMemory(parts().catalog, parts().home))
    return found
