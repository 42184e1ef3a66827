"""Which datum the coordinates of a delivery are in: every plausible one tried against what is known of the area.

A proposal with its evidence, for a person to confirm; nothing is ever turned by it. Datums that put everything at the
same place (WGS84 and CGCS2000), or that the evidence does not separate, are said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from etl.datum_names import datum_name_zh
from etl.recognise_shifts import LEAST_SHIFT_M, LocalShift, local_shift, shifted_crs
from layers.catalog import Area
from layers.crs import SHIFTED_DATUMS, datum_error_m, to_geographic, transform_geometry

Floats = NDArray[np.float64]
SAME_PLACE_M = 5.0
N_PROPOSALS = 8
MOST_PLACES = 150
"""Features of a picture of a proposal."""
LEAST_INSIDE = 0.02
SOFTENING_M = 2.0
"""Added to distances before they are compared: nearer than this all are equally near."""
LEAST_COMPARED = 8
SEPARATED_Z = 3.0
"""Standard deviations of the sign test from which one datum is told from another."""
STATED_PRIOR, USUAL_PRIOR, OLD_PRIOR, SWAPPED_PRIOR = 1.0, 0.8, 0.5, 0.9
OLD_ERROR_M = 50.0
"""A datum that errs by more is one of the old ones."""
OLD_TOLD_APART_M = 20.0
"""Features that stand nearer to their former places than this are in no old datum: those are 50 m off and more nearly everywhere."""
TAIWAN_LON = (118.0, 123.0)
TAIWAN_LAT = (20.5, 26.5)
FAR_M = {"same": 50.0, "namesakes": 200.0}
"""Farther than this from their former places, or from features of the same name, the delivery's own features are in none of the datums tried."""
WEIGHTS = {"same": 3.0, "namesakes": 2.0, "lines": 2.0, "roads": 1.0, "buildings": 1.0, "outline": 1.0}
WORDS = {
    "same": ("与上次报送的同一要素相差中位 {0:,.0f} m({1} 个)", "median {0:,.0f} m from the same feature's former place ({1})"),
    "namesakes": ("与现状库中同名要素相差中位 {0:,.0f} m({1} 个)", "median {0:,.0f} m from features of the same name in the register ({1})"),
    "lines": ("距现状库中线状要素中位 {0:,.0f} m({1} 个)", "median {0:,.0f} m to a line of the register ({1})"),
    "roads": ("距道路中位 {0:,.0f} m({1} 个)", "median {0:,.0f} m to a road ({1})"),
    "buildings": ("距建筑物中位 {0:,.0f} m({1} 个)", "median {0:,.0f} m to a building ({1})"),
    "outline": ("距辖区界线中位 {0:,.0f} m({1} 个)", "median {0:,.0f} m to the outline of the area ({1})"),
}


@dataclass(frozen=True)
class DatumProposal:
    """One datum, 0 to 1, with what speaks for it; `same_place` lists others that put all features where it does."""

    crs: str
    score: float
    median_distance_m: float | None
    n_compared: int
    evidence_zh: str
    evidence_en: str
    accuracy_m: float
    axis_order: str = "xy"
    name: str = ""
    same_place: tuple[str, ...] = ()
    is_stated: bool = False
    not_told_from: tuple[str, ...] = ()
    apart_m: Mapping[str, float] = field(default_factory=dict)
    """Old datums that the same coordinates may be in, with the metres by which these would then be wrong, at most."""
    shift_m: tuple[float, float] | None = None
    """East and north, metres: the local shift of an old datum that was tried and is written into `crs` (``+towgs84``)."""
    name_zh: str = ""
    places: tuple[tuple[float, float], ...] = ()
    """Where it puts the delivery, for a picture: longitude and latitude of a share of the features, in the area's datum."""


