"""Runs the stages of scoring in their order; what rests on nothing that changed is taken over from an earlier edition."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from etl.beside import APART, Answer, Beside, answered
from etl.progress import Progress, Step, silent, watched
from etl.stages import STAGES
from etl.stages.stage import Frames, Given, Stage
from etl.stamps import code_stamp, rules_stamp
from layers.catalog import Area
from layers.errors import EditionError
from layers.scoring.rule_tables import rules_of_day
from layers.scoring.sharing import Share
from layers.scoring.zoning import RiskSurface

RASTER_LAYERS = ("population", "relief")
"""Layers that stages take as files."""


@dataclass(frozen=True)
class Inputs:
    """What the method starts from.

    `read` gives the frame of a loaded layer, in the metric CRS; `digests` the hash of the content of each layer, rasters
    included (without them nothing is compared); `rasters` the files of raster layers; `share` the processes that do work in
    parts, None where there are none.
    """

    area: Area
    outline: BaseGeometry
    on: date
    read: Callable[[str], gpd.GeoDataFrame]
    rasters: Mapping[str, Path] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    share: Share | None = None


@dataclass(frozen=True)
class Record:
    """What a stage's results rested on, kept with the edition.

    `rests_on`: hash by name, for each layer, each earlier result, and ``code``, ``rules``, ``date``. `state`: ``new``
    (all computed), ``updated`` (what a change reaches), ``kept`` (taken over). `why`: names of what had changed.
    """

    rests_on: Mapping[str, str]
    results: Mapping[str, str]
    state: str = "new"
    why: tuple[str, ...] = ()
    seconds: float = 0.0
    told: str = ""

    @property
    def input_hash(self) -> str:
        """One hash over all that the stage rests on."""
        return hashlib.sha256(json.dumps(dict(self.rests_on), sort_keys=True).encode()).hexdigest()


class Base(Protocol):
    """An earlier edition that unchanged results are taken from."""

    @property
    def records(self) -> Mapping[str, Record]:
        """By name of the stage."""

    def result(self, name: str) -> Any:
        """A result as it was; `EditionError` where it was not kept whole."""


class Values(Mapping[str, Any]):
    """Results by name; those taken over are read from the base when they are first asked for."""

    def __init__(self, base: Base | None) -> None:
        self._base = base
        self._here: dict[str, Any] = {}
        self._taken: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        if name not in self._here:
            if self._base is None or name not in self._taken:
                raise KeyError(name)
            self._here[name] = self._base.result(name)
        return self._here[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._here, **dict.fromkeys(sorted(self._taken))})

    def __len__(self) -> int:
        return len({*self._here, *self._taken})

    def add(self, found: Mapping[str, Any]) -> None:
        self._here.update(found)

    def take_over(self, names: Iterable[str]) -> None:
        self._taken.update(names)


@dataclass
class Results:
    """Everything that scoring derives, by name of the result, frames in the metric CRS; and how each stage came to it."""

    values: Values
    records: dict[str, Record] = field(default_factory=dict)

    @property
    def surfaces(self) -> list[RiskSurface]:
        found: list[RiskSurface] = self.values["risk_index"]
        return found

    def notes(self, stages: Iterable[Stage] = STAGES) -> dict[str, Any]:
        """What the stages tell for the edition's meta."""
        return {name: self.values[name] for stage in stages for name in stage.notes}


def derive(
    inputs: Inputs, *, stages: Iterable[Stage] = STAGES, base: Base | None = None, progress: Progress = silent,
    beside: Beside | None = None,
) -> Results:
    """The whole method, in its order; with a `base` only the stages whose inputs changed since.

    A stage whose inputs changed is given its own earlier results (`Given.before`), where the same code and rules made them
    for the same area, so that it may update what the change reaches. Either way the results are those of a run without a base.
    `beside`: a second process, which computes the stages of `etl.beside.APART` while the others are computed here.
    """
    run = _Run(inputs, Results(Values(base)), base, progress, beside)
    waiting = list(stages)
    order = [stage.name for stage in waiting]
    while waiting:
        stage = run.next_of(waiting)
        waiting.remove(stage)
        run.compute(stage)
    run.take_in()
    run.results.records = {name: run.results.records[name] for name in order}
    return run.results


@dataclass(frozen=True)
class _Begun:
    """A stage that the other process is at."""

    stage: Stage
    rests_on: Mapping[str, str]
    changed: tuple[str, ...]
    given: Given
    answer: Future[Answer | None]


