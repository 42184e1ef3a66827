"""One delivery into the register: read, normalise, check, stage, merge, each source in a transaction of its own."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import wait
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Callable, Collection

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from etl.approval import Agreed, Gained, gained, loss, newer_held, questions
from etl.area import declare_area, declared_area, load_boundary, widened
from etl.batch import Batch
from etl.checks import CHECK_RULES
from etl.code_files import code_files
from etl.copy import cancel_statement
from etl.intake import Ahead, Lanes, comes_in_pieces, read_ahead, take_in
from etl.ledger import (
    Loading,
    is_whole,
    kept_file,
    record_counts,
    record_delivery,
    record_load,
)
from etl.locks import LOAD_LOCK
from etl.manifest import (
    Manifest,
    delivered_files,
    load_delivery,
    load_manifests,
    parts_of,
)
from etl.progress import Progress, Step, silent, watched
from etl.raster_load import load_raster
from etl.read import Reader, read_file
from etl.read_child import pieces_in_child, prepare_in_child, raster_in_child, read_in_child
from etl.sql import SQL_DIR, statement
from layers.catalog import Area, Catalog, Layer
from layers.errors import ApprovalNeededError, NotFoundError

DECIDING_STATEMENTS = ("merge_close", "merge_open", "merge_counts", "held", "taken_keys", "overtaken_source")


@dataclass
class SourceResult:
    """What became of one source of a delivery; `loss` and `newer_held` as in `etl/approval.py`, of the data up to `as_of`."""

    source_id: str
    layer: str
    title_zh: str
    title_en: str = ""
    state: str = "loaded"
    counts: dict[str, int] = field(default_factory=dict)
    refused_by_rule: dict[str, int] = field(default_factory=dict)
    warned_by_rule: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    gained: Gained = Gained()
    as_of: date | None = None
    loss: dict[str, Any] = field(default_factory=dict)
    newer_held: date | None = None
    is_partial: bool = False
    """Mended rows among them: nothing else is gone."""
    refused_pct: float = 0.0
    """Share of refused rows, percent, of files that are no returned workbooks: of mended rows any share may be refused again."""


def load_area_data(
    engine: sa.Engine,
    catalog: Catalog,
    area_dir: Path,
    data_dir: Path,
    *,
    home: Path,
    is_dry_run: bool = False,
    is_untrusted: bool = False,
    report: Callable[[SourceResult], None] = lambda result: None,
    only: Collection[str] | None = None,
    progress: Progress = silent,
    approved_by: str = "",
    accepts: Mapping[str, Agreed] | None = None,
    inspect: Callable[[sa.Connection, int, Manifest], None] = lambda connection, load_id, manifest: None,
) -> list[SourceResult]:
    """Load every source of an area's delivery; what an earlier run accepted is recognised and left alone.

    Parameters
    ----------
    is_untrusted : read every delivered file in a child process with limits of memory and time.
    only : ids of the sources to load, the others are left as they are; None loads all of them. The outline of the
        area may then be missing from `data_dir`: the one that the database holds goes on.
    progress : told every step, at least once in two seconds.
    approved_by : who approved the delivery, kept with each load.
    accepts : what a person agreed to of each source that loses much or whose data are older than those held
        (`etl/approval.py`); None where the caller has asked a person already. A dry run asks nobody.
    inspect : called with the number of each load before its transaction ends, also where that is a dry run: the only
        moment at which the rows of a dry run can be looked at.

    Raises
    ------
    AtlasError
        A file, a manifest or too many rows are not as they must be. The source at fault changes nothing;
        sources before it stay loaded and the same command goes on from there.
    CancelledError
        `progress` took the run back; the source under way changes nothing.
    """
    area, every = load_manifests(area_dir, catalog, home=home)
    manifests = _chosen(every, only, area_dir)
    delivery = load_delivery(area, data_dir)
    read = read_in_child if is_untrusted else read_file
    progress(Step("读取辖区界线", "reading the outline of the area"))
    outline = _outline(engine, area, data_dir, read, may_be_absent=only is not None)
    declare_area(engine, area, outline, is_dry_run=is_dry_run)
    was_whole = is_whole(engine)
    loading = Loading(
        engine, catalog, area, delivery, data_dir, home, widened(outline, area), is_dry_run, read,
        raster_in_child if is_untrusted else None, progress, approved_by, inspect,
        prepare_in_child if is_untrusted else None, pieces_in_child if is_untrusted else None, accepts,
    )
    results = []
    with Lanes() as lanes:
        for manifest in manifests:
            results.append(_load_source(loading, manifest, lanes))
            report(results[-1])
        for manifest in manifests:
            if _is_overtaken(engine, manifest):
                results.append(_load_source(loading, manifest, lanes))
                report(results[-1])
    if not is_dry_run and (only is None or was_whole):
        record_delivery(engine, delivery)
    return results


def _chosen(manifests: list[Manifest], only: Collection[str] | None, area_dir: Path) -> list[Manifest]:
    """The manifests asked for, in loading order; raises `NotFoundError` for a source that the area does not have."""
    if only is None:
        return manifests
    known = [manifest.id for manifest in manifests]
    unknown = sorted(set(only) - set(known))
    if unknown:
        raise NotFoundError(f"{area_dir}: no source {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [manifest for manifest in manifests if manifest.id in set(only)]


def _outline(
    engine: sa.Engine, area: Area, data_dir: Path, read: Reader, *, may_be_absent: bool
) -> BaseGeometry:
    """The delivered outline of the area; the one the database holds where a part of a delivery comes without it."""
    if may_be_absent and not (data_dir / area.boundary.file).exists():
        with engine.connect() as connection:
            held, outline = declared_area(connection)
        if held.id == area.id:
            return outline
    return load_boundary(area, data_dir, read=read)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _folder_sha256(files: list[tuple[str, str]]) -> str:
    """One hash for a folder delivered as a file: of the names and hashes of what it holds."""
    return hashlib.sha256("\n".join(f"{name} {sha}" for name, sha in files).encode()).hexdigest()


def _code_version(manifest: Manifest, layer: Layer) -> str:
    """Hash of everything besides the files that decides what a load accepts: every module of ours that runs, rules, manifest."""
    paths = [*code_files(__name__), *(SQL_DIR / f"{name}.sql" for name in DECIDING_STATEMENTS)]
    paths += [CHECK_RULES, layer.folder / "layer.toml", manifest.path]
    paths += code_files(f"etl.jobs.{manifest.job}") if manifest.job else []
    return hashlib.sha256(b"\x00".join(path.read_bytes() for path in paths)).hexdigest()


def _input_hash(
    connection: sa.Connection, files: list[tuple[str, str]], manifest: Manifest, loading: Loading
) -> str:
    """Hash of all that decides what a load accepts: files, code, outline, and the loads of layers it refers to."""
    layer = loading.catalog[manifest.layer]
    outline = hashlib.sha256(shapely.to_wkb(loading.outline)).hexdigest()
    others = sorted({entry.references.split(".")[0] for entry in layer.fields if entry.references})
    newest = connection.execute(
        sa.text("SELECT max(load_id) FROM ops.loads_in_force WHERE layer = ANY(:layers)"), {"layers": others}
    ).scalar_one()
    parts = [sha for _, sha in files] + [_code_version(manifest, layer), outline, str(newest)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _is_overtaken(engine: sa.Engine, manifest: Manifest) -> bool:
    """Whether another source has since given up or changed features that this one delivers too (`n_merged`)."""
    with engine.connect() as connection:
        found = connection.execute(statement(connection, "overtaken_source"), {"source_id": manifest.id})
        return bool(found.scalar_one())


def _load_source(loading: Loading, manifest: Manifest, lanes: Lanes) -> SourceResult:
    started = time.perf_counter()
    result = SourceResult(manifest.id, manifest.layer, manifest.title_zh, manifest.title_en)
    paths = delivered_files(manifest, loading.data_dir)
    if not paths:
        result.state = "absent"
        return result
    is_soon = comes_in_pieces(manifest, loading) and not _is_known(loading.engine, manifest)
    with read_ahead(paths, manifest, loading, lanes) if is_soon else nullcontext() as batches:
        _take_source(loading, manifest, paths, lanes, result, batches)
    result.seconds = time.perf_counter() - started
    return result


def _take_source(
    loading: Loading, manifest: Manifest, paths: list[Path], lanes: Lanes, result: SourceResult, batches: Ahead[Batch] | None
) -> None:
    """Take the files of a source in, unless they are; what became of them goes into `result`."""
    parts = [part for path in paths for part in parts_of(path)]
    files, folders = _hashed(loading, manifest, paths, parts)
    with loading.engine.begin() as connection:
        watched(
            loading.progress, _step(manifest, "等待另一批入库结束", "waiting for another load to end"),
            lambda: connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOAD_LOCK}),
            stop=lambda: cancel_statement(connection),
        )
        input_hash = _input_hash(connection, files, manifest, loading)
        if _is_loaded(connection, manifest.id, input_hash) and not _is_overtaken(loading.engine, manifest):
            result.state = "unchanged"
            return
        result.as_of = manifest.as_of or loading.delivery.as_of
        result.newer_held = newer_held(connection, manifest.id, result.as_of)
        with _keeping_files(connection, loading, manifest, lanes, parts, files):
            if manifest.reader == "raster":
                result.counts, result.warned_by_rule = watched(
                    loading.progress, _step(manifest, "读取栅格", "reading the raster"),
                    lambda: load_raster(connection, loading, manifest, paths, files, input_hash),
                )
            else:
                _merge_source(connection, loading, manifest, paths, folders + files, input_hash, result, lanes, batches)
            _weigh(loading, manifest, result)
        if loading.is_dry_run:
            result.state = "would load"
            connection.rollback()


def _hashed(
    loading: Loading, manifest: Manifest, paths: list[Path], parts: list[Path]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Names and hashes of delivered files, and of folders delivered as files."""
    hashes = watched(loading.progress, _step(manifest, "核对文件", "hashing files"), lambda: [file_sha256(part) for part in parts])
    files = [(str(part.relative_to(loading.data_dir)), sha256) for part, sha256 in zip(parts, hashes, strict=True)]
    folders = [
        (name, _folder_sha256([entry for entry in files if entry[0].startswith(f"{name}/")]))
        for name in (str(path.relative_to(loading.data_dir)) for path in paths if path.is_dir())
    ]
    return files, folders


