"""A second process that computes stages of scoring beside this one, for those that wait for little of the others.

What a stage is given goes there and its results come back, the same as they would be here: the same code, libraries and
machine. Whatever becomes of the process, the work is done: a stage that it did not answer is computed here. Run as
``python -m etl.beside``, which reads requests from its input and writes answers to its output.
"""

from __future__ import annotations

import dataclasses
import gc
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from etl.stages import STAGES
from etl.stages.stage import Frames, Given, Stage
from layers.errors import CatalogError
from layers.kept import digest
from layers.scoring.consequence.properties import read_library

PROJECT = Path(__file__).parents[1]
APART = frozenset({"unit_risk", "blast_rings", "societal_risk", "domino_pairs"})
"""Stages that are computed there: nearly half of a scoring, and they rest on loaded layers and on each other alone."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a stage gave, the hash of each of its results, and how long it took."""

    found: dict[str, Any]
    hashes: dict[str, str]
    seconds: float


def answered(stage: Stage, given: Given, *, with_hashes: bool) -> Answer:
    """A stage computed, in whatever process."""
    started = time.perf_counter()
    found = dict(stage.run(given))
    hashes = {name: digest(found[name]) if with_hashes else "" for name in stage.results}
    return Answer(found, hashes, time.perf_counter() - started)


class Beside:
    """The process, and a thread here that speaks with it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._speaking = ThreadPoolExecutor(1)

    def asked(self, stage: Stage, given: Given, *, with_hashes: bool) -> Future[Answer | None]:
        """A stage given to the process; None comes back where it was lost."""
        frames = Frames((), _unread, dict(given.frames))
        return self._speaking.submit(self._answer, (stage.name, dataclasses.replace(given, frames=frames), with_hashes))

    def _answer(self, request: tuple[str, Given, bool]) -> Answer | None:
        to, back = self.process.stdin, self.process.stdout
        if to is None or back is None:
            return None
        try:
            pickle.dump(request, to, protocol=5)
            to.flush()
            answer: Answer = pickle.load(back)
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        return answer

    def end(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        self.process.wait()
        self._speaking.shutdown()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                _close(pipe)


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        pass  # what was still to be sent has nobody to read it


def _unread(layer_id: str) -> Any:
    """Frames that were sent are all there is."""
    raise CatalogError("etl/stages", f"a stage looks at {layer_id} and does not declare it")


@contextmanager
def second_process(*, is_wanted: bool = True) -> Iterator[Beside | None]:
    """The process for a block, started at once; None where it is not wanted, this machine has one processor, or it cannot start."""
    process = _started() if is_wanted and len(os.sched_getaffinity(0)) > 1 else None
    if process is None:
        yield None
        return
    beside = Beside(process)
    try:
        yield beside
    finally:
        beside.end()


def _started() -> subprocess.Popen[bytes] | None:
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "etl.beside"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path}, close_fds=False,  # a server of root names its Python by an open folder
        )
    except OSError:
        return None


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there is nobody left to ask; a stage that fails ends the process, and is computed where it is seen."""
    stages: Mapping[str, Stage] = {stage.name: stage for stage in STAGES}
    read_library()
    gc.freeze()  # going through modules and libraries again and again takes a tenth of the time
    while True:
        try:
            name, given, with_hashes = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(answered(stages[name], given, with_hashes=with_hashes), answers, protocol=5)
        answers.flush()


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as own_output:
        os.dup2(2, 1)  # what a library prints is no answer
        from etl.beside import (
            serve as serve_requests,  # the answers' classes are named for this module, not for __main__
        )

        serve_requests(sys.stdin.buffer, own_output)
