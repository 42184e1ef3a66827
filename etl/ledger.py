"""The ledger of loads: what was delivered, accepted, refused and repaired, kept for every load."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import pandas as pd
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from etl.approval import Agreed
from etl.batch import Batch
from etl.checks import Checked
from etl.conversions import conversions, said_km
from etl.copy import copy_frame
from etl.manifest import Delivery, Manifest, declaration, declared
from etl.progress import Progress, silent
from etl.read import Refusal, Streamer
from layers.catalog import Area, Catalog
from layers.errors import NotFoundError


@dataclass(frozen=True)
class Loading:
    """What every source of one delivery shares.

    `read`, `prepare`, `stream` and `take_raster`, where given, read files in place of the standard readers and jobs. `approved_by` names who
    approved the delivery, empty where nobody was asked; `accepts` as in `load_area_data`. `inspect` looks at each load before its transaction ends.
    """

    engine: sa.Engine
    catalog: Catalog
    area: Area
    delivery: Delivery
    data_dir: Path
    home: Path
    outline: BaseGeometry
    is_dry_run: bool
    read: Callable[[Path, Manifest], pd.DataFrame] | None = None
    take_raster: Callable[[Path, Manifest, str, Path, BaseGeometry | None], dict[str, object]] | None = None
    progress: Progress = silent
    approved_by: str = ""
    inspect: Callable[[sa.Connection, int, Manifest], None] = lambda connection, load_id, manifest: None
    prepare: Callable[[Batch, Manifest], Batch] | None = None
    stream: Streamer | None = None
    accepts: Mapping[str, Agreed] | None = None


def record_load(
    connection: sa.Connection, loading: Loading, manifest: Manifest, files: list[tuple[str, str]], input_hash: str, *,
    is_full: bool = True,
) -> int:
    """Enter a load; `is_full` says that what the source delivered is all it has. Its manifest and conversions are kept."""
    notes = {
        "manifest": declaration(manifest), "is_full": is_full,
        "conversions": conversions(manifest, loading.catalog[manifest.layer], loading.area),
    }
    load_id = int(connection.execute(
        sa.text(
            "INSERT INTO ops.loads (delivery_label, as_of, source_id, layer, title_zh, title_en, supplier, supplier_en, files, input_hash, "
            "notes, approved_by) VALUES (:label, :as_of, :source_id, :layer, :title_zh, :title_en, :supplier, :supplier_en, CAST(:files AS jsonb), "
            ":input_hash, CAST(:notes AS jsonb), :approved_by) "
            "RETURNING load_id"
        ),
        {
            "label": loading.delivery.label, "as_of": manifest.as_of or loading.delivery.as_of,
            "source_id": manifest.id, "layer": manifest.layer, "title_zh": manifest.title_zh, "title_en": manifest.title_en,
            "supplier": manifest.supplier, "supplier_en": manifest.supplier_en, "input_hash": input_hash, "approved_by": loading.approved_by,
            "notes": json.dumps(notes, ensure_ascii=False, default=str),
            "files": json.dumps([{"name": name, "sha256": sha} for name, sha in files], ensure_ascii=False),
        },
    ).scalar_one())
    for chinese, english in (("title_zh", "title_en"), ("supplier", "supplier_en")):
        _tell_earlier_loads(connection, manifest, chinese, english)
    return load_id


def _tell_earlier_loads(connection: sa.Connection, manifest: Manifest, chinese: str, english: str) -> None:
    """Earlier loads of a source get the English of a name that stands in them alone: most features came with one of those."""
    connection.execute(
        sa.text(f"UPDATE ops.loads SET {english} = :english WHERE source_id = :source_id AND {chinese} = :chinese AND {english} = '' AND :english <> ''"),
        {"source_id": manifest.id, "chinese": getattr(manifest, chinese), "english": getattr(manifest, english)},
    )


def kept_file(home: Path, sha256: str) -> Path:
    """Where a delivered file is kept, by its hash."""
    return home / "files" / sha256[:2] / sha256


def kept_manifest(notes: dict[str, Any] | None) -> Manifest:
    """The manifest that a load was made with; raises `NotFoundError` for loads before manifests were kept."""
    if not notes or "manifest" not in notes:
        raise NotFoundError("the manifest of this load was not kept: load the source again")
    return declared(notes["manifest"])


def _ledger(name: str, **columns: sa.types.TypeEngine[Any]) -> sa.Table:
    """A table of `ops` as far as rows are copied into it; the migrations make it."""
    return sa.Table(name, sa.MetaData(), *(sa.Column(column, kind) for column, kind in columns.items()), schema="ops")


ORIGIN = {"load_id": sa.Integer(), "source_id": sa.Text(), "layer": sa.Text(), "file": sa.Text(), "source_row": sa.Integer()}
FINDING = {"field": sa.Text(), "value": sa.Text(), "rule_id": sa.Text()}
WORDS = {name: sa.Text() for name in ("reason_zh", "reason_en", "advice_zh", "advice_en")}
MIDDLE = {"lon": sa.Double(), "lat": sa.Double()}
FEATURE, DETAIL = {"feature_id": sa.Text()}, {"detail": sa.Text()}
LONGEST_VALUE = 500


def _record(connection: sa.Connection, table: sa.Table, manifest: Manifest, load_id: int, rows: pd.DataFrame) -> None:
    """Copy findings of a load into their table, in their order."""
    if len(rows):
        given = {"load_id": load_id, "source_id": manifest.id, "layer": manifest.layer}
        copy_frame(connection, table, rows.assign(**{name: value for name, value in given.items() if name in table.c}), srid=0)


def record_refused(connection: sa.Connection, manifest: Manifest, load_id: int, refused: list[Refusal]) -> None:
    """Faults of refused rows, kept with the load."""
    rows = pd.DataFrame([dataclasses.asdict(entry) for entry in refused]).rename(columns={"row": "source_row"})
    _record(connection, _ledger("refused", **ORIGIN, **FINDING, **WORDS, **MIDDLE), manifest, load_id, rows)


def record_repaired(connection: sa.Connection, manifest: Manifest, load_id: int, checked: Checked) -> None:
    """Repairs of accepted rows, kept with the load."""
    if checked.repaired.empty:
        return
    rows = _of_rows(checked.accepted, checked.repaired)
    columns = {name: kind for name, kind in ORIGIN.items() if name != "source_id"}
    _record(connection, _ledger("repaired", **columns, **FEATURE, rule_id=sa.Text(), **DETAIL), manifest, load_id, rows)


def _of_rows(accepted: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Findings with number, file and row of the accepted row that each is about."""
    rows = accepted.loc[findings["at"], ["feature_id", "source_file", "source_row"]].rename(columns={"source_file": "file"})
    return pd.concat([pd.DataFrame(rows).reset_index(drop=True), findings.drop(columns="at").reset_index(drop=True)], axis=1)