@dataclass(frozen=True)
class Surroundings:
    """What is known of an area, in its metric CRS.

    `references`: features that places of the delivery stand near (``roads``, ``buildings``); `former`: the delivery's own
    features as they stood before, one point a row of the delivery (None where unknown); `namesakes`: likewise the one feature of
    a layer that has the row's name; `towns`: name -> polygon;
    `outline`: of the area, wider by its tolerance.
    """

    outline: BaseGeometry
    references: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    former: Floats | None = None
    namesakes: Floats | None = None
    towns: Mapping[str, BaseGeometry] = field(default_factory=dict)
    stated_towns: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Hypothesis:
    """A datum tried: its name in a manifest and the order of its axes."""

    crs: str
    axis_order: str = "xy"
    shift: LocalShift | None = None
    old: str = ""
    """The old CRS whose local shift `crs` holds."""

    @property
    def name(self) -> str:
        """What people call it."""
        if self.shift is not None:
            return f"{pyproj.CRS.from_user_input(self.old).name} + ({self.shift.east_m:.0f} m E, {self.shift.north_m:.0f} m N)"
        return self.crs if self.crs in SHIFTED_DATUMS else pyproj.CRS.from_user_input(self.crs).name

    @property
    def name_zh(self) -> str:
        """The same in Chinese."""
        if self.shift is not None:
            return f"{datum_name_zh(self.old)} + 当地平移(东 {self.shift.east_m:.0f} m、北 {self.shift.north_m:.0f} m)"
        return datum_name_zh(self.crs)


@dataclass
class Trial:
    """Where a hypothesis puts the delivery, and how well that agrees."""

    hypothesis: Hypothesis
    places: Floats
    inside: float
    distances: dict[str, Floats] = field(default_factory=dict)
    town_share: float | None = None
    same_place: list[str] = field(default_factory=list)
    score: float = 0.0

    def medians(self) -> dict[str, tuple[float, int]]:
        """Reference -> median distance in metres and number compared."""
        found = {}
        for name, distances in self.distances.items():
            finite = distances[np.isfinite(distances)]
            if len(finite):
                found[name] = (float(np.median(finite)), len(finite))
        return found


