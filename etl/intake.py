"""One source, batch by batch: read, normalise, check, doubt, stage; memory is that of a few batches, whatever the file.

What must be known of all rows (keys, shapes, shares) is kept in compact form, so that the result is the same for every
size of batch. Three things go on side by side: one batch is read and normalised, the one before it is checked and packed,
the one before that is stored by the database.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

import pandas as pd
import sqlalchemy as sa

from etl.batch import Batch, Refusal
from etl.checks import Checked, check, late_repeats, n_rows_refused, refused_by_rule
from etl.copy import cancel_statement, copy_packed
from etl.doubts import Doubter
from etl.ledger import (
    Loading,
    record_refused,
    record_repaired,
    record_said_km,
    record_warnings,
    record_whole,
)
from etl.manifest import Manifest
from etl.merge import merge, open_target, packed_rows
from etl.normalise import Problems, normalise, normalise_shapes
from etl.packing import Packed
from etl.plausibility import needs_all_rows
from etl.progress import Step, watched
from etl.read import is_returned, is_row_wise, prepared, read_batch, read_batches, read_file
from etl.repeats import Repeats
from etl.shapes import Shapes
from etl.sql import statement
from layers.catalog import Layer
from layers.errors import TooManyRefusedError
from layers.tables import ensure_register

OLD_WORKBOOKS = (".xls",)
BATCH_ROWS = 50_000
"""Rows read, checked and stored at a time: enough for vectors, few enough for a word of progress every second."""
COLLECTED_BATCHES = 4
"""Batches after which cyclic garbage is looked for; most sources have one batch, and need none of it."""
Result = TypeVar("Result")


@dataclass
class Intake:
    """What the rows of a source came to so far."""

    counts: Counter[str] = field(default_factory=Counter)
    refused_by_rule: Counter[str] = field(default_factory=Counter)
    warned_by_rule: Counter[str] = field(default_factory=Counter)
    first_refusal: Refusal | None = None
    is_partial: bool = False
    n_limited: int = 0
    """Rows read of files that are no returned workbooks: of mended rows any share may be refused again."""
    n_limited_refused: int = 0

    @property
    def refused_pct(self) -> float:
        """Share of refused rows that the manifest's limit is about, percent."""
        return 100.0 * self.n_limited_refused / max(self.n_limited, 1)


class Lanes:
    """The threads in which a batch is read, turned and stored beside its checks, and files are kept: the same ones for all sources of a delivery.

    A new thread finds each way from one CRS to another anew, which takes PROJ up to a tenth of a second.
    """

    def __init__(self) -> None:
        self.reading, self.turning, self.storing, self.keeping = (ThreadPoolExecutor(max_workers=1) for _ in range(4))

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pool in (self.reading, self.turning, self.storing, self.keeping):
            pool.shutdown(cancel_futures=True)


class Ahead(Generic[Result]):
    """Makes the items of a generator in a thread, one ahead of the caller; nobody else may use the thread meanwhile."""

    def __init__(self, items: Generator[Result, None, None], pool: ThreadPoolExecutor) -> None:
        self._items, self._pool = items, pool
        self._running: Future[Result | None] = pool.submit(self._make)

    def _make(self) -> Result | None:
        return next(self._items, None)

    def __enter__(self) -> Ahead[Result]:
        return self

    def next(self) -> Result | None:
        """The next item, None at the end; what making it raised is raised here."""
        item = self._running.result()
        if item is not None:
            self._running = self._pool.submit(self._make)
        return item

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        wait([self._running])
        self._items.close()


class Behind:
    """Work on the connection in one thread beside the caller, a piece at a time; a failed piece is told at the next call."""

    def __init__(self, connection: sa.Connection, pool: ThreadPoolExecutor) -> None:
        self._connection, self._pool = connection, pool
        self._running: Future[None] | None = None

    def __enter__(self) -> Behind:
        return self

    def run(self, work: Callable[[], None]) -> None:
        """Begin a piece of work once the one before it is done."""
        self.finish()
        self._running = self._pool.submit(work)

    def finish(self) -> None:
        """Wait for what is under way; what it raised is raised here."""
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._running is not None:
            cancel_statement(self._connection)
            wait([self._running])


def comes_in_pieces(manifest: Manifest, loading: Loading) -> bool:
    """Whether a source is read here and a piece at a time: then its first piece may be read before it is known to be wanted."""
    if manifest.reader == "raster" or (loading.read or read_file) is not read_file:
        return False
    return is_row_wise(manifest) and not needs_all_rows(loading.catalog[manifest.layer], loading.area)


def read_ahead(paths: list[Path], manifest: Manifest, loading: Loading, lanes: Lanes) -> Ahead[Batch]:
    """The batches of a source as delivered; the first one is read beside what the caller does before it asks."""
    return Ahead(_batches(paths, manifest, loading), lanes.reading)