@dataclass
class _Run:
    """A run on its way; `away` is what the other process computes, one stage at a time."""

    inputs: Inputs
    results: Results
    base: Base | None
    progress: Progress
    beside: Beside | None
    away: _Begun | None = None

    def next_of(self, waiting: list[Stage]) -> Stage:
        """The stage to begin now: one for the other process where it is free, else the first whose inputs are there."""
        if self.away is not None and self.away.answer.done():
            self.take_in()
        made = {name for record in self.results.records.values() for name in record.results}
        ready = [stage for stage in waiting if set(stage.after) <= made]
        here = [stage for stage in ready if not self._goes_away(stage)]
        apart = [stage for stage in ready if self._goes_away(stage)]
        if apart and self.away is None:
            return apart[0]
        if here or self.away is None:
            return (here or waiting)[0]
        self.take_in()
        return self.next_of(waiting)

    def _goes_away(self, stage: Stage) -> bool:
        return self.beside is not None and stage.name in APART

    def compute(self, stage: Stage) -> None:
        """Compute a stage, take it over from the base, or give it to the other process."""
        rests_on = _rests_on(stage, self.inputs, self.results.records)
        earlier = self.base.records.get(stage.name) if self.base else None
        changed = _changed(rests_on, earlier)
        if earlier is not None and not changed:
            self.results.values.take_over(stage.results)
            self.results.records[stage.name] = Record(rests_on, earlier.results, "kept")
            return
        before = _before(stage, self.base) if self.base and not {"code", "rules"} & set(changed) else {}
        given = given_to(stage, self.inputs, self.results.values, before)
        if self.beside is not None and self._goes_away(stage):
            self.progress(_step(stage))
            answer = self.beside.asked(stage, given, with_hashes=bool(self.inputs.digests))
            self.away = _Begun(stage, rests_on, changed, given, answer)
            return
        self._keep(stage, rests_on, changed, self._here(stage, given))

    def _here(self, stage: Stage, given: Given) -> Answer:
        return watched(self.progress, _step(stage), lambda: answered(stage, given, with_hashes=bool(self.inputs.digests)))

    def take_in(self) -> None:
        """Wait for what the other process is at; what it lost is computed here."""
        away, self.away = self.away, None
        if away is not None:
            answer = watched(self.progress, _step(away.stage), away.answer.result, stop=self._give_up)
            self._keep(away.stage, away.rests_on, away.changed, answer or self._here(away.stage, away.given))

    def _give_up(self) -> None:
        if self.beside is not None:
            self.beside.end()

    def _keep(self, stage: Stage, rests_on: Mapping[str, str], changed: tuple[str, ...], answer: Answer) -> None:
        told = str(answer.found.pop("told", ""))
        self.results.values.add(answer.found)
        why = changed if self.base and stage.name in self.base.records else ()
        state = "updated" if told else "new"
        self.results.records[stage.name] = Record(rests_on, answer.hashes, state, why, answer.seconds, told)


def _step(stage: Stage) -> Step:
    return Step(f"评定: {stage.title_zh}", f"score: {stage.title_en}")


def _rests_on(stage: Stage, inputs: Inputs, records: Mapping[str, Record]) -> dict[str, str]:
    earlier = {name: hash_ for record in records.values() for name, hash_ in record.results.items()}
    return {
        "code": code_stamp(stage, inputs.area, inputs.outline),
        "rules": rules_stamp(stage),
        **({"date": inputs.on.isoformat()} if stage.is_dated else {}),
        **({"rules of the day": rules_of_day(stage.dated_rules, inputs.on)} if stage.dated_rules else {}),
        **{name: inputs.digests.get(name, "") for name in stage.layers},
        **{f"result {name}": earlier[name] for name in stage.after},
    }


def _changed(rests_on: Mapping[str, str], earlier: Record | None) -> tuple[str, ...]:
    """Names of what differs from an earlier record, all where there is none."""
    if earlier is None:
        return tuple(rests_on)
    names = {**rests_on, **earlier.rests_on}
    return tuple(name for name in names if rests_on.get(name) != earlier.rests_on.get(name))


def _before(stage: Stage, base: Base) -> dict[str, Any]:
    """The earlier results that a stage asks for; none of them where one was not kept."""
    if stage.name not in base.records:
        return {}
    try:
        return {name: base.result(name) for name in stage.before}
    except EditionError:
        return {}


def given_to(stage: Stage, inputs: Inputs, results: Mapping[str, Any], before: Mapping[str, Any]) -> Given:
    """What a stage may look at."""
    return Given(
        area=inputs.area,
        outline=inputs.outline,
        on=inputs.on,
        frames=Frames([name for name in stage.layers if name not in RASTER_LAYERS], inputs.read),
        results={name: results[name] for name in stage.after},
        rasters={name: inputs.rasters[name] for name in stage.layers if name in inputs.rasters},
        before=before,
        share=inputs.share,
    )
