"""Why a place, a zone, a source, a town or a park has its level."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from flask import Blueprint, Response, jsonify, request

from app.access import EVERYTHING, View
from app.errors import ForbiddenError, MissingError
from app.explained_zones import explained_zone
from app.explanations import explained_feature
from app.parameters import choice, number, plain_text
from app.parts import parts
from app.pinned import pinned_edition, present_view, seen_facts
from app.question import Question
from app.reasons import explanation
from app.redaction import redacted
from app.sheets import whole_area
from layers.catalog import LEVELS

blueprint = Blueprint("explain", __name__)


@blueprint.get("/api/explain")
def explain() -> Response:
    """Every contribution to a level, with rules, data and what would change it: of a place, a zone or a feature."""
    zone, feature = (plain_text(name, request.args.get(name, "")) for name in ("zone", "feature"))
    if not zone and not feature:
        lon = number("lon", request.args.get("lon"), least=-180, most=180)
        lat = number("lat", request.args.get("lat"), least=-90, most=90)
    with pinned_edition(view=View()) as pinned:
        facts = pinned.facts
        policies = [entry["id"] for entry in facts.policies]
        policy = choice("policy", request.args.get("policy", facts.policy), policies)
        ask = Question(pinned.connection, facts, parts().frames, parts().catalog, policy, parts().home, parts().risks)
        layer, _, feature_id = ("risk_zones", "", zone) if zone else feature.partition("/")
        sees = _Sees(ask, present_view())
        if zone or feature:
            sees.require_feature(parts().catalog[layer].id, feature_id)
            found = explained_zone(ask, zone) if zone else explained_feature(ask, layer, feature_id)
        else:
            sees.require_place(lon, lat)
            found = explanation(
                pinned.connection, facts, parts().frames, lon, lat, policy_id=policy, home=parts().home, risks=parts().risks
            )
        return jsonify(sees.answer(found))


def reasons_of(layer_id: str, feature: Mapping[str, Any], policy_id: str) -> dict[str, Any]:
    """Why a feature has its level and why the ground below it is coloured, in one answer: a click waits for one request.

    Parameters
    ----------
    feature : answer of `app.features.feature`, of what the person who asks may see

    Returns
    -------
    dict
        ``feature`` and ``place``, each as ``/api/explain`` answers, None where there is nothing to explain: a feature
        without a level and without an outline, a feature without a rating or that is no point.
    """
    with pinned_edition(view=View()) as pinned:
        facts = pinned.facts
        policy = choice("reasons", policy_id, [entry["id"] for entry in facts.policies])
        ask = Question(pinned.connection, facts, parts().frames, parts().catalog, policy, parts().home, parts().risks)
        sees = _Sees(ask, present_view())
        properties, shape = feature["properties"], (feature["geometry"] or {}).get("type", "")
        is_rated = bool(properties.get("risk_point")) or ("basis" in properties and properties.get("level") in LEVELS)
        told: dict[str, Any] = {"feature": None, "place": None}
        if is_rated or "level" in properties or shape.endswith("Polygon"):
            with contextlib.suppress(MissingError):
                told["feature"] = sees.answer(explained_feature(ask, layer_id, feature["id"]))
        if is_rated and shape == "Point":
            lon, lat = feature["geometry"]["coordinates"][:2]
            sees.require_place(lon, lat)
            told["place"] = sees.answer(
                explanation(pinned.connection, facts, parts().frames, lon, lat, policy_id=policy, home=parts().home, risks=parts().risks)
            )
        return told


class _Sees:
    """What of an explanation of the whole edition the person who asks may be told."""

    def __init__(self, ask: Question, view: View) -> None:
        self._ask, self._view = ask, view
        self._facts = seen_facts(ask.connection, ask.facts.edition, view)

    def require_feature(self, layer: str, feature_id: str) -> None:
        """Raise `MissingError` where the person sees no such feature."""
        if self._view.id != EVERYTHING:
            dataclasses.replace(self._ask, facts=self._facts).feature(layer, feature_id)

    def require_place(self, lon: float, lat: float) -> None:
        """Raise `ForbiddenError` for a place beyond the person's towns."""
        if self._view.towns:
            towns = self._ask.frames.within(self._ask.connection, self._facts, ["towns"], [whole_area(self._facts)])["towns"]
            own = towns[towns["name"].isin(self._view.towns) | towns["town_code"].isin(self._view.towns)]
            place = self._facts.in_metres(shapely.Point(lon, lat))
            if not shapely.intersects(np.asarray(own.geometry.array), place).any():
                raise ForbiddenError

    def answer(self, found: dict[str, Any]) -> dict[str, Any]:
        """The explanation; of sources that the person does not see only what makes the figures add up."""
        if self._view.id == EVERYTHING:
            return found
        frame = self._ask.frames.everything(self._ask.connection, self._facts, ["risk_points"])["risk_points"]
        told: dict[str, Any] = redacted(found, set(frame["point_id"].astype(str)))
        return told
