"""Random fields, lines and streams: the roughness that keeps a made county from looking ruled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
Rng = np.random.Generator

SUBJECTS = (
    "terrain",
    "towns",
    "lattices",
    "roads",
    "settlements",
    "enterprises",
    "hazards",
    "pipelines",
    "accidents",
    "targets",
    "services",
    "offices",
    "quarters",
    "faults",
    "names",
    "stored",
    "wells",
    "shops",
    "land_use",
)


def stream(seed: int, subject: str) -> Rng:
    """The random numbers of one subject; a change in one subject leaves the others as they were."""
    return np.random.Generator(np.random.PCG64([seed, SUBJECTS.index(subject)]))


def fractal_field(rng: Rng, shape: tuple[int, int], *, exponent: float) -> Floats:
    """Random field with power falling as frequency to the `-exponent`, scaled to mean 0 and deviation 1."""
    spectrum = np.fft.rfft2(rng.standard_normal(shape))
    rows = np.fft.fftfreq(shape[0])[:, None] * shape[0]
    columns = np.fft.rfftfreq(shape[1])[None, :] * shape[1]
    radius = np.hypot(rows, columns)
    radius[0, 0] = np.inf
    field = np.fft.irfft2(spectrum * radius ** (-exponent / 2), s=shape)
    return np.asarray((field - field.mean()) / field.std())


def sampled(field: Floats, rows: Floats, columns: Floats) -> Floats:
    """Bilinear values of a field at fractional rows and columns; the edge value holds beyond the edge."""
    return np.asarray(ndimage.map_coordinates(field, [rows, columns], order=1, mode="nearest"))


def meander(rng: Rng, points: Floats, *, rounds: int, strength: float) -> Floats:
    """A line, shape (n, 2), roughened by displacing midpoints across it, then rounded off."""
    line = np.asarray(points, float)
    for _ in range(rounds):
        ahead = np.diff(line, axis=0)
        across = np.column_stack([-ahead[:, 1], ahead[:, 0]])
        middle = (line[:-1] + line[1:]) / 2 + across * rng.uniform(-strength, strength, (len(ahead), 1))
        woven = np.empty((len(line) + len(middle), 2))
        woven[0::2], woven[1::2] = line, middle
        line = woven
    return rounded(line, rounds=2)


def rounded(line: Floats, *, rounds: int) -> Floats:
    """A line with its corners cut (Chaikin); the ends stay where they are."""
    for _ in range(rounds):
        if len(line) < 3:
            return line
        near, far = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
        woven = np.empty((2 * len(near), 2))
        woven[0::2], woven[1::2] = near, far
        woven[0], woven[-1] = line[0], line[-1]
        line = woven
    return line


def rounded_ring(ring: Floats, *, rounds: int) -> Floats:
    """A closed ring (first point repeated at the end) with its corners cut."""
    for _ in range(rounds):
        near, far = 0.75 * ring[:-1] + 0.25 * ring[1:], 0.25 * ring[:-1] + 0.75 * ring[1:]
        woven = np.empty((2 * len(near) + 1, 2))
        woven[0:-1:2], woven[1:-1:2] = near, far
        woven[-1] = woven[0]
        ring = woven
    return ring
