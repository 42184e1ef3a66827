"""The kinds of jobs: each takes plain values, tells its steps, may be cancelled, and may be run again from its start."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from etl.approval import Agreed
from etl.area import declared_area
from etl.checks import check_rules
from etl.load import SourceResult, load_area_data
from etl.manifest import Manifest, home_sources, load_manifest
from etl.matching.search import match_register
from etl.places.search import place_register
from etl.progress import Progress, Step, watched
from etl.publish import Approval, publish_edition
from etl.returned import return_refused, write_returned
from etl.rollback import rollback_load
from etl.score import score_register
from etl.stamps import code_hash, code_hash_held
from etl.work.effects import effects_of_draft
from etl.work.inspection import inspected
from etl.work.recognition import manifest_of, recognised
from etl.work.uploads import (
    MANIFEST_SUFFIX,
    Upload,
    confirmed_sources,
    keep_text,
    sources_folder,
    upload_of,
    write_area,
    write_delivery,
    write_whole,
)
from layers.catalog import Catalog
from layers.errors import AtlasError, EditionError, NotFoundError

RETURNED = "returned"
"""Folder below the home for workbooks to be downloaded, one folder a job."""


@dataclass(frozen=True)
class Workplace:
    """What every job works with."""

    engine: sa.Engine
    catalog: Catalog
    home: Path


Task = Callable[..., dict[str, Any]]


def recognise(place: Workplace, progress: Progress, *, upload_id: str) -> dict[str, Any]:
    """What the files of an upload are: encoding, tables, columns, datum, proposals for each; nothing is decided."""
    with place.engine.connect() as connection:
        upload = upload_of(connection, place.home, upload_id)
    found = []
    for number, path in enumerate(_datasets(upload)):
        progress(Step(f"识别 {path.name}", f"recognising {path.name}", number, len(upload.files)))
        found.append(watched(
            progress, Step(f"识别 {path.name}", f"recognising {path.name}", number, len(upload.files)),
            lambda path=path: recognised(place.engine, place.catalog, place.home, path),
        ))  # fmt: skip
    return {"files": found}


def confirm(place: Workplace, progress: Progress, *, upload_id: str, source_id: str) -> dict[str, Any]:
    """The manifest that says what a person confirmed about one table; fails with what is still lacking."""
    with place.engine.connect() as connection:
        upload = upload_of(connection, place.home, upload_id)
        wanted = [source for source in confirmed_sources(connection, upload_id) if source.source_id == source_id]
    if not wanted:
        raise NotFoundError(f"no source {source_id} in upload {upload_id}")
    text = watched(
        progress, Step(f"核对 {source_id} 的对应关系", f"looking through what was confirmed of {source_id}"),
        lambda: manifest_of(place.engine, place.catalog, place.home, upload, wanted[0]),
    )
    with place.engine.begin() as connection:
        keep_text(connection, upload_id, wanted[0], text)
    return {"source_id": source_id, "manifest": text}


COMPANIONS = (".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".dat", ".map", ".id", ".ind", ".mid", ".tfw")
"""Files that are part of another one of the same name."""


def _datasets(upload: Upload) -> list[Path]:
    paths = [upload.folder / name for name, _ in upload.files]
    mains = {path.stem for path in paths if path.suffix.lower() not in COMPANIONS}
    return [path for path in paths if path.suffix.lower() not in COMPANIONS or path.stem not in mains]


def check(place: Workplace, progress: Progress, *, upload_id: str) -> dict[str, Any]:
    """A dry run of an upload: what would be accepted, refused, warned of, added, changed, gone; nothing is written."""
    with place.engine.connect() as connection:
        upload = upload_of(connection, place.home, upload_id)
        manifests = _confirmed_manifests(connection, place, upload, progress)
    found: dict[str, dict[str, Any]] = {}
    target = place.home / RETURNED / upload_id
    shutil.rmtree(target, ignore_errors=True)

    def inspect(connection: sa.Connection, load_id: int, manifest: Manifest) -> None:
        progress(Step(f"{manifest.title_zh}: 比较差异", f"{manifest.id}: comparing"))
        seen = inspected(connection, place.catalog, load_id, manifest)
        seen["workbooks"] = _workbooks(connection, place, upload, target, load_id, manifest)
        found[manifest.id] = seen

    results = _dry_run(place, upload, progress, manifests, inspect=inspect)
    sources = [_checked(result, found.get(result.source_id, {}), manifests) for result in results]
    return {"sources": sources, "n_blocked": sum(entry["is_blocked"] for entry in sources),
            "files": [list(entry) for entry in upload.files]}


def load(
    place: Workplace, progress: Progress, *, upload_id: str, approved_by: str, note: str = "",
    accepts: Mapping[str, Mapping[str, Any]] | Sequence[str] = (),
) -> dict[str, Any]:
    """Load an upload that a person approved; its manifests are kept for the deliveries to come.

    `accepts` has the figures that the person saw and agreed to, of the sources that lose much or whose data are older
    than those held: where the register has changed since the check, so that one is worse, the job fails and asks again.
    So it does where a former version wrote down the ids of the sources alone.
    """
    agreed = {name: Agreed.to_seen(seen) for name, seen in accepts.items()} if isinstance(accepts, Mapping) else {}
    with place.engine.connect() as connection:
        upload = upload_of(connection, place.home, upload_id)
        manifests = _confirmed_manifests(connection, place, upload, progress)
        folder = _keep_manifests(connection, place, manifests)
    write_delivery(upload)
    approval = f"{approved_by}:{note}" if note else approved_by
    results = load_area_data(
        place.engine, place.catalog, folder, upload.folder, home=place.home, is_untrusted=True, only=sorted(manifests),
        progress=progress, approved_by=approval, accepts=agreed,
    )
    return {"sources": [_loaded(place.engine, result) for result in results]}


def score(
    place: Workplace, progress: Progress, *, label: str = "", on: str | None = None, is_partial: bool = False
) -> dict[str, Any]:
    """Score the register; with what the draft would change on the map."""
    if code_hash() != code_hash_held():
        raise EditionError("规则表或程序在本服务启动后有改动,请重启服务再评定 (rules or code changed since this worker started: restart `riskatlas serve`)")
    result = score_register(
        place.engine, place.catalog, home=place.home, label=label, on=date.fromisoformat(on) if on else None,
        is_partial=is_partial, progress=progress,
    )
    progress(Step("比较与现行版次的差异", "comparing with the edition that is served"))
    return {**dataclasses.asdict(result), "effects": effects_of_draft(place.engine, place.catalog, result.edition)}


def publish(
    place: Workplace, progress: Progress, *, edition: int, approved_by: str, note: str = "", created_at: str = ""
) -> dict[str, Any]:
    """Publish the draft that a person looked at, and no other: one scored anew since was created at another moment."""
    with place.engine.connect() as connection:
        status = connection.execute(
            sa.text("SELECT status FROM ops.editions WHERE edition = :edition"), {"edition": edition}
        ).scalar_one_or_none()
    if status == "published":  # an interrupted run of this job had got so far
        return {"edition": edition, "is_published": True}
    progress(Step("制作地图字体并发布", "making fonts and publishing"))
    approval = Approval(edition, approved_by, note, created_at)
    result = watched(
        progress, Step("制作地图字体并发布", "making fonts and publishing"),
        lambda: publish_edition(place.engine, place.catalog, home=place.home, approval=approval),
    )
    return {**dataclasses.asdict(result), "is_published": True}


def rollback(place: Workplace, progress: Progress, *, load_id: int, approved_by: str, reason: str) -> dict[str, Any]:
    """Take one load back, with who did it and why."""
    with place.engine.connect() as connection:
        is_done = connection.execute(
            sa.text("SELECT rolled_back_at IS NOT NULL AND rolled_back_by = :by FROM ops.loads WHERE load_id = :id"),
            {"id": load_id, "by": approved_by},
        ).scalar_one_or_none()
    if is_done:  # an interrupted run of this job had got so far
        return {"load_id": load_id}
    progress(Step(f"撤回第 {load_id} 批", f"taking load {load_id} back"))
    counts = rollback_load(place.engine, place.catalog, load_id, approved_by=approved_by, reason=reason)
    return {"load_id": load_id, **counts}


def return_rows(
    place: Workplace, progress: Progress, *, load_id: int, file: str | None = None, with_all_rows: bool = False
) -> dict[str, Any]:
    """The refused rows of a load as the supplier's own workbook."""
    progress(Step("制作退回表", "making the workbook"))
    folder = place.home / RETURNED / f"load-{load_id}"
    name = f"{Path(file).stem if file else f'load-{load_id}'}-退回{'-全部' if with_all_rows else ''}.xlsx"
    found = return_refused(place.engine, place.catalog, place.home, folder / name, load_id=load_id, file=file,
                           with_all_rows=with_all_rows)
    return {"file": f"load-{load_id}/{name}", "n_refused": found.n_refused, "load_id": load_id}


