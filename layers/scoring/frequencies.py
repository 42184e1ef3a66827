"""How often: leaks of equipment, ignition, weather and wind; two sets of leak frequencies are kept side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from layers.errors import InputError
from layers.scoring.consequence.dispersion import STABILITIES
from layers.scoring.consequence.inputs import Floats, not_negative, positive
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

N_SECTORS = 16
SECTOR_DEG = 360.0 / N_SECTORS
SUM_TOLERANCE = 1e-6
LEAK_SOURCES = ("CPR18E-1999", "HJ169-2018")
LEAK_UNITS = ("per_year", "per_metre_year", "per_hour")
IGNITION_SUBJECTS = ("liquid", "gas_low", "gas_high")
SECONDS_PER_MINUTE = 60.0


@lru_cache(maxsize=2)
def load_leak_frequencies(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`leak_frequencies.csv`: one row an equipment, leak and source; ``frequency`` in the unit of ``per``."""
    path = folder / "leak_frequencies.csv"
    table = read_rules(
        path,
        texts=("equipment", "title_zh", "scenario", "per"),
        numbers=("frequency",),
        codes={"per": LEAK_UNITS, "standard_id": LEAK_SOURCES},
    )
    require(bool((table.frequency > 0).all()), path, "a frequency must be above zero")
    is_twice = table.duplicated(["standard_id", "equipment", "scenario"])
    require(not is_twice.any(), path, "an equipment's leak stands twice")
    return table


def leak_frequencies(equipment: str, *, source: str = LEAK_SOURCES[0]) -> dict[str, float]:
    """Leak -> frequency of one equipment, in the unit its rows name; CPR 18E unless HJ 169 is asked for.

    >>> leak_frequencies("pressure_vessel")["hole_10_mm"]
    1e-05
    """
    found = _leaks_by_equipment().get((source, equipment))
    if found is None:
        raise InputError("equipment", f"{equipment!r} has no leak frequency in {source}")
    return dict(found)


@lru_cache(maxsize=1)
def _leaks_by_equipment() -> dict[tuple[str, str], dict[str, float]]:
    found: dict[tuple[str, str], dict[str, float]] = {}
    table = load_leak_frequencies()
    for row in table.itertuples():
        found.setdefault((str(row.standard_id), str(row.equipment)), {})[str(row.scenario)] = float(row.frequency)
    return found


