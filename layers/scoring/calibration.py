"""Chainage as it is written on the posts: marker posts and stations with a stated chainage calibrate a line.

Between two posts that agree with the drawing the stated difference is spread evenly. A chainage equation (断链) states two
chainages at one place; where a line has a gap the chainages on both sides of it are kept; a difference that neither
explains is spread over the stretch between the two posts, and that stretch is told as estimated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from layers.scoring.chainage import ON_LINE_M, Chainage, Knot, start_of
from layers.scoring.measure import Floats

POST_LAYERS = ("pipeline_markers", "pipeline_stations")
FARTHEST_POST_M = 100.0
"""Metres from the line beyond which a post does not calibrate it: a station's ground lies beside its line."""
SLACK_M = 20.0
SLACK_SHARE = 0.05
"""Stated and drawn lengths between two posts may differ by so much: slopes, and lines drawn with few vertices."""
WINDOW_POSTS = 60
"""So many posts back the one that a post follows is sought."""
BREAK_COST = 1.5
"""Posts that a difference without an equation costs: only where more agree beyond it is it believed."""
LONGEST_GAP = 3.0
"""Times its straight width that the undrawn line in a gap may be long."""


@dataclass(frozen=True)
class Post:
    """A post or station on a line: where it stands (true metres from the beginning, metres off) and what it states.

    `why` is empty where it calibrates, else ``far`` or ``contradicts``. `residual_m`: stated less measured as drawn from the
    first that calibrates; `check_m`: stated less what its neighbours alone would give, None without two.
    """

    layer: str
    feature_id: str
    name: str | None
    kind: str | None
    true_m: float
    off_m: float
    before_m: float
    after_m: float
    why: str = ""
    residual_m: float | None = None
    check_m: float | None = None


@dataclass(frozen=True)
class Estimated:
    """A stretch between two posts, in chainage, whose stated and drawn lengths differ without an equation."""

    from_m: float
    to_m: float
    difference_m: float


@dataclass(frozen=True)
class Calibrated:
    """The chainage of a line with the posts that calibrate it; `is_turned`: the posts fall along the drawn direction."""

    along: Chainage
    posts: tuple[Post, ...] = ()
    estimated: tuple[Estimated, ...] = ()
    is_turned: bool = False

    def of_drawn(self, true_m: Floats) -> Floats:
        """Chainage of places in true metres from where the drawing of the line begins."""
        true_m = np.asarray(true_m, float)
        return self.along.of_true(self.along.length_m - true_m if self.is_turned else true_m)

    @property
    def used(self) -> list[Post]:
        return [post for post in self.posts if not post.why]

    @property
    def rms_m(self) -> float | None:
        """Root mean square of what the posts miss when their neighbours alone decide; None with fewer than three."""
        missed = [post.check_m for post in self.used if post.check_m is not None]
        return float(np.sqrt(np.mean(np.square(missed)))) if missed else None

    @property
    def equations(self) -> list[tuple[float, float]]:
        """Chainages before and after every leap along the line: equations and gaps."""
        rows = self.along.segments
        leaps = rows[1:, 2] - rows[:-1, 3]
        return [(float(a), float(b)) for a, b in zip(rows[:-1, 3][np.abs(leaps) > ON_LINE_M], rows[1:, 2][np.abs(leaps) > ON_LINE_M], strict=True)]


@dataclass(frozen=True)
class _Gap:
    """Where a line is not drawn: true metres from its beginning, and the straight width."""

    true_m: float
    width_m: float


def chainage_of(pipeline: pd.Series[Any], layers: Mapping[str, pd.DataFrame], crs: pyproj.CRS) -> Chainage:
    """The chainage of one line, calibrated where posts state it; see `calibrated`."""
    return calibrated(pipeline, layers, crs).along