def match(place: Workplace, progress: Progress) -> dict[str, Any]:
    """Look for records of one enterprise in the lists of several offices; people decide."""
    return dataclasses.asdict(match_register(place.engine, place.catalog, progress=progress))


def find_places(place: Workplace, progress: Progress) -> dict[str, Any]:
    """Look for positions of rows that have an address only; people decide."""
    return dataclasses.asdict(place_register(place.engine, place.catalog, progress=progress))


TASKS: dict[str, Task] = {
    "recognise": recognise, "confirm": confirm, "match": match, "place": find_places, "check": check, "load": load, "score": score, "publish": publish, "rollback": rollback,
    "return_rows": return_rows,
}


def _confirmed_manifests(
    connection: sa.Connection, place: Workplace, upload: Upload, progress: Progress
) -> dict[str, str]:
    """TOML of every confirmed source of an upload, by source id."""
    found = {}
    for source in confirmed_sources(connection, upload.upload_id):
        progress(Step(f"{source.source_id}: 读取确认的对应关系", f"{source.source_id}: reading what was confirmed"))
        found[source.source_id] = source.manifest or manifest_of(place.engine, place.catalog, place.home, upload, source)
    return found


def _keep_manifests(connection: sa.Connection, place: Workplace, manifests: dict[str, str]) -> Path:
    """Keep confirmed manifests for the area, checked first; the folder that holds them and its declaration."""
    with sources_folder(connection, manifests) as checked:
        for path in checked.glob(f"*{MANIFEST_SUFFIX}"):
            if path.name != "area.toml":
                load_manifest(path, place.catalog)
    area, _ = declared_area(connection)
    folder = home_sources(place.home, area.id)
    write_area(connection, folder)
    for source_id, text in manifests.items():
        write_whole(folder / f"{source_id}{MANIFEST_SUFFIX}", text)
    return folder


