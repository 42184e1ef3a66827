"""The outline of an area is asked by many threads at once from the first moment on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROUNDS = """
import threading
import numpy as np, shapely
from app.editions import prepared_for_threads

threads_once = threading.Barrier(8)
angle = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
inner, place = shapely.box(-10, -10, 10, 10), shapely.Point(1, 2)
answers = []

def ask(outline):
    threads_once.wait()
    answers.extend([shapely.covers(outline, inner), shapely.covers(outline, place), shapely.intersects(outline, inner)])

for seed in range(150):
    radius = 1000 + 10 * np.random.default_rng(seed).random(5000)
    outline = prepared_for_threads(shapely.Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])))
    threads = [threading.Thread(target=ask, args=(outline,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(len(answers), all(answers))
"""
"""In a process of its own: where the indexes are made at first use, GEOS ends it within some rounds."""


def test_first_questions_of_many_threads_do_not_end_the_process() -> None:
    ran = subprocess.run([sys.executable, "-c", ROUNDS], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, ["3600", "True"]), ran.stderr
