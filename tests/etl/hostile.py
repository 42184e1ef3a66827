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

import pandas as pd

from etl.archives import opened
from etl.checks import check, n_rows_refused
from etl.file_faults import UNKNOWN, told_zh
from etl.manifest import Manifest, delivered_files, load_manifests, parts_of
from etl.normalise import normalise
from etl.packing import binary_rows, pack_frame
from etl.raster_load import checked_raster
from etl.read import read_batches
from etl.repeats import Repeats
from layers.catalog import Area, Catalog, Layer, load_catalog
from layers.errors import AtlasError, SourceFileError
from layers.tables import staging_table

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


def moved_columns(content: bytes, rng: random.Random) -> bytes:
    """Every line with two of its cells exchanged."""
    lines = [line.split(b",") for line in content.split(b"\n")]
    first, second = (rng.randrange(max(len(lines[0]), 1)) for _ in range(2))
    for cells in lines:
        if len(cells) > max(first, second):
            cells[first], cells[second] = cells[second], cells[first]
    return b"\n".join(b",".join(cells) for cells in lines)


def with_monsters(content: bytes, rng: random.Random) -> bytes:
    """Values that no program likes in the place of numbers and of the ends of words."""
    monster = rng.choice((b"1e999999999", b"-1e19", b"9223372036854775808", b"NaN", b"\\u0000", b"\\ud800", b"\x00", b"=1+1", b"1e-400"))
    places = [place for place, byte in enumerate(content) if 48 <= byte <= 57]
    for place in sorted(rng.sample(places, min(3, len(places))), reverse=True):
        content = content[:place] + monster + content[place + 1 :]
    return content


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    truncated, flipped, shuffled, widened, repeated, with_entities, noise, moved_columns, with_monsters,
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


def outcome(case: Case, paths: list[Path], folder: Path, catalog: Catalog, batch_rows: int) -> str:
    """What becomes of a source: ``loaded``, with every row accounted for, or ``refused`` with a reason, of a file in plain Chinese too."""
    layer = catalog[case.manifest.layer]
    try:
        if case.manifest.reader == "raster":
            with opened(paths[0], case.manifest) as path:
                checked_raster(path, case.manifest, layer.fields[0])
            return "loaded"
        return _accounted(case, paths, folder, layer, batch_rows)
    except AtlasError as error:
        if isinstance(error, SourceFileError) and told_zh(error) == "。".join(UNKNOWN):
            return f"refused in general words: {error}"
        return "refused" if str(error) else "refused without a reason"


def _accounted(case: Case, paths: list[Path], folder: Path, layer: Layer, batch_rows: int) -> str:
    """Read, normalise, check and pack a source in batches: every row that was read must be told of."""
    n_read = n_told = 0
    repeats, table = Repeats(), staging_table(layer, 4490, name="hostile")
    for batch in read_batches(paths, case.manifest, folder, rows=batch_rows):
        batch.frame.index = pd.RangeIndex(n_read, n_read + len(batch.frame))
        frame, problems = normalise(batch, case.manifest, layer, case.area)
        checked = check(frame, layer, problems, outline=None, known={}, is_distinct=case.manifest.distinct, repeats=repeats)
        n_read += batch.n_read
        n_told += len(checked.accepted) + n_rows_refused(batch.refused + checked.refused) + checked.n_merged + batch.n_merged
        if len(checked.accepted):
            binary_rows(list(pack_frame(checked.accepted, table.columns, srid=4490).values()))
    return "loaded" if n_told == n_read else f"{n_read} rows read, {n_told} told"


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
            result = outcome(case, paths, folder, catalog, rng.choice((100, 100_000)))
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
