"""Drawings whose features have no number of their own: a feature is known by its shape.

A position in the file would change with the next delivery; the shape changes only when the drawing does.
Lines drawn once for each direction have the same shape and are folded (`join` in `job_options`).
"""

from __future__ import annotations

import hashlib

import numpy as np
import shapely
from numpy.typing import NDArray

from etl.jobs.folding import fold_rows
from etl.manifest import Manifest
from etl.read import Batch

KEY_DIGITS = 10


def prepare(batch: Batch, manifest: Manifest) -> Batch:
    """Add `shape_key` and fold rows of the same shape whose attributes agree.

    `job_options`: `grid`, the step to which coordinates are rounded, in units of the delivered CRS;
    `join` and `may_differ` as in `fold_rows`.
    """
    options = dict(manifest.job_options)
    batch.frame["shape_key"] = shape_keys(batch.frame["geometry"].to_numpy(), grid=options.pop("grid"))
    return fold_rows(batch, **options)


def shape_keys(geometries: NDArray[np.object_], *, grid: float) -> list[str]:
    """Ten hexadecimal digits of each geometry, the same for a line and its reverse; empty for none.

    >>> shape_keys(shapely.from_wkt(["LINESTRING (0 0, 1 1)", "LINESTRING (1 1, 0.001 0)"]), grid=0.01)
    ['7331aabb4c', '7331aabb4c']
    """
    rounded = shapely.transform(geometries, lambda xy: np.round(xy / grid) + 0.0)
    texts = shapely.to_wkb(shapely.normalize(rounded), byte_order=1)
    return ["" if wkb is None else hashlib.sha256(wkb).hexdigest()[:KEY_DIGITS] for wkb in texts]