def take_in(
    connection: sa.Connection, loading: Loading, manifest: Manifest, paths: list[Path], load_id: int, *, lanes: Lanes,
    batches: Ahead[Batch] | None = None,
) -> Intake:
    """Bring every row of a source into the register, or into the list of refused rows, as load `load_id`.

    `batches` are those of `read_ahead`, where their reading has begun already.

    Raises
    ------
    AtlasError
        A file cannot be read, or too many rows are refused; the caller leaves the transaction.
    """
    taker = _Taker(connection, loading, manifest, load_id)
    rows = _normalised(batches or read_ahead(paths, manifest, loading, lanes), manifest, loading, keeps_bytes=taker.keeps_bytes)
    with _collecting_rarely(), Ahead(rows, lanes.turning) as ahead, Behind(connection, lanes.storing) as behind:
        n_batches = 0
        while True:
            normalised = taker.watch("读取", "reading", ahead.next)
            if normalised is None:
                break
            n_batches += 1
            if n_batches % COLLECTED_BATCHES == 0:
                gc.collect()
            record = taker.take(*normalised)
            taker.watch("入库", "storing", behind.finish)
            behind.run(record)
        taker.watch("入库", "storing", behind.finish)
    return taker.finish()


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Leave the search for cyclic garbage to the caller, and what is there already (modules above all) out of it.

    Left to itself it runs at every 700th new object, and a geometry is one: that takes as long as reading them all.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()  # else libraries such as DuckDB's complain at the end of what was never freed
        if was_enabled:
            gc.enable()


def _normalised(
    batches: Ahead[Batch], manifest: Manifest, loading: Loading, *, keeps_bytes: bool
) -> Generator[tuple[Batch, pd.DataFrame, Problems, Shapes | None], None, None]:
    """The batches of a source, each with its rows in our fields; rows are numbered from 0 over all batches.

    With `keeps_bytes` geometries that came as bytes stay so as far as they can.
    """
    n_rows = 0
    with batches as ahead:
        while (batch := ahead.next()) is not None:
            batch.frame.index = pd.RangeIndex(n_rows, n_rows + len(batch.frame))
            n_rows += len(batch.frame)
            layer = loading.catalog[manifest.layer]
            if keeps_bytes:
                yield batch, *normalise_shapes(batch, manifest, layer, loading.area)
            else:
                yield batch, *normalise(batch, manifest, layer, loading.area), None


def _batches(paths: list[Path], manifest: Manifest, loading: Loading) -> Generator[Batch, None, None]:
    """The rows of a source in batches, or in one where a part of it decides about all of it."""
    read, prepare = loading.read or read_file, loading.prepare or prepared
    may_be_mended = any(path.suffix.lower() in OLD_WORKBOOKS for path in paths) or read is not read_file
    if needs_all_rows(loading.catalog[manifest.layer], loading.area) or (len(paths) > 1 and may_be_mended):
        yield read_batch(paths, manifest, loading.data_dir, read=read, prepare=prepare)
        return
    is_many = len(paths) > 1 and manifest.reader == "table" and is_row_wise(manifest)
    is_partial = is_many and any(is_returned(path, manifest) for path in paths)
    for batch in read_batches(paths, manifest, loading.data_dir, rows=BATCH_ROWS, read=read, prepare=prepare, as_bytes=True, stream=loading.stream):
        batch.is_partial |= is_partial
        yield batch