def _zones(lon_deg: float) -> Iterator[str]:
    """Gauss-Krueger zones of all three Chinese datums around a meridian, with and without the zone's number."""
    three, six = int((lon_deg + 1.5) // 3), int(lon_deg // 6) + 1
    for zone in (three, three - 1, three + 1):
        if 25 <= zone <= 45:
            yield from (f"EPSG:{first + zone - 25}" for first in (4534, 4513, 2370, 2349, 2422, 2401))
    for zone in (six, six - 1, six + 1):
        if 13 <= zone <= 23:
            yield from (f"EPSG:{first + zone - 13}" for first in (4502, 4491, 2338, 2327, 21453, 21413))


def hypotheses(area: Area, xy: Floats, stated: tuple[str, ...]) -> list[Hypothesis]:
    """Datums that coordinates of this size may be in, here; the stated ones first."""
    west, south, east, north = area.home
    lon, lat = (west + east) / 2, (south + north) / 2
    is_taiwan = TAIWAN_LON[0] < lon < TAIWAN_LON[1] and TAIWAN_LAT[0] < lat < TAIWAN_LAT[1]
    if np.nanmedian(np.abs(xy[:, 0])) <= 180 and np.nanmedian(np.abs(xy[:, 1])) <= 180:
        names = [area.storage_crs, "EPSG:4490", "EPSG:4326", *(["EPSG:3824", "EPSG:3821"] if is_taiwan else []), "GCJ-02", "BD-09",
                 *([] if is_taiwan else ["EPSG:4610", "EPSG:4214"])]
    else:
        names = [area.official_crs, *(["EPSG:3826", "EPSG:3825", "EPSG:3828"] if is_taiwan else []), *_zones(lon), "EPSG:3857",
                 f"EPSG:{32600 + int((lon + 180) // 6) + 1}"]
    every = list(dict.fromkeys(name for name in (*stated, *names) if name))
    return [Hypothesis(name, order) for name in every for order in ("xy", "yx")]


def datum_proposals(
    xy: Floats, area: Area, around: Surroundings, *, stated: tuple[str, ...] = (), layer_accuracy_m: float = 0.0
) -> list[DatumProposal]:
    """Datums by how well they agree with what is known, the best first.

    Parameters
    ----------
    xy : coordinates as delivered, one row a feature, NaN where there are none.
    around : what is known, in the area's metric CRS.
    stated : CRSs that the file or its manifest states; they are told of even where they cannot be.
    """
    given = xy[np.isfinite(xy).all(axis=1)]
    if not len(given):
        return []
    trials = [trial for entry in hypotheses(area, given, stated) for trial in [_tried(entry, xy, area, around)] if trial is not None]
    for crs in stated:
        _keep_stated(crs, trials)
    groups = _grouped([trial for trial in trials if trial.inside >= LEAST_INSIDE or (trial.hypothesis.crs in stated and trial.hypothesis.axis_order == "xy")], stated)
    for trial in groups:
        _compare(trial, around)
    _score(groups, stated)
    shifted = _with_shifts(trials, groups, xy, area, around)
    if shifted:
        groups = [*groups, *shifted]
        _score(groups, stated)
    ranked = sorted(groups, key=lambda trial: (-trial.score, trial.hypothesis.crs not in stated))
    best = ranked[0] if ranked else None
    shown = ranked[:N_PROPOSALS] + [trial for trial in ranked[N_PROPOSALS:] if trial.hypothesis.crs in stated]
    proposals = [replace(_proposal(trial, best, stated, layer_accuracy_m), places=_share_of(trial.places, area)) for trial in shown]
    if best is not None and proposals:
        proposals[0] = replace(proposals[0], apart_m={**proposals[0].apart_m, **_apart_from_rivals(best, shown[1:])})
    return proposals


def _share_of(places: Floats, area: Area) -> tuple[tuple[float, float], ...]:
    """Longitude and latitude of at most `MOST_PLACES` places, spread over the delivery's rows."""
    known = places[np.isfinite(places).all(axis=1)]
    chosen = known[:: max(1, -(-len(known) // MOST_PLACES))]
    if not len(chosen):
        return ()
    degrees = shapely.get_coordinates(transform_geometry(shapely.points(chosen), area.metric_crs, area.storage_crs))
    return tuple((round(lon, 5), round(lat, 5)) for lon, lat in degrees.tolist())


def _with_shifts(trials: list[Trial], groups: list[Trial], xy: Floats, area: Area, around: Surroundings) -> list[Trial]:
    """Old datums with the local shift that the evidence tells, one trial for all that then put the delivery at one place."""
    plain = [trial for trial in groups if trial.hypothesis.crs not in SHIFTED_DATUMS and trial.inside >= LEAST_INSIDE]
    base = max(plain, key=lambda trial: trial.score, default=None)
    shift = local_shift(base.places, around.references) if base is not None else None
    if base is None or shift is None:
        return []
    found = []
    for trial in trials:
        error_m = datum_error_m(trial.hypothesis.crs)
        if error_m <= OLD_ERROR_M or trial.hypothesis.axis_order != base.hypothesis.axis_order or len(trial.places) != len(base.places):
            continue
        east_m, north_m = np.nanmedian(base.places - trial.places, axis=0) + (shift.east_m, shift.north_m)
        if LEAST_SHIFT_M < np.hypot(east_m, north_m) <= error_m:
            own = replace(shift, east_m=round(float(east_m), 1), north_m=round(float(north_m), 1))
            entry = Hypothesis(shifted_crs(trial.hypothesis.crs, east_m, north_m, area), trial.hypothesis.axis_order, own, trial.hypothesis.crs)
            tried = _tried(entry, xy, area, around)
            found += [tried] if tried is not None else []
    merged = _grouped(found, ())
    for trial in merged:
        _compare(trial, around)
    return merged


def _keep_stated(crs: str, trials: list[Trial]) -> None:
    """A stated CRS that holds none of the coordinates is told as being nowhere."""
    if not any(trial.hypothesis.crs == crs for trial in trials):
        trials.append(Trial(Hypothesis(crs), np.full((0, 2), np.nan), 0.0))


def _tried(hypothesis: Hypothesis, xy: Floats, area: Area, around: Surroundings) -> Trial | None:
    places = placed(hypothesis, xy, area)
    is_place = np.isfinite(places).all(axis=1)
    if not is_place.any():
        return None
    points = shapely.points(places[is_place])
    shapely.prepare(around.outline)
    return Trial(hypothesis, places, float(shapely.contains(around.outline, points).sum() / np.isfinite(xy).all(axis=1).sum()))


def placed(hypothesis: Hypothesis, xy: Floats, area: Area) -> Floats:
    """Delivered coordinates in the area's metric CRS under a hypothesis; NaN where it has no such place."""
    turned = xy if hypothesis.axis_order == "xy" else xy[:, ::-1]
    is_given = np.isfinite(turned).all(axis=1)
    if hypothesis.crs in SHIFTED_DATUMS or pyproj.CRS.from_user_input(hypothesis.crs).is_geographic:
        is_given &= (np.abs(turned) <= (180.0, 90.0)).all(axis=1)
    found = np.full(xy.shape, np.nan)
    if is_given.any():
        degrees = to_geographic(shapely.points(turned[is_given]), hypothesis.crs, area.storage_crs)
        is_earth = np.isfinite(shapely.bounds(degrees)).all(axis=1)
        metric = np.full((len(degrees), 2), np.nan)
        if is_earth.any():
            metric[is_earth] = shapely.get_coordinates(transform_geometry(degrees[is_earth], area.storage_crs, area.metric_crs))
        found[is_given] = metric
    found[~np.isfinite(found).all(axis=1)] = np.nan
    return found


def _grouped(trials: list[Trial], stated: tuple[str, ...]) -> list[Trial]:
    """One trial for all datums that put every feature at the same place; a stated one speaks for its group."""
    groups: list[Trial] = []
    for trial in sorted(trials, key=lambda entry: (entry.hypothesis.crs not in stated, entry.hypothesis.axis_order)):
        twin = next((other for other in groups if _is_same_place(trial, other)), None)
        if twin is None:
            groups.append(trial)
        else:
            twin.same_place.append(f"{trial.hypothesis.crs}" + ("" if trial.hypothesis.axis_order == "xy" else " yx"))
    return groups


def _is_same_place(one: Trial, other: Trial) -> bool:
    if len(one.places) != len(other.places) or not len(one.places):
        return False
    apart = np.hypot(*(one.places - other.places).T)
    return bool((np.isfinite(one.places[:, 0]) == np.isfinite(other.places[:, 0])).all() and np.nanmax(apart, initial=0.0) < SAME_PLACE_M)


def _compare(trial: Trial, around: Surroundings) -> None:
    """Distances to what is known, and the share of places in the town they name."""
    if not len(trial.places):
        return
    is_place = np.isfinite(trial.places).all(axis=1)
    points = shapely.points(trial.places[is_place])
    for name, shapes in around.references.items():
        if len(shapes):
            distances = np.full(len(trial.places), np.nan)
            index, nearest = shapely.STRtree(shapes).query_nearest(points, return_distance=True, all_matches=False)
            distances[np.flatnonzero(is_place)[index[0]]] = nearest
            trial.distances[name] = distances
    if around.former is not None:
        trial.distances["same"] = np.hypot(*(trial.places - around.former).T)
    if around.namesakes is not None:
        trial.distances["namesakes"] = np.hypot(*(trial.places - around.namesakes).T)
    if around.towns and around.stated_towns:
        inside = [
            shapely.contains(around.towns[town], point)
            for town, point in zip(np.array(around.stated_towns, dtype=object)[is_place], points, strict=True)
            if town in around.towns
        ]
        trial.town_share = float(np.mean(inside)) if len(inside) >= LEAST_COMPARED else None


def _prior(trial: Trial, stated: tuple[str, ...]) -> float:
    """What a datum is worth before any evidence: one that the file or the source states most, old ones least."""
    if trial.hypothesis.crs in stated:
        return STATED_PRIOR
    usual = OLD_PRIOR if trial.hypothesis.shift is not None or datum_error_m(trial.hypothesis.crs) > SAME_PLACE_M else USUAL_PRIOR
    return usual * (1.0 if trial.hypothesis.axis_order == "xy" else SWAPPED_PRIOR)


def _score(trials: list[Trial], stated: tuple[str, ...]) -> None:
    """Share inside the area times agreement with the towns named times nearness to what is known, each against the best."""
    nearest: dict[str, float] = {}
    for trial in trials:
        if trial.inside >= LEAST_INSIDE:
            for name, (median, n) in trial.medians().items():
                if n >= LEAST_COMPARED or name == "same":
                    nearest[name] = min(nearest.get(name, np.inf), median)
    nearest = {name: min(median, FAR_M.get(name, np.inf)) for name, median in nearest.items()}
    most_inside = max((trial.inside for trial in trials), default=0.0)
    best_town = max((trial.town_share for trial in trials if trial.town_share is not None), default=0.0)
    for trial in trials:
        medians = trial.medians()
        parts = [
            (WEIGHTS.get(name, 1.0), (best + SOFTENING_M) / (medians[name][0] + SOFTENING_M)) for name, best in nearest.items() if name in medians
        ]
        near = float(np.exp(sum(w * np.log(q) for w, q in parts) / sum(w for w, _ in parts))) if parts else 1.0
        town = (trial.town_share / best_town) ** 2 if trial.town_share is not None and best_town else 1.0
        prior = _prior(trial, stated)
        trial.score = round(float(prior * trial.inside * (trial.inside / most_inside if most_inside else 0.0) * min(near, 1.0) * town), 4)


def _is_told_apart(best: Trial, other: Trial) -> bool:
    """Whether the evidence separates two datums: a sign test of the distances, or a clear difference in share."""
    if abs(best.inside - other.inside) > 0.1:
        return True
    if best.town_share is not None and other.town_share is not None and abs(best.town_share - other.town_share) > 0.05:
        return True
    for name in best.distances.keys() & other.distances.keys():
        gain = other.distances[name] - best.distances[name]
        gain = gain[np.isfinite(gain) & (np.abs(gain) > 0.5)]
        if len(gain) >= LEAST_COMPARED and (np.mean(gain > 0) - 0.5) / np.sqrt(0.25 / len(gain)) > SEPARATED_Z:
            return True
        if name == "same" and len(gain) and np.median(gain) > 10 * SAME_PLACE_M:
            return True
    return False


def _proposal(trial: Trial, best: Trial | None, stated: tuple[str, ...], layer_accuracy_m: float) -> DatumProposal:
    medians = trial.medians()
    zh, en = [f"落在辖区内 {trial.inside:.0%}"], [f"{trial.inside:.0%} inside the area"]
    if trial.town_share is not None:
        zh.append(f"落在所写乡镇内 {trial.town_share:.1%}")
        en.append(f"{trial.town_share:.1%} in the town they name")
    for name in WORDS:
        if name in medians:
            zh.append(WORDS[name][0].format(*medians[name]))
            en.append(WORDS[name][1].format(*medians[name]))
    others = [] if best is None or best is trial or _is_told_apart(best, trial) else [best.hypothesis.crs]
    shift = trial.hypothesis.shift
    if shift is not None:
        zh.append(f"试算{datum_name_zh(trial.hypothesis.old)}({trial.hypothesis.old})的当地平移: 东 {shift.east_m:.0f} m、北 {shift.north_m:.0f} m,未参与拟合的 {shift.n_judged} 处距道路、建筑物中位由 "
                  f"{shift.before_m:.0f} m 降为 {shift.after_m:.0f} m;仅为建议,确认后方可采用")
        en.append(f"local shift of {trial.hypothesis.old} tried: {shift.east_m:.0f} m east, {shift.north_m:.0f} m north; of {shift.n_judged} places it was not "
                  f"fitted on, the median to roads and buildings falls from {shift.before_m:.0f} m to {shift.after_m:.0f} m; a proposal, to be confirmed")
    apart_m = _apart_from_old(trial)
    same = [name for name in trial.same_place if name.split()[0] not in apart_m and not name.startswith("+")]
    if same:
        zh.append(f"与 {'、'.join(same)} 位置相同,无法区分")
        en.append(f"the same place as {', '.join(same)}: cannot be told apart")
    for crs, metres in apart_m.items():
        zh.append(f"若实为 {crs}({Hypothesis(crs).name_zh}),位置最多相差约 {metres:,.0f} m,无公开参数可换算,依据分不清")
        en.append(f"if it is {crs} ({Hypothesis(crs).name}) in truth, places are up to {metres:,.0f} m off; no parameters are published, and this evidence does not tell")
    if others:
        zh.append(f"依据不足,与 {others[0]} 分不清")
        en.append(f"cannot be told apart from {others[0]} by this evidence")
    if shift is not None and trial.same_place:
        zh.append("西安80与北京54各自平移后位置相同,须由报送单位说明是哪一种")
        en.append("Xian 1980 and Beijing 1954, each with its shift, put it at the same place: only the supplier knows which it is")
    first = next((name for name in WORDS if name in medians), None)
    for name, far_m in FAR_M.items():
        if name in medians and medians[name][0] > far_m and medians[name][1] >= LEAST_COMPARED and trial is best:
            zh.append("所试坐标系都与已入库位置不符,可能另有坐标系或整体偏移,请向报送单位核实")
            en.append("no datum tried brings them near the places the register holds: they may be in another one, or moved as a whole; ask the supplier")
            break
    if trial.hypothesis.crs in stated:
        zh.append("文件或来源登记所述")
        en.append("stated by the file or its source")
    accuracy_m = layer_accuracy_m + (datum_error_m(trial.hypothesis.crs) if shift is None else round(shift.error_m + SAME_PLACE_M, 1))
    return DatumProposal(
        trial.hypothesis.crs, trial.score, round(medians[first][0], 1) if first else None, medians[first][1] if first else 0,
        ";".join(zh), "; ".join(en), accuracy_m, trial.hypothesis.axis_order, trial.hypothesis.name, tuple(trial.same_place),
        trial.hypothesis.crs in stated, tuple(others), apart_m, None if shift is None else (shift.east_m, shift.north_m), trial.hypothesis.name_zh,
    )


def _apart_from_rivals(best: Trial, others: list[Trial]) -> dict[str, float]:
    """Old datums that the evidence does not tell from a newer one, with the metres between at most: the places' and the datum's."""
    if datum_error_m(best.hypothesis.crs) > OLD_ERROR_M:
        return {}
    apart_m = {}
    for other in others:
        error_m = datum_error_m(other.hypothesis.crs)
        if error_m > OLD_ERROR_M and len(other.places) == len(best.places) and not _is_told_apart(best, other):
            apart_m[other.hypothesis.crs] = error_m + float(np.nanmedian(np.hypot(*(best.places - other.places).T)))
    return apart_m


def _apart_from_old(trial: Trial) -> dict[str, float]:
    """Old datums in the group of a newer one, with the metres between them at most; none where former places tell."""
    median_m, n_same = trial.medians().get("same", (np.inf, 0))
    if datum_error_m(trial.hypothesis.crs) > OLD_ERROR_M or (n_same >= LEAST_COMPARED and median_m < OLD_TOLD_APART_M):
        return {}
    errors_m = {crs: datum_error_m(crs) for crs in dict.fromkeys(name.split()[0] for name in trial.same_place)}
    return {crs: metres for crs, metres in errors_m.items() if metres > OLD_ERROR_M}