def _is_known(engine: sa.Engine, manifest: Manifest) -> bool:
    """Whether a load of the source is in force: then the files may be those of that one, and are not read before their hashes are known."""
    query = "SELECT EXISTS (SELECT FROM ops.loads_in_force WHERE source_id = :source_id)"
    with engine.connect() as connection:
        return bool(connection.execute(sa.text(query), {"source_id": manifest.id}).scalar_one())


def _weigh(loading: Loading, manifest: Manifest, result: SourceResult) -> None:
    """Tell with the result what a person has to agree to; stop where nobody has, what was done is left with the transaction."""
    result.loss = loss(result.counts, result.gained)
    if loading.accepts is None or loading.is_dry_run:
        return
    asked = questions(result.loss, result.as_of, result.newer_held, loading.accepts.get(manifest.id, Agreed()))
    if asked:
        raise ApprovalNeededError(manifest.id, asked)


def _is_loaded(connection: sa.Connection, source_id: str, input_hash: str) -> bool:
    newest = connection.execute(
        sa.text("SELECT input_hash FROM ops.loads_in_force WHERE source_id = :source_id ORDER BY load_id DESC LIMIT 1"),
        {"source_id": source_id},
    ).scalar_one_or_none()
    return newest == input_hash


@contextmanager
def _keeping_files(
    connection: sa.Connection, loading: Loading, manifest: Manifest, lanes: Lanes, paths: list[Path], files: list[tuple[str, str]]
) -> Iterator[None]:
    """Keep delivered files beside the work of the block, and name them once all is done; a dry run keeps none.

    Also where the block fails nothing goes on behind it: another load may be after the same files.
    """
    if loading.is_dry_run:
        yield
        return
    keeping = lanes.keeping.submit(_keep_files, loading.home, paths, files)
    try:
        yield
        watched(loading.progress, _step(manifest, "留存文件", "keeping files"), keeping.result)
        _record_files(connection, paths, files)
    finally:
        wait([keeping])


