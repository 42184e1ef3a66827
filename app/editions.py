"""Published editions, and what is known of one of them; an edition never changes, so it is read once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyproj
import shapely
import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.access import EVERYTHING
from app.errors import MissingError, NoEditionError
from app.texts import Text
from layers.catalog import Catalog, Field, Layer
from layers.scoring.policy import Policy, load_policy, recorded_policy
from layers.scoring.rules import ClassMember, read_classes
from layers.scoring.shared_shapes import SharedShapes
from layers.store import TILE_COVER, edition_schema, seen_schema
from layers.tile_cover import TileCover

HOME_LAW = "CN"
NOT_THE_LAW = Text("筛查试算,非当地法律")
EDITIONS_REMEMBERED = 8
BOUNDARY_TOLERANCE_M = 1.0


@dataclass(frozen=True)
class Edition:
    """A published edition; `created_at` tells it from one of the same number in another database."""

    number: int
    label: str
    data_as_of: date | None
    created_at: datetime
    published_at: datetime | None
    view: str = EVERYTHING

    @property
    def schema(self) -> str:
        """Where its tables are; of a view of it, where `app.seen` has put them."""
        if self.view == EVERYTHING:
            return edition_schema(self.number)
        return seen_schema(self.number, f"{self.view}_{self.created_at:%y%m%d%H%M%S%f}")

    def table(self, name: str) -> sql.Identifier:
        """The quoted name of one of its tables; `name` comes from the catalog."""
        return sql.Identifier(self.schema, name)


@dataclass(frozen=True)
class Raster:
    """One raster of an edition: its layer, policy, place below the home folder, and what it says of itself."""

    layer: str
    policy: str | None
    path: str
    sha256: str
    info: dict[str, Any]


@dataclass(frozen=True)
class EditionFacts:
    """What holds for a whole edition.

    `counts` gives features and unplaced features a layer, `columns` what its table holds: an edition made by an
    older version lacks fields declared since. `largest_radius_m` is how far any source may matter, `largest_accuracy_m`
    the worst error of a position by drawn layer, `n_unplaced_sources` the sources without a position by level;
    `unstated_fields` what rules know things by and no row states, by layer; `boundary` is the outline in the storage CRS;
    `covers` the tiles that hold anything, by layer, none of an edition made before these were noted; `tile_folders`
    remembers where tiles are kept, by layer, `kept_of_sites` what siting checks found once for all sites.
    """

    edition: Edition
    meta: dict[str, Any]
    counts: dict[str, tuple[int, int]]
    columns: dict[str, frozenset[str]]
    rasters: tuple[Raster, ...]
    srid: int
    largest_radius_m: float
    largest_accuracy_m: dict[str, float]
    n_unplaced_sources: dict[str, int]
    unstated_fields: frozenset[tuple[str, str]]
    boundary: shapely.Geometry = field(compare=False)
    covers: dict[str, TileCover] = field(default_factory=dict, compare=False)
    tile_folders: dict[str, str] = field(default_factory=dict, compare=False)
    kept_of_sites: dict[object, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def layer_states(self) -> dict[str, str]:
        """For every layer ``loaded`` or ``empty``."""
        return {layer_id: "loaded" if n else "empty" for layer_id, (n, _) in self.counts.items()}

    def held_fields(self, layer: Layer) -> list[Field]:
        """Fields of a layer that this edition has."""
        return [entry for entry in layer.fields if entry.name in self.columns[layer.id]]

    def shows(self, member: ClassMember) -> bool:
        """Whether this edition has a layer's rows, and they state the fields by which members of a class are known."""
        is_loaded = self.counts.get(member.layer, (0, 0))[0] > 0
        return is_loaded and not any((member.layer, name) in self.unstated_fields for name in member.asked_fields)

    @property
    def area(self) -> dict[str, Any]:
        area: dict[str, Any] = self.meta["area"]
        return area

    def legal_note(self, lang: str) -> str:
        """That the rules applied are not the law of the area; empty where they are."""
        is_home = str(self.area.get("jurisdiction", HOME_LAW)).startswith(HOME_LAW)
        return "" if is_home else NOT_THE_LAW[lang]

    @property
    def policy(self) -> str:
        """Id of the policy that the map shows."""
        return str(self.area["policy"])

    @property
    def policies(self) -> list[dict[str, Any]]:
        """Policies that the edition was scored by: ``id``, ``title_zh``, ``title_en``."""
        policies: list[dict[str, Any]] = self.meta["policies"]
        return policies

    def recorded(self, policy_id: str) -> Policy:
        """The policy as the edition recorded it; of an edition that recorded none, the one of the code."""
        entry = next(entry for entry in self.policies if entry["id"] == policy_id)
        return recorded_policy(entry["table"]) if "table" in entry else load_policy(policy_id)

    @cached_property
    def metric_crs(self) -> pyproj.CRS:
        return pyproj.CRS.from_user_input(self.area["metric_proj4"])

    @cached_property
    def boundary_m(self) -> shapely.Geometry:
        """The outline in the metric CRS, grown by what coordinates lose on the way."""
        return shapely.buffer(self.in_metres(self.boundary), BOUNDARY_TOLERANCE_M)

    @cached_property
    def ground(self) -> SharedShapes:
        """`boundary_m`, to be asked what it covers or meets."""
        return SharedShapes(np.array([self.boundary_m], object))

    @cached_property
    def _to_metric(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs(f"EPSG:{self.srid}", self.metric_crs, always_xy=True)

    @cached_property
    def _to_degrees(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs(self.metric_crs, f"EPSG:{self.srid}", always_xy=True)

    def in_metres(self, geometries: Any) -> Any:
        """Geometries of the storage CRS in the metric CRS; None stays None."""
        return _transformed(geometries, self._to_metric)

    def in_degrees(self, geometries: Any) -> Any:
        """Geometries of the metric CRS in the storage CRS; None stays None."""
        return _transformed(geometries, self._to_degrees)


def _transformed(geometries: Any, transformer: pyproj.Transformer) -> Any:
    def move(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])) if len(xy) else xy

    return shapely.transform(geometries, move)