def calibrated(pipeline: pd.Series[Any], layers: Mapping[str, pd.DataFrame], crs: pyproj.CRS) -> Calibrated:
    """The chainage of one line by the posts and stations that state it.

    Parameters
    ----------
    pipeline : a row of ``pipelines`` with its geometry in the metric `crs`
    layers : frames in `crs`; of `POST_LAYERS` those that are there are read

    Returns
    -------
    Calibrated
        Without a post the chainage is the true length from the start chainage, as drawn.
    """
    along = Chainage.along(pipeline["geometry"], crs, start_of(pipeline))
    posts = _posts(pipeline, layers, along)
    is_turned = _falls(posts)
    if is_turned:
        along = along.turned()
        posts = _posts(pipeline, layers, along)
    start = [] if is_turned or pd.isna(pipeline.get("start_chainage_m")) else [_start(start_of(pipeline))]
    candidates = [*start, *(post for post in posts if not post.why)]
    chosen = _agreeing(candidates, along)
    if not set(chosen) & set(posts):
        return Calibrated(Chainage.along(pipeline["geometry"], crs, start_of(pipeline)), tuple(_told(posts, [], along)), (), False)
    knots = _knots([candidates[i] for i in range(len(candidates)) if candidates[i] in chosen], along)
    return Calibrated(replace(along, knots=tuple(knots)), tuple(_told(posts, chosen, along)), tuple(_estimated(knots, along)), is_turned)


def _start(start_m: float) -> Post:
    return Post("pipelines", "", None, "start", 0.0, 0.0, start_m, start_m)


def _posts(pipeline: pd.Series[Any], layers: Mapping[str, pd.DataFrame], along: Chainage) -> list[Post]:
    """Posts of the line in the order in which they stand along it; those too far off are marked."""
    found: list[Post] = []
    for layer in POST_LAYERS:
        frame = layers.get(layer)
        if frame is None or not isinstance(frame, gpd.GeoDataFrame) or not len(frame):
            continue
        is_own = (frame["pipeline_id"] == pipeline.get("pipeline_id", pipeline.name)) & frame["chainage_m"].notna()
        own = frame[is_own & frame.geometry.notna()]
        if len(own):
            found += _posts_of(own, layer, along)
    return sorted(found, key=lambda post: (post.true_m, post.before_m, post.feature_id))


def _posts_of(own: gpd.GeoDataFrame, layer: str, along: Chainage) -> list[Post]:
    true_m, off_m = along.nearest_true(shapely.centroid(own.geometry.to_numpy()))
    after_m = own["chainage_m"].to_numpy(float)
    back = own["back_chainage_m"].to_numpy(float) if "back_chainage_m" in own else np.full(len(own), np.nan)
    before_m = np.where(np.isnan(back), after_m, back)
    accuracy_m = np.nan_to_num(own["accuracy_m"].to_numpy(float)) if "accuracy_m" in own else np.zeros(len(own))
    is_far = off_m > FARTHEST_POST_M + accuracy_m
    names = own["name"] if "name" in own else [None] * len(own)
    kinds = own["kind"] if "kind" in own else [None] * len(own)
    rows = zip(own["feature_id"], names, kinds, true_m, off_m, before_m, after_m, is_far, strict=True)
    return [
        Post(layer, str(feature_id), name, kind, float(true), float(off), float(before), float(after), "far" if far else "")
        for feature_id, name, kind, true, off, before, after, far in rows
    ]


def _falls(posts: list[Post]) -> bool:
    """Whether the stated chainages fall along the drawn direction; the differences of all pairs vote."""
    near = [post for post in posts if not post.why]
    true_m, stated_m = (np.array([getattr(post, name) for post in near]) for name in ("true_m", "after_m"))
    signs = np.sign((true_m[:, None] - true_m) * (stated_m[:, None] - stated_m))
    return bool((signs < 0).sum() > (signs > 0).sum())


def _agreeing(posts: list[Post], along: Chainage) -> list[Post]:
    """The longest chain of posts whose stated and drawn differences agree; a difference left unexplained costs."""
    if not posts:
        return []
    best, before, gaps = np.ones(len(posts)), np.full(len(posts), -1), _gaps(along)
    for i, post in enumerate(posts):
        for j in range(max(0, i - WINDOW_POSTS), i):
            link = _link(posts[j], post, gaps)
            if link is not None and best[j] + link > best[i]:
                best[i], before[i] = best[j] + link, j
    chain, at = [], int(np.argmax(best))
    while at >= 0:
        chain.append(posts[at])
        at = int(before[at])
    return chain[::-1]


def _link(one: Post, two: Post, gaps: list[_Gap]) -> float | None:
    """What following from one post to another is worth: 1 where lengths agree, less where not, None where impossible."""
    drawn_m, stated_m = two.true_m - one.true_m, two.before_m - one.after_m
    if drawn_m <= ON_LINE_M or stated_m <= ON_LINE_M:
        return None
    slack_m = SLACK_M + SLACK_SHARE * drawn_m
    undrawn_m = sum(gap.width_m for gap in gaps if one.true_m <= gap.true_m <= two.true_m)
    return 1.0 if -slack_m <= stated_m - drawn_m <= slack_m + LONGEST_GAP * undrawn_m else 1.0 - BREAK_COST


