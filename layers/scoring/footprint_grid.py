"""The fixed radii and angles of footprints, and the compiled loops that lay a cloud on them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from layers.scoring.consequence.inputs import Floats

RADII_M: Floats = np.r_[np.arange(0.0, 300.0, 10.0), 300.0 * 1.03 ** np.arange(143)]
"""0 to 300 m in steps of 10 m, then 3 % apart to 20 km."""
N_ANGLES = 144
STEP_DEG = 360.0 / N_ANGLES
N_HALF = N_ANGLES // 2 + 1
"""Angles off the wind from 0 to 180 degrees; the other side is the same."""
SUB_ANGLES = 5
"""Each angle is the mean of so many, half a degree apart: clouds may be narrower than a step."""


@njit(cache=True, inline="always")
def _angle(j, k):  # type: ignore[no-untyped-def]
    """Sub-angle k of angle j, radians."""
    return (j * STEP_DEG + (k - SUB_ANGLES // 2) * (STEP_DEG / SUB_ANGLES)) * math.pi / 180.0


@njit(cache=True)
def uniform_death(radii, death, half_width, upwind):  # type: ignore[no-untyped-def]
    """Mean over the sub-angles of a death that is uniform across the wind out to a half width."""
    out = np.zeros((len(radii), N_HALF))
    last = 0
    for i in range(len(radii)):
        if death[i] > 0.0:
            last = i
    if death[0] <= 0.0:
        return out
    for j in range(N_HALF):
        for k in range(SUB_ANGLES):
            cos, sin = math.cos(_angle(j, k)), abs(math.sin(_angle(j, k)))
            at = 0
            for i in range(len(radii)):
                x, y = radii[i] * cos, radii[i] * sin
                if x < -upwind - 1e-9 or x > radii[min(last + 1, len(radii) - 1)]:
                    break
                x = max(x, 0.0)
                while at < len(radii) - 2 and radii[at + 1] <= x:
                    at += 1
                part = (x - radii[at]) / (radii[at + 1] - radii[at])
                if y <= half_width[at] + part * (half_width[at + 1] - half_width[at]):
                    out[i, j] += (death[at] + part * (death[at + 1] - death[at])) / SUB_ANGLES
    return out


@njit(cache=True)
def gaussian_death(radii, value, sigma, slope, least):  # type: ignore[no-untyped-def]
    """Mean over the sub-angles of a death whose probit falls by ``slope y²/2s²`` off the axis; none upwind."""
    out = np.zeros((len(radii), N_HALF))
    none_below = 5.0 - math.sqrt(-2.0 * math.log(2.0 * least))  # a death there is below `least` (Chernoff): not worked out
    for j in range(N_HALF):
        for k in range(SUB_ANGLES):
            cos, sin = math.cos(_angle(j, k)), math.sin(_angle(j, k))
            if cos <= 0.0:
                continue
            at = 0
            for i in range(len(radii)):
                x, y = radii[i] * cos, radii[i] * sin
                while at < len(radii) - 2 and radii[at + 1] <= x:
                    at += 1
                part = (x - radii[at]) / (radii[at + 1] - radii[at])
                s = sigma[at] + part * (sigma[at + 1] - sigma[at])
                probit = value[at] + part * (value[at + 1] - value[at]) - slope * y * y / (2.0 * s * s)
                if probit < none_below:
                    continue
                death = 0.5 * math.erfc((5.0 - probit) / math.sqrt(2.0))
                if death >= least:
                    out[i, j] += death / SUB_ANGLES
    return out