def published_editions(connection: sa.Connection) -> list[Edition]:
    """Every published edition, newest first; none while the database holds no atlas yet."""
    return listed_editions(connection) if has_editions(connection) else []


def has_editions(connection: sa.Connection) -> bool:
    """Whether the database holds an atlas at all."""
    return bool(queries.run(connection, "has_editions").scalar_one())


def listed_editions(connection: sa.Connection) -> list[Edition]:
    """The published editions of a database that holds an atlas, newest first."""
    return [Edition(*row) for row in queries.run(connection, "editions")]


def chosen_edition(editions: list[Edition], wanted: str | None) -> Edition:
    """The newest edition, or the one whose number or label is wanted.

    Raises
    ------
    NoEditionError
        Nothing is published.
    MissingError
        The wanted one is not among them.
    """
    if not editions:
        raise NoEditionError
    if not wanted:
        return editions[0]
    for edition in editions:
        if wanted in (str(edition.number), edition.label):
            return edition
    raise MissingError(Text("没有已发布的版次 {wanted}", wanted=wanted))


class EditionMemory:
    """Facts of the editions asked for of late; bounded, safe for many threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._by_number: dict[int, Edition] = {}
        self._has_atlas = False
        self._facts: OrderedDict[Edition, EditionFacts] = OrderedDict()
        self._lock = threading.Lock()

    def published(self, connection: sa.Connection) -> list[Edition]:
        """Every published edition, newest first, as the database has it now."""
        self._has_atlas = self._has_atlas or has_editions(connection)  # what is there stays: one question less for every request
        editions = listed_editions(connection) if self._has_atlas else []
        self._by_number = {edition.number: edition for edition in editions}
        return editions

    def known(self, number: int) -> Edition | None:
        """A published edition that was seen before; asks no database."""
        return self._by_number.get(number)

    def known_facts(self, edition: Edition) -> EditionFacts | None:
        """The facts of an edition if they are remembered; asks no database."""
        with self._lock:
            return self._facts.get(edition)

    def facts(self, connection: sa.Connection, edition: Edition) -> EditionFacts:
        """The facts of an edition, read when they are not remembered."""
        with self._lock:
            known = self._facts.get(edition)
            if known is None:
                known = self._facts[edition] = read_facts(connection, edition, self._catalog)
            self._facts.move_to_end(edition)
            while len(self._facts) > EDITIONS_REMEMBERED:
                self._facts.popitem(last=False)
            return known


def read_facts(connection: sa.Connection, edition: Edition, catalog: Catalog) -> EditionFacts:
    """Read what holds for a whole edition from its schema."""
    meta = {row.key: row.value for row in queries.run(connection, "meta", table=edition.table("meta"))}
    outline = queries.run(connection, "boundary", table=edition.table("boundary")).one()
    rasters = queries.run(connection, "rasters", table=edition.table("rasters"))
    tables = queries.run(connection, "columns", {"schema": edition.schema})
    columns = {row.table_name: frozenset(row.columns) for row in tables}
    counts = _counts(connection, edition, catalog, columns)
    return EditionFacts(
        edition=edition,
        meta=meta,
        counts=counts,
        columns=columns,
        rasters=tuple(Raster(*row) for row in rasters),
        srid=outline.srid,
        largest_radius_m=_largest_radius_m(connection, edition, columns) if "risk_points" in counts else 0.0,
        largest_accuracy_m=_largest_accuracies(connection, edition, catalog, columns),
        n_unplaced_sources=_unplaced_sources(connection, edition, columns) if "risk_points" in counts else {},
        unstated_fields=_unstated_fields(connection, edition, counts, columns),
        boundary=shapely.from_wkb(bytes(outline.wkb)),
        covers=_covers(connection, edition) if TILE_COVER in columns else {},
    )


def _covers(connection: sa.Connection, edition: Edition) -> dict[str, TileCover]:
    rows = queries.run(connection, "tile_covers", table=edition.table(TILE_COVER))
    return {row.layer: TileCover.unpacked(bytes(row.cells)) for row in rows}


def _largest_radius_m(connection: sa.Connection, edition: Edition, columns: dict[str, frozenset[str]]) -> float:
    query = "largest_reach" if "reach_m" in columns["risk_points"] else "largest_radius"
    return float(queries.run(connection, query, table=edition.table("risk_points")).scalar_one())


def _largest_accuracies(
    connection: sa.Connection, edition: Edition, catalog: Catalog, columns: dict[str, frozenset[str]]
) -> dict[str, float]:
    """Worst error of a position of every drawn layer that the edition has, metres; 0 where none is stated."""
    return {
        layer.id: float(queries.run(connection, "largest_accuracy", table=edition.table(layer.id)).scalar_one())
        for layer in catalog
        if layer.has_table and layer.is_drawn and layer.id in columns
    }


def _unplaced_sources(
    connection: sa.Connection, edition: Edition, columns: dict[str, frozenset[str]]
) -> dict[str, int]:
    """Sources of danger without a position, by level; rows whose danger another one carries are none."""
    reach = sql.Identifier("reach_m" if "reach_m" in columns["risk_points"] else "radius_m")
    rows = queries.run(connection, "unplaced_sources", table=edition.table("risk_points"), reach=reach)
    return {row.level: row.n for row in rows}


def _unstated_fields(
    connection: sa.Connection, edition: Edition, counts: dict[str, tuple[int, int]], columns: dict[str, frozenset[str]]
) -> frozenset[tuple[str, str]]:
    """Fields by which classes of the distance rules are known and that no row of the edition states, by layer."""
    members = [member for kind in read_classes().values() for member in kind.members if member.layer in counts]
    asked = {(member.layer, name) for member in members for name in member.asked_fields}

    def is_stated(layer: str, name: str) -> bool:
        names = {"table": edition.table(layer), "field": sql.Identifier(name)}
        return name in columns[layer] and bool(queries.run(connection, "is_stated", **names).scalar_one())

    return frozenset(pair for pair in sorted(asked) if not is_stated(*pair))


def _counts(
    connection: sa.Connection, edition: Edition, catalog: Catalog, columns: dict[str, frozenset[str]]
) -> dict[str, tuple[int, int]]:
    """Features and unplaced features of every layer that the edition has a table of."""
    return {
        layer.id: tuple(queries.run(connection, "count", table=edition.table(layer.id)).one())
        for layer in catalog
        if layer.has_table and layer.id in columns
    }