def record_whole(connection: sa.Connection, load_id: int, *, is_full: bool) -> None:
    """Note whether what the source delivered is all it has, once its files are read to the end."""
    connection.execute(
        sa.text("UPDATE ops.loads SET notes = jsonb_set(notes, '{is_full}', to_jsonb(CAST(:is_full AS boolean))) WHERE load_id = :load_id"),
        {"load_id": load_id, "is_full": is_full},
    )


def record_said_km(connection: sa.Connection, load_id: int, columns: Iterable[str]) -> None:
    """Note the coordinate columns of which some values said kilometres, with the other conversions of the load."""
    found = [said_km(column) for column in columns]
    if found:
        connection.execute(
            sa.text("UPDATE ops.loads SET notes = jsonb_set(notes, '{conversions}', CAST(:found AS jsonb) || (notes -> 'conversions')) WHERE load_id = :load_id"),
            {"load_id": load_id, "found": json.dumps(found, ensure_ascii=False)},
        )


def record_warnings(
    connection: sa.Connection, manifest: Manifest, load_id: int, accepted: pd.DataFrame, warnings: pd.DataFrame
) -> None:
    """Warnings about accepted rows, kept with the load; `warnings` as made by `warnings_of`."""
    if warnings.empty:
        return
    values = [None if value is None or value != value else str(value)[:LONGEST_VALUE] for value in warnings["value"]]
    rows = _of_rows(accepted, warnings.assign(value=pd.Series(values, index=warnings.index, dtype=object)))
    _record(connection, _ledger("warnings", **ORIGIN, **FEATURE, **FINDING, **DETAIL), manifest, load_id, rows)


def record_counts(connection: sa.Connection, load_id: int, counts: dict[str, int]) -> None:
    loads = sa.table("loads", sa.column("load_id"), *map(sa.column, counts), schema="ops")
    connection.execute(sa.update(loads).where(loads.c.load_id == load_id).values(counts))


def is_whole(engine: sa.Engine) -> bool:
    """Whether no load is newer than the newest delivery that was loaded to its end."""
    with engine.connect() as connection:
        return bool(connection.execute(
            sa.text(
                "SELECT coalesce((SELECT max(load_id) FROM ops.loads), 0) "
                "<= coalesce((SELECT max(newest_load) FROM ops.deliveries), 0)"
            )
        ).scalar_one())


def record_delivery(engine: sa.Engine, delivery: Delivery) -> None:
    """Note that every source of a delivery is through; until then nothing is scored from it by default."""
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO ops.deliveries (label, as_of, newest_load) "
                "SELECT :label, :as_of, coalesce(max(load_id), 0) FROM ops.loads "
                "ON CONFLICT (label) DO UPDATE SET newest_load = excluded.newest_load, completed_at = now()"
            ),
            {"label": delivery.label, "as_of": delivery.as_of},
        )