def _keep_files(home: Path, paths: list[Path], files: list[tuple[str, str]]) -> None:
    """Keep delivered files by hash, each whole under its name or not there; runs beside the reading of them."""
    for path, (_, sha256) in zip(paths, files, strict=True):
        target = kept_file(home, sha256)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_suffix(".part")
            try:
                shutil.copyfile(path, part)
                part.replace(target)
            except OSError:
                part.unlink(missing_ok=True)
                raise


def _record_files(connection: sa.Connection, paths: list[Path], files: list[tuple[str, str]]) -> None:
    """Name the files that are kept by now."""
    rows = [
        {"sha256": sha256, "name": name, "size": path.stat().st_size} for path, (name, sha256) in zip(paths, files, strict=True)
    ]
    insert = "INSERT INTO ops.files (sha256, name, size_bytes) VALUES (:sha256, :name, :size) ON CONFLICT DO NOTHING"
    connection.execute(sa.text(insert), rows)


def _step(manifest: Manifest, zh: str, en: str) -> Step:
    return Step(f"{manifest.title_zh}: {zh}", f"{manifest.id}: {en}")


def _merge_source(
    connection: sa.Connection, loading: Loading, manifest: Manifest, paths: list[Path], files: list[tuple[str, str]],
    input_hash: str, result: SourceResult, lanes: Lanes, batches: Ahead[Batch] | None,
) -> None:
    load_id = record_load(connection, loading, manifest, files, input_hash)
    intake = take_in(connection, loading, manifest, paths, load_id, lanes=lanes, batches=batches)
    result.counts, result.is_partial, result.refused_pct = dict(intake.counts), intake.is_partial, round(intake.refused_pct, 1)
    result.refused_by_rule = dict(sorted(intake.refused_by_rule.items()))
    result.warned_by_rule = dict(sorted(intake.warned_by_rule.items()))
    record_counts(connection, load_id, result.counts)
    if loading.accepts is not None or loading.is_dry_run:
        result.gained = gained(connection, loading.catalog[manifest.layer], manifest.id, load_id, result.counts)
    loading.inspect(connection, load_id, manifest)