def _dry_run(
    place: Workplace, upload: Upload, progress: Progress, manifests: dict[str, str], *,
    inspect: Callable[[sa.Connection, int, Manifest], None],
) -> list[SourceResult]:
    """A load that is taken back at its end and stops at no share of refused rows: a person is to see all of them."""
    write_delivery(upload)
    lenient = {name: _with_limit(text, 100.0) for name, text in manifests.items()}
    with (
        tempfile.TemporaryDirectory(prefix="riskatlas-check-") as nowhere,  # a home without confirmed manifests
        place.engine.connect() as connection,
        sources_folder(connection, lenient) as folder,
    ):
        connection.rollback()  # the folder is written; the load has connections of its own
        return load_area_data(
            place.engine, place.catalog, folder, upload.folder, home=Path(nowhere), is_dry_run=True, is_untrusted=True,
            only=sorted(manifests), progress=progress, inspect=inspect,
        )


def _with_limit(text: str, max_refused_pct: float) -> str:
    """A manifest whose `max_refused_pct`, a line before its first table, is another."""
    head, bracket, tables = text.partition("\n[")
    kept = [line for line in head.splitlines() if not line.startswith("max_refused_pct")]
    return "\n".join([*kept, f"max_refused_pct = {max_refused_pct}"]) + bracket + tables


def _workbooks(
    connection: sa.Connection, place: Workplace, upload: Upload, target: Path, load_id: int, manifest: Manifest
) -> list[dict[str, Any]]:
    """One workbook for every file of which rows were refused."""
    files = connection.execute(
        sa.text("SELECT DISTINCT file FROM ops.refused WHERE load_id = :id AND source_row IS NOT NULL ORDER BY file"),
        {"id": load_id},
    ).scalars().all()
    found = []
    for file in files:
        name = f"{Path(file).stem}-退回.xlsx"
        try:
            written = write_returned(connection, place.catalog, upload.folder, target / name, load_id=load_id, file=file)
        except AtlasError as error:  # the list on the page stands all the same
            found.append({"file": file, "path": None, "problem": str(error)})
        else:
            found.append({"file": file, "path": f"{upload.upload_id}/{name}", "n_refused": written.n_refused})
    return found


def _checked(result: SourceResult, seen: dict[str, Any], manifests: dict[str, str]) -> dict[str, Any]:
    most_pct = _limit_of(manifests[result.source_id])
    words = check_rules()[["reason_zh", "reason_en", "advice_zh", "advice_en"]]
    warned = [{"rule_id": rule, **words.loc[rule].to_dict()} for rule in result.warned_by_rule]  # a raster has no rows to look at
    return {**dataclasses.asdict(result), "warned": warned, **seen, "max_refused_pct": most_pct, "is_blocked": result.refused_pct > most_pct,
            "manifest": manifests[result.source_id]}


def _limit_of(text: str) -> float:
    for line in text.partition("\n[")[0].splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "max_refused_pct":
            return float(value)
    return 10.0


def _loaded(engine: sa.Engine, result: SourceResult) -> dict[str, Any]:
    """A loaded source with the number of its newest load, also where an interrupted run of the job had made it."""
    with engine.connect() as connection:
        load_id = connection.execute(
            sa.text("SELECT max(load_id) FROM ops.loads_in_force WHERE source_id = :id"), {"id": result.source_id}
        ).scalar_one()
    return {**dataclasses.asdict(result), "load_id": load_id}
