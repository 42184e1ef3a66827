"""What changes from one delivery to the next, and why: nothing else differs between the quarters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import shapely

from data.sample.accidents import PARTIAL_DAYS, PARTIAL_YEAR
from data.sample.county import County
from data.sample.names import person_name
from data.sample.noise import Rng
from data.sample.offices import GENERAL_DANGERS
from data.sample.plants import CLOSED_PLANT_ID, NEW_PROJECT_ID, RECTIFIED_PLANT_ID
from data.sample.targets import target_class

RECTIFIED_ON, CLOSED_ON = date(2026, 6, 12), date(2026, 8, 27)
RECTIFIED_SCORE = 71.5
MENDED_PLANT_IDS = {2: RECTIFIED_PLANT_ID, 3: "YC000002"}
"""Plants whose major hidden danger is closed by the second and third delivery."""
MOVED_IDS = ("YC000103", "YC001125", "YC001140")
MOVED_BY_M = (118.0, -76.0)
NEW_MAJOR_DANGER = ("YC000020", "氢气站未设置可燃气体检测报警", date(2026, 8, 14), date(2026, 11, 30))


NEW_TARGETS = (
    ("FH-GA090", "化工园区警务室", "police", 22, "YC000001", (124.0, 157.0)),
    ("FH-ZJ090", "石桥寺", "religion", 60, "YC000003", (-230.0, -60.0)),
)
"""Number, name, category, persons; the plant beside whose first unit it opens, and how far east and north of it, metres.

