"""Mutated copies of delivered files, read to the end in a process of their own; one line of JSON a copy.

Run as ``python -m tests.etl.hostile SEED COUNT SAMPLE [REAL]``: folders of a delivery of the sample and of the real city.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.archives import opened
from etl.checks import check
from etl.manifest import Manifest, delivered_files, load_manifests, parts_of
from etl.normalise import normalise
from etl.raster_load import checked_raster
from etl.read import read_batch
from layers.catalog import Area, Catalog, load_catalog
from layers.errors import AtlasError

PROJECT = Path(__file__).parents[2]
LIMIT_S = 30
LARGEST_BYTES = 400_000
FEW_FILES = 3
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c SYSTEM "file:///etc/hostname">]>'


@dataclass(frozen=True)
class Case:
    """One delivered file of a source, with what is needed to load it."""

    area: Area
    manifest: Manifest
    data_dir: Path
    path: Path


def cases(catalog: Catalog, folders: dict[str, Path]) -> list[Case]:
    """Every small delivered file of the areas whose folders are given."""
    found = []
    for area_id, data_dir in folders.items():
        area, manifests = load_manifests(PROJECT / "data" / "sources" / area_id, catalog)
        for manifest in manifests:
            paths = delivered_files(manifest, data_dir)[:5]
            found += [Case(area, manifest, data_dir, path) for path in paths if path.stat().st_size <= LARGEST_BYTES]
    return found


def truncated(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def flipped(content: bytes, rng: random.Random) -> bytes:
    bytes_ = bytearray(content)
    for _ in range(rng.choice((1, 5, 50))):
        bytes_[rng.randrange(len(bytes_))] ^= 1 << rng.randrange(8)
    return bytes(bytes_)


def shuffled(content: bytes, rng: random.Random) -> bytes:
    """Cells of one line, or blocks of a binary file, in another order."""
    lines = content.split(b"\n")
    number = rng.randrange(min(len(lines), 4))
    cells = lines[number].split(b",")
    rng.shuffle(cells)
    lines[number] = b",".join(cells)
    return b"\n".join(lines)


def widened(content: bytes, rng: random.Random) -> bytes:
    """One digit grows to a number of a million digits."""
    digits = [place for place, byte in enumerate(content) if 48 <= byte <= 57]
    place = rng.choice(digits) if digits else 0
    return content[:place] + b"9" * 1_000_000 + content[place:]


def repeated(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start : start + 512] * 50 + content[start:]


def with_entities(content: bytes, rng: random.Random) -> bytes:
    return ENTITIES + content


def noise(content: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((1, 100, 10_000)))


def inside_zip(name: str, content: bytes, rng: random.Random) -> bytes:
    """The file in an archive that leaves its folder, unfolds to gigabytes, or is itself damaged."""
    kind = rng.choice(("traversal", "absolute", "bomb", "link", "damaged", "plain"))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "bomb":
            for number in range(20):
                archive.writestr(f"{number}-{name}", b"\x00" * 20_000_000)
        info = zipfile.ZipInfo({"traversal": f"../../{name}", "absolute": f"/tmp/{name}"}.get(kind, name))
        info.external_attr = (0o120777 if kind == "link" else 0o100644) << 16
        archive.writestr(info, content)
    made = sink.getvalue()
    return flipped(made, rng) if kind == "damaged" else made


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    truncated, flipped, shuffled, widened, repeated, with_entities, noise,
)


def mutated_copy(case: Case, folder: Path, rng: random.Random) -> tuple[list[Path], str]:
    """A delivery in `folder` whose one file is mutated; the paths to read, and what was done."""
    target = folder / case.path.relative_to(case.data_dir)
    target.parent.mkdir(parents=True)
    parts = parts_of(case.path)
    for part in parts:
        shutil.copy(part, target.parent / part.name)
    if rng.random() < 0.2:
        archive = target.with_name(target.name + ".zip")
        archive.write_bytes(inside_zip(target.name, target.read_bytes(), rng))
        return [archive], "inside_zip"
    victim = target.parent / rng.choice(parts).name
    mutate = rng.choice(MUTATIONS)
    victim.write_bytes(mutate(victim.read_bytes(), rng))
    others = delivered_files(case.manifest, case.data_dir)
    for other in others if len(others) <= FEW_FILES else []:
        place = folder / other.relative_to(case.data_dir)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(other)
    paths = [folder / other.relative_to(case.data_dir) for other in others] if len(others) <= FEW_FILES else [target]
    return paths, f"{mutate.__name__} {victim.suffix}"


def outcome(case: Case, paths: list[Path], folder: Path, catalog: Catalog) -> str:
    """What becomes of a source: ``loaded``, with every row accounted for, or ``refused`` with a reason."""
    layer = catalog[case.manifest.layer]
    try:
        if case.manifest.reader == "raster":
            with opened(paths[0], case.manifest) as path:
                checked_raster(path, case.manifest, layer.fields[0])
            return "loaded"
        batch = read_batch(paths, case.manifest, folder)
        frame, problems = normalise(batch, case.manifest, layer, case.area)
        checked = check(frame, layer, problems, outline=None, known={}, is_distinct=case.manifest.distinct)
    except AtlasError as error:
        return "refused" if str(error) else "refused without a reason"
    n_told = len(checked.accepted) + checked.n_refused + checked.n_merged + batch.n_merged + len(batch.refused)
    return "loaded" if n_told == batch.n_read else f"{batch.n_read} rows read, {n_told} told"


def run(seed: int, count: int, folders: dict[str, Path]) -> Iterator[dict[str, object]]:
    """The outcome of each mutated copy, with its seconds."""
    catalog = load_catalog()
    known = cases(catalog, folders)
    for number in range(count):
        rng = random.Random(f"{seed}-{number}")
        case = rng.choice(known)
        with tempfile.TemporaryDirectory(prefix="riskatlas-hostile-") as outer:
            folder = Path(outer) / "a" / "b" / "c"
            folder.mkdir(parents=True)
            paths, kind = mutated_copy(case, folder, rng)
            before = {path for path in Path(outer).rglob("*")}
            started = time.perf_counter()
            signal.alarm(LIMIT_S)
            result = outcome(case, paths, folder, catalog)
            signal.alarm(0)
            if {path for path in Path(outer).rglob("*")} != before:
                result = "left files behind"
            yield {"number": number, "source": case.manifest.id, "kind": kind, "outcome": result,
                   "seconds": round(time.perf_counter() - started, 3)}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    areas = dict(zip(("sample", "kaohsiung"), map(Path, sys.argv[3:]), strict=False))
    for line in run(int(sys.argv[1]), int(sys.argv[2]), areas):
        print(json.dumps(line, ensure_ascii=False), flush=True)