@lru_cache(maxsize=2)
def load_ignition(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`ignition.csv`: direct ignition by amount, ignition sources, the split of a cloud that ignites late."""
    path = folder / "ignition.csv"
    table = read_rules(
        path,
        texts=("kind", "subject", "release"),
        numbers=("probability",),
        optional_numbers=("from_amount", "to_amount"),
        codes={"kind": ("direct", "delayed", "split"), "release": ("continuous", "instantaneous", "")},
    )
    require(bool((table.probability <= 1).all()), path, "a probability exceeds 1")
    split = table[table.kind == "split"]
    require(abs(float(split.probability.sum()) - 1) < SUM_TOLERANCE, path, "the split must sum to 1")
    for (subject, _), rows in table[table.kind == "direct"].groupby(["subject", "release"]):
        require(subject in IGNITION_SUBJECTS, path, f"unknown subject {subject}")
        ends, starts = rows.to_amount.to_numpy(), rows.from_amount.to_numpy()
        is_joined = starts[0] == 0 and np.isnan(ends[-1]) and (starts[1:] == ends[:-1]).all()
        require(
            bool(is_joined and (np.diff(starts) > 0).all()),
            path,
            f"bands of {subject} leave a gap or overlap",
        )
    return table


def direct_ignition(subject: str, release: str, amount: float) -> float:
    """Probability that a release ignites at once, CPR 18E table 4.5; `amount` in kg/s, or kg when instantaneous.

    The middle band holds both of its bounds.

    >>> direct_ignition("gas_high", "continuous", 9.99), direct_ignition("gas_high", "continuous", 100)
    (0.2, 0.5)
    """
    small_end, middle_end, probabilities = _direct_bands(subject, release)
    size = float(not_negative("amount", amount))
    return probabilities[0 if size < small_end else 1 if size <= middle_end else 2]


@lru_cache(maxsize=16)
def _direct_bands(subject: str, release: str) -> tuple[float, float, tuple[float, ...]]:
    table = load_ignition()
    rows = table[(table.kind == "direct") & (table.subject == subject) & (table.release == release)]
    if rows.empty:
        raise InputError("subject", f"no ignition of {subject!r} {release!r}")
    small_end, middle_end = rows.to_amount.to_numpy()[:2]
    return float(small_end), float(middle_end), tuple(map(float, rows.probability))


@lru_cache(maxsize=4)
def band_ends(release: str) -> tuple[float, ...]:
    """Amounts at which direct ignition steps up."""
    table = load_ignition()
    ends = table[(table.kind == "direct") & (table.release == release)].to_amount.dropna()
    return tuple(sorted({float(end) for end in ends}))


@lru_cache(maxsize=64)
def delayed_ignition(source: str, seconds: float = SECONDS_PER_MINUTE) -> float:
    """Probability that a source ignites a cloud over it within a time: ``1 - exp(-w t)``, the table at one minute."""
    table = load_ignition()
    rows = table[(table.kind == "delayed") & (table.subject == source)]
    if rows.empty:
        raise InputError("source", f"{source!r} is no ignition source of ignition.csv")
    minutes = float(not_negative("seconds", seconds)) / SECONDS_PER_MINUTE
    return float(1 - (1 - float(rows.probability.iloc[0])) ** minutes)


@lru_cache(maxsize=1)
def cloud_split() -> tuple[float, float]:
    """Shares of flash fire and explosion of a cloud that ignites late."""
    table = load_ignition().query("kind == 'split'").set_index("subject")["probability"]
    return float(table["flash_fire"]), float(table["explosion"])


@lru_cache(maxsize=2)
def _low_reactivity(folder: Path = RULES_DIR) -> frozenset[str]:
    path = folder / "gas_reactivity.csv"
    table = read_rules(path, texts=("cas", "name", "reactivity"), codes={"reactivity": ("low",)})
    require(table.cas.is_unique, path, "a gas stands twice")
    return frozenset(table.cas)


def ignition_subject(cas: str, state: str) -> str:
    """Row of table 4.5 that a substance falls under; liquids that burn count as K1 (flash point unknown)."""
    if state == "liquid":
        return "liquid"
    return "gas_low" if cas in _low_reactivity() else "gas_high"


@dataclass(frozen=True)
class WeatherClass:
    """A stability class with its wind at 10 m and its share of the year."""

    weather_id: str
    stability: str
    wind_m_s: float
    share: float


def default_weather(folder: Path = RULES_DIR) -> tuple[WeatherClass, ...]:
    """The six classes of `weather_classes.csv`."""
    path = folder / "weather_classes.csv"
    table = read_rules(path, texts=("weather_id", "stability"), numbers=("wind_m_s", "share"))
    return weather_classes(table)


def weather_classes(table: pd.DataFrame) -> tuple[WeatherClass, ...]:
    """Weather from a frame with ``weather_id``, ``stability``, ``wind_m_s`` and ``share``.

    Raises `InputError` naming the row where a value cannot be, and where shares do not sum to 1.
    """
    if table.empty:
        raise InputError("weather", "no weather class")
    found = []
    for row in table.itertuples():
        name = str(row.weather_id)
        if row.stability not in STABILITIES:
            raise InputError(f"weather {name} stability", f"{row.stability!r} must be A to F")
        wind, part = (
            positive(f"weather {name} wind_m_s", row.wind_m_s),
            not_negative(f"weather {name} share", row.share),
        )
        found.append(WeatherClass(name, str(row.stability), float(wind), float(part)))
    _require_whole("weather share", [weather.share for weather in found])
    if len({weather.weather_id for weather in found}) < len(found):
        raise InputError("weather_id", "a class stands twice")
    return tuple(found)


def checked_weather(weather: Sequence[WeatherClass] | None) -> tuple[WeatherClass, ...]:
    """The classes given, refused where they are no whole year; the default ones for None."""
    if weather is None:
        return default_weather()
    return weather_classes(pd.DataFrame([asdict(entry) for entry in weather]))


def _require_whole(field: str, shares: list[float] | Floats) -> None:
    total = float(np.sum(shares))
    if not abs(total - 1) <= SUM_TOLERANCE:
        raise InputError(field, f"sums to {total:g}, must be 1")


@dataclass(frozen=True)
class WindRose:
    """Share of each of 16 directions that the wind comes from, sector 0 centred on north, clockwise.

    `shares` holds one row for all weather (`weather_ids` empty), or one row a weather class; rows sum to 1.
    """

    shares: Floats
    weather_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shares = not_negative("wind_rose", self.shares)
        if shares.ndim != 2 or shares.shape != (max(1, len(self.weather_ids)), N_SECTORS):
            raise InputError("wind_rose", f"has shape {shares.shape}, needs {N_SECTORS} sectors a row")
        for row in shares:
            _require_whole("wind_rose", row)

    def of(self, weather_id: str) -> Floats:
        """The 16 shares under a weather class."""
        if not self.weather_ids:
            return np.asarray(self.shares[0])
        if weather_id not in self.weather_ids:
            raise InputError("wind_rose", f"no row for weather {weather_id}")
        return np.asarray(self.shares[self.weather_ids.index(weather_id)])

    def rotated(self, n_sectors: int) -> WindRose:
        """The rose turned clockwise by whole sectors."""
        return WindRose(np.roll(self.shares, n_sectors, axis=1), self.weather_ids)


def default_wind_rose(folder: Path = RULES_DIR) -> WindRose:
    """`wind_rose_default.csv`: all directions alike, until the county's station is given."""
    path = folder / "wind_rose_default.csv"
    return wind_rose(read_rules(path, numbers=("from_deg", "share")))


def wind_rose(table: pd.DataFrame) -> WindRose:
    """A rose from a frame with ``from_deg`` (0, 22.5 ... 337.5), ``share`` and perhaps ``weather_id``.

    Raises `InputError` naming the row for a direction that is no sector's centre, a share that cannot be, and
    where a rose is empty, lacks a sector or does not sum to 1.
    """
    if table.empty:
        raise InputError("wind_rose", "is empty")
    if "weather_id" not in table.columns:
        return WindRose(_sixteen(table, "")[None, :])
    ids = tuple(dict.fromkeys(map(str, table.weather_id)))
    return WindRose(
        np.stack([_sixteen(table[table.weather_id.astype(str) == name], name) for name in ids]), ids
    )


def _sixteen(rows: pd.DataFrame, name: str) -> Floats:
    shares = np.full(N_SECTORS, np.nan)
    for row in rows.itertuples():
        where = f"wind_rose {name} from_deg {row.from_deg}".replace("  ", " ")
        sector = float(not_negative(where, row.from_deg)) / SECTOR_DEG
        if sector != int(sector) or sector >= N_SECTORS or np.isfinite(shares[int(sector)]):
            raise InputError(where, "must be one of 0, 22.5 ... 337.5, each once")
        shares[int(sector)] = not_negative(where, row.share)
    if np.isnan(shares).any():
        raise InputError("wind_rose", f"{name} lacks {SECTOR_DEG * int(np.isnan(shares).argmax()):g} degrees")
    _require_whole(f"wind_rose {name}".strip(), shares)
    return shares


def weather_of(table: pd.DataFrame | None) -> tuple[tuple[WeatherClass, ...], WindRose] | None:
    """The county's weather from rows of the layer `weather`: classes and how often each blows from where.

    None without rows: the defaults stand in. Every class needs its sixteen directions, all together make the whole year.

    Raises
    ------
    InputError
        A class has two stabilities or winds, lacks a direction, or the year is not whole; `field` names it.
    """
    if table is None or table.empty:
        return None
    rows = table.assign(share=[float(not_negative("weather share_pct", value)) / 100 for value in table["share_pct"]])
    _require_whole("weather share_pct", rows.share.to_numpy())
    of_class = rows.groupby("weather_id", sort=True)
    for name, part in of_class:
        if part[["stability", "wind_m_s"]].drop_duplicates().shape[0] > 1:
            raise InputError(f"weather {name}", "has two stabilities or wind speeds")
    shares = of_class["share"].sum()
    names = [str(name) for name in shares.index[shares > 0]]
    heads = of_class[["stability", "wind_m_s"]].first().loc[names]
    classes = heads.assign(weather_id=names, share=shares.loc[names] / shares.sum())
    roses = [
        part.assign(share=part.share / part.share.sum())[["weather_id", "from_deg", "share"]]
        for name, part in of_class
        if name in names
    ]
    return weather_classes(classes), wind_rose(pd.concat(roses, ignore_index=True))