The first stands inside the contour 3e-6 of a report in force, the second where our screening of a plant without one
exceeds the limit of its class.
"""


@dataclass(frozen=True)
class Quarter:
    """One delivery: its number (1-3), its label and the date up to which it holds."""

    number: int
    label: str
    as_of: date


QUARTERS = (
    Quarter(1, "2026Q1", date(2026, 3, 31)),
    Quarter(2, "2026Q2", date(2026, 6, 30)),
    Quarter(3, "2026Q3", date(2026, 9, 30)),
)


def county_at(county: County, quarter: Quarter, rng: Rng) -> County:
    """The county as the offices know it at the end of a quarter; `rng` starts alike for every quarter."""
    enterprises = _enterprises(county.enterprises, quarter)
    ids = set(enterprises["enterprise_id"])
    units = county.units[county.units["enterprise_id"].isin(ids)]
    units = units.assign(
        status=np.where(
            units["enterprise_id"].eq(CLOSED_PLANT_ID) & (quarter.number >= 3), "closed", units["status"]
        )
    )
    if quarter.number >= 3:
        moved = units["enterprise_id"].isin(MOVED_IDS)
        units.loc[moved, "geometry"] = shapely.transform(
            units.loc[moved, "geometry"].to_numpy(), lambda xy: xy + MOVED_BY_M
        )
    gone = set(units.loc[units["status"] == "closed", "unit_id"])
    chemicals = county.chemicals[county.chemicals["unit_id"].isin(set(units["unit_id"]) - gone)]
    last_day = pd.Timestamp(PARTIAL_YEAR, 1, 1) + timedelta(days=PARTIAL_DAYS[quarter.number - 1])
    return replace(
        county,
        enterprises=enterprises,
        units=units,
        chemicals=chemicals,
        accidents=county.accidents[county.accidents["occurred_at"] < last_day],
        hidden_dangers=_hidden_dangers(county, quarter, rng),
        declared_levels=_declared_levels(county, quarter),
        gathering_places=_gathering_places(county, quarter),
    )


def _gathering_places(county: County, quarter: Quarter) -> pd.DataFrame:
    """Two targets open beside plants by the third delivery; they come first, the ones without a position stay last."""
    frame = county.gathering_places
    if quarter.number < 3:
        return frame
    first = county.units.drop_duplicates("enterprise_id").set_index("enterprise_id")["geometry"]
    rows = [
        {"target_id": target_id, "name": name, "category": category, "target_class": target_class(category), "n_persons": n_persons,
         "n_households": None, "in_service_on": date(2026, 8, 1),
         "geometry": shapely.Point(first[plant].centroid.x + east_m, first[plant].centroid.y + north_m)}
        for target_id, name, category, n_persons, plant, (east_m, north_m) in NEW_TARGETS
    ]  # fmt: skip
    return pd.concat([pd.DataFrame(rows), frame], ignore_index=True)


def _enterprises(enterprises: pd.DataFrame, quarter: Quarter) -> pd.DataFrame:
    frame = enterprises[enterprises["first_quarter"] <= quarter.number].copy()
    if quarter.number >= 2:
        at = frame["enterprise_id"] == RECTIFIED_PLANT_ID
        frame.loc[at, ["declared_level", "control_score"]] = ["orange", RECTIFIED_SCORE]
        frame.loc[at, "declared_on"] = RECTIFIED_ON
        frame.loc[at, "remark"] = "重大隐患整改验收合格,由红降橙"
    if quarter.number >= 3:
        at = frame["enterprise_id"] == CLOSED_PLANT_ID
        frame.loc[at, "status"] = "closed"
        frame.loc[at, "remark"] = f"{CLOSED_ON.isoformat()}关闭,装置已拆除"
        at = frame["enterprise_id"] == NEW_PROJECT_ID
        frame.loc[at, "remark"] = "新建项目,2026年8月试生产"
        moved = frame["enterprise_id"].isin(MOVED_IDS)
        frame.loc[moved, ["x", "y"]] += np.array(MOVED_BY_M)
    return frame


def _hidden_dangers(county: County, quarter: Quarter, rng: Rng) -> pd.DataFrame:
    """At each later delivery the plant's danger and a third of the general ones are closed."""
    frame = county.hidden_dangers.copy()
    ids = county.enterprises["enterprise_id"].to_numpy()[40:400]
    for number in range(2, quarter.number + 1):
        is_open = (frame["status"] == "open") & (frame["severity"] == "general")
        frame.loc[is_open & (rng.random(len(frame)) < 0.34), "status"] = "closed"
        frame.loc[frame["enterprise_id"] == MENDED_PLANT_IDS[number], "status"] = "closed"
        new = [
            _new_danger(rng, len(frame) + row + 1, str(rng.choice(ids)), number)
            for row in range(5 if number == 2 else 8)
        ]
        frame = pd.concat([frame, pd.DataFrame(new)], ignore_index=True)
    if quarter.number >= 3:
        enterprise_id, text, found_on, deadline_on = NEW_MAJOR_DANGER
        major = _new_danger(rng, len(frame) + 1, enterprise_id, 3) | {
            "severity": "major",
            "description": text,
            "found_on": found_on,
            "deadline_on": deadline_on,
        }
        frame = pd.concat([frame, pd.DataFrame([major])], ignore_index=True)
    return frame


def _new_danger(rng: Rng, number: int, enterprise_id: str, quarter: int) -> dict[str, object]:
    found_on = date(2026, 3 * quarter - 2, 3) + timedelta(days=int(rng.integers(80)))
    return {
        "danger_id": f"YH2026{number:04d}",
        "enterprise_id": enterprise_id,
        "severity": "general",
        "description": GENERAL_DANGERS[int(rng.integers(len(GENERAL_DANGERS)))],
        "found_on": found_on,
        "deadline_on": found_on + timedelta(days=int(rng.integers(100, 170))),
        "responsible_person": person_name(rng),
        "status": "open",
    }


def _declared_levels(county: County, quarter: Quarter) -> pd.DataFrame:
    frame = county.declared_levels[county.declared_levels["enterprise_id"] != NEW_PROJECT_ID].copy()
    if quarter.number >= 2:
        at = frame["enterprise_id"] == RECTIFIED_PLANT_ID
        frame.loc[at, "level"] = "orange"
        frame.loc[at, "declared_on"] = RECTIFIED_ON
    return frame
