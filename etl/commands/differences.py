"""What a dry run of loading would change, told by command: the first features of each kind, and what needs a person's word."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from etl.approval import gained, loss, newer_held
from etl.manifest import Manifest
from layers.catalog import Catalog
from layers.load_changes import load_changes

CHANGE_WORDS = {"added": "新增", "changed": "变更", "moved": "移位", "gone": "消失", "held": "沿用旧值"}
LONGEST_VALUE = 40


class Differences:
    """What a dry run would change, kept by source while its transaction can still be asked."""

    def __init__(self, catalog: Catalog, *, most: int) -> None:
        self._catalog, self._most = catalog, most
        self.by_source: dict[str, dict[str, Any]] = {}

    def look(self, connection: sa.Connection, load_id: int, manifest: Manifest) -> None:
        """Keep the changes of a load: `inspect` of `load_area_data`."""
        load = connection.execute(
            sa.text("SELECT as_of, n_changed, n_gone, n_unchanged FROM ops.loads WHERE load_id = :id"), {"id": load_id}
        ).mappings().one()
        as_of: date | None = load["as_of"]
        layer, counts = self._catalog[manifest.layer], {name: int(load[name] or 0) for name in ("n_changed", "n_gone", "n_unchanged")}
        changes = load_changes(connection, layer, load_id, moved_m=manifest.moved_m, most=self._most)
        self.by_source[manifest.id] = {
            "changes": changes, "moved_m": manifest.moved_m, "as_of": as_of,
            "loss": loss(counts, gained(connection, layer, manifest.id, load_id, counts)),
            "newer_held": newer_held(connection, manifest.id, as_of),
        }

    def lines(self, source_id: str) -> list[str]:
        """The first changes of each kind, and what a person has to agree to; none for a source that held nothing."""
        found = self.by_source.get(source_id)
        if found is None or not (found["loss"]["n_before"] or found["newer_held"]):
            return []
        told = [_asked(source_id, found)] if found["loss"]["is_large"] or found["newer_held"] else []
        for kind, zh in CHANGE_WORDS.items():
            entry = found["changes"][kind]
            beyond = f" (> {found['moved_m']:g} m)" if kind == "moved" else ""
            told += [f"    {zh} {kind}{beyond}: {entry['n']:,}"] if entry["n"] else []
            told += [f"      {_changed(feature)}" for feature in entry["features"]]
            if rest := entry["n"] - len(entry["features"]):
                told.append(f"      … 另有 {rest:,} 个 {rest:,} more")
        return told


def _asked(source_id: str, found: dict[str, Any]) -> str:
    lost, newer = found["loss"], found["newer_held"]
    much = f"  原有 {lost['n_before']:,} 个中 {lost['n_lost']:,} 个变更或消失 {lost['n_lost']:,} of {lost['n_before']:,} change or go ({lost['share_pct']} %)"
    older = f"  资料截至 {found['as_of']},早于已入库的 {newer} data of {found['as_of']}, older than those held, of {newer}"
    return f"    ! 须经同意 to be agreed to: --accept {source_id}{much if lost['is_large'] else ''}{older if newer else ''}"


def _changed(feature: dict[str, Any]) -> str:
    """One changed feature: YC000012 某厂  n_persons: 12 -> 15  312 m."""
    values = [f"{name}: {_short(before)} -> {_short(after)}" for name, (before, after) in (feature["fields"] or {}).items() if name != "geom"]
    moved = [f"{feature['moved_m']:,.0f} m"] if feature["moved_m"] and feature["moved_m"] >= 1 else []
    return "  ".join([f"{feature['feature_id']} {feature['name'] or ''}".rstrip(), *values, *moved])


def _short(value: Any) -> str:
    text = "—" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
