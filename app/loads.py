"""The ledger of loads as the pages show it: counts, refused rows, what each load changed, and its approval."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app import queries
from app.errors import ConflictError, MissingError
from app.texts import Text
from app.uploads import plain
from layers.catalog import Catalog
from layers.load_changes import load_changes

MOST_LOADS = 500
LONGEST_LIST = 200
MOVED_M = 50.0
"""Beyond this a changed feature is shown as moved where its source says nothing else, metres."""


def load_list(connection: sa.Connection, *, source_id: str | None = None) -> list[dict[str, Any]]:
    """Loads, newest first."""
    rows = queries.run(connection, "loads", {"source": source_id, "load_id": None, "most": MOST_LOADS}).mappings()
    return [plain(row) for row in rows]


def load_row(connection: sa.Connection, load_id: int) -> dict[str, Any]:
    """One load; raises `MissingError`."""
    row = queries.run(connection, "loads", {"source": None, "load_id": load_id, "most": 1}).mappings().one_or_none()
    if row is None:
        raise MissingError(Text("没有第 {load_id} 批", load_id=load_id))
    return plain(row)


def whole_load(connection: sa.Connection, catalog: Catalog, load_id: int) -> dict[str, Any]:
    """One load with what it refused, warned of and changed, by rule and the first of each."""
    load = load_row(connection, load_id)
    doubts: dict[str, list[dict[str, Any]]] = {"warned": [], "repaired": []}
    for row in queries.run(connection, "warned_counts", {"load_id": load_id}).mappings():
        doubts[row["kind"]].append({"rule_id": row["rule_id"], "n": row["n"], "detail": row["detail"]})
    refused = queries.run(connection, "refused_counts", {"newest": False, "load_id": load_id}).mappings()
    return {**load, **doubts, "refused": [plain(row) for row in refused],
            "changes": None if load["rolled_back_at"] else changes_of(connection, catalog, load)}


def changes_of(connection: sa.Connection, catalog: Catalog, load: dict[str, Any]) -> dict[str, Any] | None:
    """What a load added, changed, moved, closed and held; None for a layer that is no table or is not declared any more."""
    layer = catalog[load["layer"]] if load["layer"] in catalog else None
    if layer is None or not layer.has_table:
        return None
    return load_changes(connection, layer, load["load_id"], moved_m=MOVED_M, most=LONGEST_LIST)


def refused_rows(connection: sa.Connection, wishes: dict[str, Any]) -> dict[str, Any]:
    """Refused rows and their counts by source and rule; `wishes` as in ``refused_rows.sql``."""
    rows = queries.run(connection, "refused_rows", wishes).mappings()
    counts = queries.run(connection, "refused_counts", {"newest": wishes["newest"], "load_id": wishes["load_id"]}).mappings()
    return {"rows": [plain(row) for row in rows], "counts": [plain(row) for row in counts]}


def approved_arguments(
    upload: dict[str, Any], *, check_job_id: object, approved_by: str, note: str, accepts_losses: bool
) -> dict[str, Any]:
    """Arguments of the load that a person approves, if what the person saw is what would be loaded.

    `check_job_id` is the number of the check whose figures the person saw.

    Raises
    ------
    ConflictError
        There is no check of the files as they are now, the person saw another one, too many rows are refused, or much
        would go without a word.
    """
    check = upload["jobs"].get("check")
    if check is None or check["state"] != "done":
        raise ConflictError(Text("请先完成校验,再批准入库"))
    if check["job_id"] != check_job_id:
        raise ConflictError(Text("批准所依据的校验不是最新的一次,请重新打开本页,看过新的结果再批准"))
    changed = [entry["uploaded_at"] for entry in upload["files"]] + [entry["confirmed_at"] for entry in upload["sources"]]
    if not changed or max(changed) > check["requested_at"]:
        raise ConflictError(Text("校验之后文件或对应关系有改动,请重新校验"))
    sources = check["result"]["sources"]
    if blocked := [entry["source_id"] for entry in sources if entry["is_blocked"]]:
        names = ", ".join(blocked)
        raise ConflictError(Text("退回比例超过上限:{names}。请下载退回表改正后重新上传", names=names))
    if any(entry.get("loss", {}).get("is_large") for entry in sources) and not accepts_losses:
        raise ConflictError(Text("变更或消失的要素很多,须明确勾选同意后才能入库"))
    if any(entry.get("newer_held") for entry in sources) and not accepts_losses:
        raise ConflictError(Text("资料早于已入库的资料,须明确勾选同意后才能入库"))
    asked = {entry["source_id"]: _seen(entry) for entry in sources if entry.get("newer_held") or entry.get("loss", {}).get("is_large")}
    return {"upload_id": upload["upload_id"], "approved_by": approved_by, "note": note, "accepts": asked}


def _seen(source: dict[str, Any]) -> dict[str, Any]:
    """The figures of a checked source that a person agrees to: a load that would be worse asks again."""
    loss = source.get("loss", {})
    return {"n_lost": loss.get("n_lost", 0), "share_pct": loss.get("share_pct", 0.0), "newer_held": source.get("newer_held")}