def _gaps(along: Chainage) -> list[_Gap]:
    """Where one part of a line ends and the next begins elsewhere."""
    ends = [part.coords[-1] for part in along.parts[:-1]]
    starts = [part.coords[0] for part in along.parts[1:]]
    wide = [float(np.hypot(b[0] - a[0], b[1] - a[1])) for a, b in zip(ends, starts, strict=True)]
    return [_Gap(true_m, width) for true_m, width in zip(along.part_ends_m[:-1], wide, strict=True) if width > SLACK_M / 20]


def _knots(chosen: list[Post], along: Chainage) -> list[Knot]:
    """Knots at the posts, and at the gaps between them: a gap leaps by what the posts beside it leave over."""
    knots = [Knot(post.true_m, post.before_m, post.after_m) for post in chosen]
    leaps: list[Knot] = []
    for one, two in zip(knots[:-1], knots[1:], strict=True):
        between = [gap for gap in _gaps(along) if one.true_m < gap.true_m < two.true_m]
        over_m = (two.before_m - one.after_m) - (two.true_m - one.true_m)
        total_m, gone_m = sum(gap.width_m for gap in between), 0.0
        for gap in between if over_m > 0 else []:
            before_m = one.after_m + gap.true_m - one.true_m + gone_m
            gone_m += over_m * gap.width_m / total_m
            leaps.append(Knot(gap.true_m, before_m, one.after_m + gap.true_m - one.true_m + gone_m))
    return sorted([*knots, *leaps], key=lambda knot: knot.true_m)


def _estimated(knots: list[Knot], along: Chainage) -> list[Estimated]:
    found = []
    for one, two in zip(knots[:-1], knots[1:], strict=True):
        difference_m = (two.before_m - one.after_m) - (two.true_m - one.true_m)
        if abs(difference_m) > SLACK_M + SLACK_SHARE * (two.true_m - one.true_m):
            found.append(Estimated(one.after_m, two.before_m, difference_m))
    return found


def _told(posts: list[Post], chosen: list[Post], along: Chainage) -> list[Post]:
    """The posts with their residuals, those left out with the reason."""
    stated = [post for post in chosen if post.kind != "start"]
    first = chosen[0] if chosen else _start(along.first_m)
    told = []
    for post in posts:
        residual_m = post.before_m - (first.after_m + post.true_m - first.true_m)
        at = stated.index(post) if post in stated else -1
        why = post.why or ("" if at >= 0 else "contradicts")
        told.append(replace(post, why=why, residual_m=residual_m, check_m=_missed(stated, at)))
    return told


def _missed(stated: list[Post], at: int) -> float | None:
    """Stated chainage of a post less what its two neighbours give for its place; None at the ends and beside a leap."""
    if not 0 < at < len(stated) - 1:
        return None
    one, post, two = stated[at - 1 : at + 2]
    if post.before_m != post.after_m:
        return None
    share = (post.true_m - one.true_m) / (two.true_m - one.true_m)
    return post.before_m - (one.after_m + share * (two.before_m - one.after_m))


def calibration_facts(found: Calibrated) -> dict[str, Any]:
    """A calibration as plain values: the posts, what they state and miss, leaps and estimated stretches, metres."""
    names = ("layer", "feature_id", "name", "kind", "off_m", "before_m", "after_m", "why", "residual_m", "check_m")
    residuals = [abs(post.residual_m) for post in found.used if post.residual_m is not None]
    return {
        "n_parts": len(found.along.parts),
        "n_gaps": len(_gaps(found.along)),
        "n_posts": len(found.posts),
        "n_used": len(found.used),
        "rms_m": found.rms_m,
        "largest_m": max(residuals, default=None),
        "is_turned": found.is_turned,
        "equations": [{"before_m": before, "after_m": after} for before, after in found.equations],
        "estimated": [{"from_m": entry.from_m, "to_m": entry.to_m, "difference_m": entry.difference_m} for entry in found.estimated],
        "posts": [{name: getattr(post, name) for name in names} for post in found.posts],
    }
