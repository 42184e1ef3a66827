"""Clouds heavier than air by the correlation of Britter and McQuaid (HSE 17/1988), ground level and flat terrain.

A screening simplification: the correlation gives the highest concentration on the axis; across the wind the cloud is
taken as uniform out to its half width. Terrain, buildings, jets and heat from the ground are not followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from layers.scoring.consequence.inputs import (
    GRAVITY_M_S2,
    Floats,
    assumed,
    coefficient,
    not_negative,
    positive,
)
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

RELEASES = ("continuous", "instantaneous")


@dataclass(frozen=True)
class Curve:
    """Scaled distance (log10, `beta`) at which a relative concentration is met, by `alpha`."""

    concentration: float
    alpha: Floats
    beta: Floats


@lru_cache(maxsize=2)
def load_curves(folder: Path = RULES_DIR) -> dict[str, tuple[Curve, ...]]:
    """Curves by kind of release, the highest concentration first; they must not cross."""
    path = folder / "dense_gas_correlation.csv"
    table = read_rules(
        path,
        texts=("release", "alpha"),
        numbers=("relative_concentration", "beta"),
        codes={"release": RELEASES},
    )
    curves = {}
    for release, rows in table.groupby("release"):
        levels = sorted(rows.groupby("relative_concentration"), key=lambda pair: -float(pair[0]))
        curves[str(release)] = tuple(
            Curve(float(level), part.alpha.astype(float).to_numpy(), part.beta.to_numpy())
            for level, part in levels
        )
        _check_curves(path, curves[str(release)])
    return curves


def _check_curves(path: Path, curves: tuple[Curve, ...]) -> None:
    everywhere = np.linspace(-1.0, 1.0, 201)
    betas = np.array([np.interp(everywhere, curve.alpha, curve.beta) for curve in curves])
    require(all((np.diff(curve.alpha) > 0).all() for curve in curves), path, "alpha must grow along a curve")
    require(bool((np.diff(betas, axis=0) > 0).all()), path, "curves of two concentrations cross")


@dataclass(frozen=True)
class DenseSource:
    """A release at the ground: volume (m3, or m3/s when continuous) at the source's density, wind at 10 m."""

    release: str
    volume: float
    reduced_gravity_m_s2: float
    wind_m_s: float

    @property
    def length_m(self) -> float:
        """D = sqrt(V/u) of a continuous release, V^(1/3) of an instantaneous one."""
        if self.release == "continuous":
            return float(np.sqrt(self.volume / self.wind_m_s))
        return float(np.cbrt(self.volume))

    @property
    def alpha(self) -> float:
        """0.2 log10(g² V/u⁵), or 0.5 log10(g V^(1/3)/u²)."""
        g, u = self.reduced_gravity_m_s2, self.wind_m_s
        if self.release == "continuous":
            return float(0.2 * np.log10(g * g * self.volume / u**5))
        return float(0.5 * np.log10(g * np.cbrt(self.volume) / u**2))

    @property
    def buoyancy_length_m(self) -> float:
        return self.volume * self.reduced_gravity_m_s2 / self.wind_m_s**3


def dense_source(release: str, volume: float, *, density_kg_m3: float, wind_m_s: float) -> DenseSource:
    """A source of a density (kg/m3, above that of air) and volume (m3, or m3/s when continuous)."""
    excess = float(positive("density_kg_m3", density_kg_m3)) / assumed("air_density") - 1
    return DenseSource(
        release,
        float(positive("volume", volume)),
        float(positive("density_kg_m3 above air", GRAVITY_M_S2 * excess)),
        float(positive("wind_m_s", wind_m_s)),
    )


def relative_concentration(source: DenseSource, x_m: npt.ArrayLike) -> Floats:
    """Highest concentration on the axis over that at the source, at distances downwind.

    Between the curves log10 c is linear in log10 x; beyond the last it falls as x^-2; before the first one
    ``k/(k + x'²)``, never below the first curve. More volume never lowers it at a point.
    """
    curves = load_curves()[source.release]
    betas = np.array([np.interp(source.alpha, curve.alpha, curve.beta) for curve in curves])
    levels = np.log10([curve.concentration for curve in curves])
    near = coefficient(f"dense_near_{source.release}")
    scaled = np.maximum(not_negative("x_m", x_m) / source.length_m, 1e-9)
    end = min(np.log10(coefficient("dense_near_end")), betas[0]) if source.release == "continuous" else betas[0]
    near_value = np.maximum(np.log10(near / (near + scaled**2)), levels[0])
    if end < betas[0]:
        start = np.log10(near / (near + coefficient("dense_near_end") ** 2))
        betas, levels = np.r_[end, betas], np.r_[start, levels]
    place = np.log10(scaled)
    between = np.interp(place, betas, levels)
    beyond = levels[-1] - 2 * (place - betas[-1])
    value = np.where(place <= end, near_value, np.where(place <= betas[-1], between, beyond))
    return np.asarray(10.0**value)


def half_width_m(source: DenseSource, x_m: npt.ArrayLike) -> Floats:
    """Half the width of the cloud at distances downwind.

    Continuous: ``D + 8 lb + 2.5 lb^(1/3) x^(2/3)``, lb = V g/u³. Instantaneous: the radius when its centre is
    there, ``sqrt(R0² + 1.2 sqrt(g V) t)``, t = x/(0.4 u), R0 that of a sphere of the volume.
    """
    x = not_negative("x_m", x_m)
    if source.release == "continuous":
        lb = source.buoyancy_length_m
        growth = coefficient("dense_width_growth") * np.cbrt(lb) * np.cbrt(x) ** 2
        return np.asarray(source.length_m + coefficient("dense_width_source") * lb + growth)
    first2 = np.cbrt(3 * source.volume / (4 * np.pi)) ** 2
    time = x / (coefficient("dense_drift_share") * source.wind_m_s)
    spreading = coefficient("dense_spreading") * np.sqrt(source.reduced_gravity_m_s2 * source.volume)
    return np.asarray(np.sqrt(first2 + spreading * time))


def upwind_m(source: DenseSource) -> float:
    """How far the cloud reaches against the wind: ``D/2 + 2 lb``, or the first radius."""
    if source.release == "continuous":
        return source.length_m / 2 + coefficient("dense_upwind") * source.buoyancy_length_m
    return float(half_width_m(source, 0.0))
