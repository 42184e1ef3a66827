"""What a dry run of loading would change, told by command: the first features of each kind, and what needs a person's word."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from etl.approval import questions
from etl.load import SourceResult
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
        changes = load_changes(connection, self._catalog[manifest.layer], load_id, moved_m=manifest.moved_m, most=self._most)
        self.by_source[manifest.id] = {"changes": changes, "moved_m": manifest.moved_m}

    def lines(self, result: SourceResult) -> list[str]:
        """What a person has to agree to, and the first changes of each kind (a raster has none); none for a source that held nothing."""
        if result.state != "would load" or not (result.loss["n_before"] or result.newer_held):
            return []
        asked = questions(result.loss, result.as_of, result.newer_held)
        told = [f"    ! 须经同意 to be agreed to: --accept {result.source_id}  {'; '.join(asked)}"] if asked else []
        found = self.by_source.get(result.source_id)
        if found is None:
            return told
        for kind, zh in CHANGE_WORDS.items():
            entry = found["changes"][kind]
            beyond = f" (> {found['moved_m']:g} m)" if kind == "moved" else ""
            told += [f"    {zh} {kind}{beyond}: {entry['n']:,}"] if entry["n"] else []
            told += [f"      {_changed(feature, is_new=kind == 'added')}" for feature in entry["features"]]
            if rest := entry["n"] - len(entry["features"]):
                told.append(f"      … 另有 {rest:,} 个 {rest:,} more")
        return told


def _changed(feature: dict[str, Any], *, is_new: bool) -> str:
    """One changed feature: YC000012 某厂  n_persons: 12 -> 15  312 m; of a new one the values that it states."""
    fields = {name: (before, after) for name, (before, after) in (feature["fields"] or {}).items() if name != "geom" and (before, after) != (None, None)}
    values = [f"{name}: {_short(after)}" if is_new else f"{name}: {_short(before)} -> {_short(after)}" for name, (before, after) in fields.items()]
    moved = [f"{feature['moved_m']:,.0f} m"] if feature["moved_m"] and feature["moved_m"] >= 1 else []
    return "  ".join([f"{feature['feature_id']} {feature['name'] or ''}".rstrip(), *values, *moved])


def _short(value: Any) -> str:
    text = "—" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