class _Taker:
    """The steps of a batch, and what they must remember of the batches before."""

    def __init__(self, connection: sa.Connection, loading: Loading, manifest: Manifest, load_id: int) -> None:
        self._connection, self._loading, self._manifest, self._load_id = connection, loading, manifest, load_id
        self._layer = loading.catalog[manifest.layer]
        self._known = _known_values(connection, self._layer, loading)
        self._repeats = Repeats()
        self._target = open_target(connection, self._layer, manifest, srid=loading.area.srid, load_id=load_id)
        self._doubter = Doubter(connection, loading, manifest, self._layer)
        self._taken: frozenset[str] | None = None
        self._held: dict[str, tuple[str, int]] = {}
        self._in_km: set[str] = set()
        self._intake = Intake()
        self._n_rows = 0

    @property
    def keeps_bytes(self) -> bool:
        """Whether geometries may stay the bytes they came in: nothing that follows asks for objects."""
        return not self._manifest.distinct and not self._doubter.needs_objects

    def watch(self, zh: str, en: str, work: Callable[[], Result]) -> Result:
        """Do a step of the work, telling of it."""
        step = Step(f"{self._manifest.title_zh}: {zh}", f"{self._manifest.id}: {en}", self._n_rows or None)
        return watched(self._loading.progress, step, work, stop=lambda: cancel_statement(self._connection))

    def take(self, batch: Batch, frame: pd.DataFrame, problems: Problems, shapes: Shapes | None) -> Callable[[], None]:
        """Check and count a batch; what is left to do with it in the database."""
        self._n_rows += batch.n_read
        self._intake.is_partial |= batch.is_partial
        self._in_km |= problems.in_km
        taken = self._taken_keys() if batch.returned and self._manifest.mode == "full" else frozenset()
        checked = self.watch("检查", "checking", lambda: check(
            frame, self._layer, problems, outline=self._loading.outline, known=self._known,
            is_distinct=self._manifest.distinct, taken=taken, returned=batch.returned, repeats=self._repeats, shapes=shapes,
        ))
        found = self.watch("合理性检查", "plausibility", lambda: self._doubter.doubts(checked.accepted, checked.shapes))
        packed = packed_rows(self._target, checked.accepted, checked.shapes, n_before=self._intake.counts["n_accepted"])
        refused = batch.refused + checked.refused
        self._held |= checked.refused_keys
        self._count(batch, checked, refused)
        return lambda: self._record(checked, packed, refused, found)

    def finish(self) -> Intake:
        """Merge what was staged, once every batch is through."""
        late = late_repeats(self._repeats)
        self._count_refused(late)
        record_refused(self._connection, self._manifest, self._load_id, late)
        self._stop_if_too_many()
        is_full = self._manifest.mode == "full" and not self._intake.is_partial
        record_whole(self._connection, self._load_id, is_full=is_full)
        record_said_km(self._connection, self._load_id, sorted(self._in_km))
        n_accepted = self._intake.counts["n_accepted"]
        self._intake.counts.update(self.watch(
            "并入现状库", "merging", lambda: merge(
                self._connection, self._target, n_rows=n_accepted, is_full=is_full, held=self._held
            )
        ))
        return self._intake

    def _record(self, checked: Checked, packed: dict[str, Packed], refused: list[Refusal], found: pd.DataFrame) -> None:
        """A batch into the database; runs beside the next batch."""
        copy_packed(self._connection, self._target.table, packed)
        record_refused(self._connection, self._manifest, self._load_id, refused)
        record_repaired(self._connection, self._manifest, self._load_id, checked)
        warnings = self._doubter.with_held_elsewhere(self._connection, checked.accepted, found)
        record_warnings(self._connection, self._manifest, self._load_id, checked.accepted, warnings)
        self._intake.counts["n_warned"] += int(warnings["at"].nunique())
        self._intake.warned_by_rule.update({str(rule): int(n) for rule, n in warnings["rule_id"].value_counts().items()})

    def _count(self, batch: Batch, checked: Checked, refused: list[Refusal]) -> None:
        self._count_refused(refused)
        self._intake.n_limited += batch.n_read - batch.n_returned
        self._intake.n_limited_refused += n_rows_refused([fault for fault in refused if fault.file not in batch.returned])
        self._intake.counts.update({
            "n_read": batch.n_read, "n_accepted": len(checked.accepted), "n_refused": n_rows_refused(refused),
            "n_repaired": len(checked.repaired), "n_merged": batch.n_merged + checked.n_merged,
            "n_unplaced": int((checked.accepted["positioned"] == "unplaced").sum()) if self._layer.is_drawn else 0,
        })

    def _count_refused(self, refused: list[Refusal]) -> None:
        self._intake.refused_by_rule.update(refused_by_rule(refused))
        if self._intake.first_refusal is None and refused:
            self._intake.first_refusal = refused[0]

    def _taken_keys(self) -> frozenset[str]:
        """Keys that a whole delivery of the source holds: a refused row which comes back under one of them repeats it."""
        if self._taken is None:
            query = statement(self._connection, "taken_keys", register=self._target.register)
            self._taken = frozenset(self._connection.execute(query, {"source_id": self._manifest.id}).scalars())
        return self._taken

    def _stop_if_too_many(self) -> None:
        intake, first = self._intake, self._intake.first_refusal
        if first is not None and intake.refused_pct > self._manifest.max_refused_pct:
            raise TooManyRefusedError(
                f"source {self._manifest.id}: {intake.n_limited_refused} of {intake.n_limited} rows refused ({intake.refused_pct:.1f} %, at "
                f"most {self._manifest.max_refused_pct:g} %): {dict(sorted(self._intake.refused_by_rule.items()))}; first: "
                f"{first.file} row {first.row}, {first.field} = {first.value!r}: {first.reason_en} ({first.reason_zh})"
            )


def _known_values(connection: sa.Connection, layer: Layer, loading: Loading) -> dict[str, frozenset[str]]:
    """Values that the referring fields of a layer may take: those of current rows of the other layer."""
    known = {}
    for entry in layer.fields:
        if entry.references:
            other, name = entry.references.split(".")
            table = ensure_register(connection, loading.catalog[other], loading.area.srid)
            rows = connection.execute(sa.select(table.c[name]).where(table.c.to_load.is_(None)))
            known[entry.name] = frozenset(row[0] for row in rows)
    return known
