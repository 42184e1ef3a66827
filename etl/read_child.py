"""Reads one delivered file in a process of its own, for files that nobody vouches for.

The process has little memory, little time, no rights (root's gives them up) and no say: what it read comes back as an Arrow table, never as objects,
so a file that breaks the reader breaks nothing else. Run as ``python -m etl.read_child REQUEST``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import shapely
from shapely.geometry.base import BaseGeometry

from etl.archives import opened
from etl.batch import FILE, HEIGHTS, ROW, Batch, Refusal
from etl.manifest import Manifest, declaration, declared, parts_of
from etl.read import pieces_of, prepared, read_file
from etl.recognise_files import Dataset, Survey, plain_manifest, survey
from etl.unprivileged import without_rights
from layers.catalog import load_catalog
from layers.errors import AtlasError, SourceFileError

MEMORY_BYTES = 2 * 2**30
LEAST_SECONDS = 30
BYTES_A_SECOND = 2**20
"""A child has half a minute of the processor, and more for a large file: its readers take some 3 MB a second."""
CLOCK_TIMES = 4
"""How many times as long it may take by the clock: beside other work a sound file waits for its turn."""
FILE_BYTES = 4 * 2**30
LEAST_WRITTEN_BYTES, WRITTEN_A_BYTE = 2**29, 40
"""What the pieces of a file may take on the disk, all together: half a gigabyte, and forty times the file where that is more (packed workbooks and archives unfold so far)."""
OPEN_FILES = 256
PROJECT = Path(__file__).parents[1]
GEOMETRY = "geometry"
REQUEST, TABLE, ANSWER, RASTER = "request.json", "table.arrow", "answer.json", "raster.tif"
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "ARROW_IO_THREADS": "1",
    "GDAL_NUM_THREADS": "1", "GDAL_CACHEMAX": "64", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none", "GDAL_HTTP_MAX_RETRY": "0",
    "OGR_SKIP": "OGR_VRT,GDALG,HTTP,WFS,OAPIF,CSW,Elasticsearch,Carto,AmigoCloud,NGW,PLSCENES,EEDA,OGCAPI,ADBC,PGDUMP",
}
"""Small pools, and no driver of GDAL that would follow a file to another file or to the network."""
PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "PROJ_DATA", "PROJ_LIB", "GDAL_DATA", "PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH",
)
"""Python's own among them: beside a server that gave up its rights, code and packages are reached by open folders."""


def read_in_child(path: Path, manifest: Manifest) -> pd.DataFrame:
    """Rows of a file as `read_file` gives them.

    Raises
    ------
    SourceFileError
        Whatever the reader refuses, and a file that takes more memory or time than a delivered file may.
    """
    with tempfile.TemporaryDirectory(prefix="riskatlas-child-") as name:
        folder = Path(name)
        _run(folder, path, manifest, {"kind": "rows"})
        table = feather.read_table(folder / TABLE, memory_map=False)
    return _frame(table)


def pieces_in_child(path: Path, manifest: Manifest, rows: int) -> Iterator[pd.DataFrame]:
    """The same at most `rows` rows at a time: the child writes the pieces down, and neither side holds more than one of them.

    Raises
    ------
    SourceFileError
        As `read_in_child`, before the first piece is given.
    """
    with tempfile.TemporaryDirectory(prefix="riskatlas-child-") as name:
        folder = Path(name)
        answer = _run(folder, path, manifest, {"kind": "pieces", "rows": rows, "most_bytes": _most_written(path)})
        for number in range(answer["n_pieces"]):
            piece = folder / f"{number}.arrow"
            yield _frame(feather.read_table(piece, memory_map=False))
            piece.unlink()


def prepare_in_child(batch: Batch, manifest: Manifest) -> Batch:
    """What the job of a source makes of rows that were read, in the child too: they are as hostile as their file was.

    Raises
    ------
    SourceFileError
        Whatever the job refuses, and rows that take it more memory or time than a delivered source may.
    """
    with tempfile.TemporaryDirectory(prefix="riskatlas-child-") as name, tempfile.TemporaryDirectory(prefix="riskatlas-rows-") as given:
        folder, rows = Path(name), Path(given) / TABLE
        feather.write_feather(_table(batch.frame), str(rows), compression="uncompressed")
        answer = _run(folder, rows, manifest, {"kind": "prepare", "n_read": batch.n_read, "is_partial": batch.is_partial}, about=", ".join(sorted(set(batch.frame[FILE]))[:3]))
        table = feather.read_table(folder / TABLE, memory_map=False)
    refused = [Refusal(**entry) for entry in answer["refused"]]
    return Batch(_frame(table), answer["n_read"], answer["n_merged"], refused, answer["is_partial"])


def raster_in_child(path: Path, manifest: Manifest, layer_id: str, target: Path, ground: BaseGeometry | None) -> dict[str, object]:
    """Check a raster and write its cloud-optimised copy to `target`, cells of `ground` alone; returns what `checked_raster` found."""
    with tempfile.TemporaryDirectory(prefix="riskatlas-child-") as name:
        folder = Path(name)
        answer = _run(folder, path, manifest, {"kind": "raster", "layer": layer_id, "ground": ground.wkb_hex if ground is not None else None})
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part.tif")
        part.write_bytes((folder / RASTER).read_bytes())
        part.replace(target)
    info: dict[str, object] = answer["info"]
    return info


def survey_in_child(path: Path) -> Survey:
    """What `survey` says of a file, looked at in the child."""
    with tempfile.TemporaryDirectory(prefix="riskatlas-child-") as name:
        folder = Path(name)
        answer = _run(folder, path, plain_manifest(path, "table"), {"kind": "survey"})["survey"]
        datasets = tuple(
            Dataset(**{
                **entry, "frame": _frame(feather.read_table(folder / f"{number}.arrow", memory_map=False)),
                "settings": {key: tuple(value) if isinstance(value, list) else value for key, value in entry["settings"].items()},
                "warnings": tuple(entry["warnings"]),
            })
            for number, entry in enumerate(answer["datasets"])
        )
    return Survey(answer["reader"], datasets, answer["encoding"], answer["separator"], tuple(answer["warnings"]))


def _survey_answer(folder: Path, path: Path) -> dict[str, Any]:
    found = survey(path)
    plain = []
    for number, dataset in enumerate(found.datasets):
        feather.write_feather(_table(dataset.frame), str(folder / f"{number}.arrow"), compression="uncompressed")
        plain.append({entry.name: getattr(dataset, entry.name) for entry in dataclasses.fields(dataset) if entry.name != "frame"})
    return {"reader": found.reader, "datasets": plain, "encoding": found.encoding, "separator": found.separator, "warnings": found.warnings}


def _run(
    folder: Path, path: Path, manifest: Manifest, request: dict[str, Any], *, about: str | None = None
) -> dict[str, Any]:
    """Run the child to its end or to its limit; its answer, or the error it stands for, told of the file `about`."""
    told, seconds = about or path, _seconds(path)
    with without_rights(PROJECT, path.absolute(), folder) as start:
        request |= {"path": str(start.path), "manifest": declaration(manifest), "memory_bytes": MEMORY_BYTES, "seconds": seconds}
        (folder / REQUEST).write_text(json.dumps(request, ensure_ascii=False, default=str), encoding="utf-8")
        (folder / REQUEST).chmod(0o644)
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | ENVIRONMENT
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PROJECT), environment.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [start.python, "-P", "-m", "etl.read_child", str(start.folder)], cwd=PROJECT, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, close_fds=False,
            env=environment | {"TMPDIR": str(start.folder), "PYTHONDONTWRITEBYTECODE": "1"} | start.environment,
            **start.options,
        )
        try:
            process.wait(CLOCK_TIMES * seconds)
        except subprocess.TimeoutExpired as error:
            raise SourceFileError(told, f"a file that takes more than {CLOCK_TIMES * seconds} s to read", "a file of a usual size") from error
        finally:
            _end(process)
    if process.returncode == -signal.SIGXCPU:
        raise SourceFileError(told, f"a file that takes more than {math.ceil(seconds)} s of the processor to read", "a file of a usual size")
    links = [entry.name for entry in folder.iterdir() if entry.is_symlink()]
    if process.returncode != 0 or links or not (folder / ANSWER).exists():
        how = f"signal {-process.returncode}" if process.returncode < 0 else f"status {process.returncode}"
        raise SourceFileError(told, f"a file that the reader does not survive ({how})", "an undamaged file of a usual size")
    answer: dict[str, Any] = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
    if "error" in answer:
        raise _error(told, answer["error"])
    return answer


def _n_bytes(path: Path) -> int:
    """Size of a file, or of the folder that is one."""
    return sum(part.stat().st_size for part in parts_of(path))


def _seconds(path: Path) -> int:
    """How much of the processor's time a child may take for a file."""
    return max(LEAST_SECONDS, _n_bytes(path) // BYTES_A_SECOND)


def _most_written(path: Path) -> int:
    """How many bytes the pieces of a file may take."""
    return max(LEAST_WRITTEN_BYTES, WRITTEN_A_BYTE * _n_bytes(path))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the child and whatever it started, by the group that it leads."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _error(path: Path | str, message: str) -> SourceFileError:
    found, _, expected = message.partition("; expected ")
    return SourceFileError(path, found.partition(": found ")[2] or found, expected or "a file as its manifest says")


def _limit(memory_bytes: int, seconds: float) -> None:
    """Limits of the process itself; at the end of its time it is told by a signal of its own, and killed a second later."""
    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, math.ceil(seconds) + 1), (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES), (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (limit, limit) if hard == resource.RLIM_INFINITY or limit <= hard else (hard, hard))
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, math.ceil(seconds)), hard))


def _table(frame: pd.DataFrame) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for name in frame.columns:
        if name == GEOMETRY:
            columns[name] = pa.array(shapely.to_wkb(frame[name].to_numpy()), type=pa.binary())
        elif name == ROW:
            columns[name] = pa.array(frame[name].astype("int64"))
        elif name == HEIGHTS:
            columns[name] = pa.array(frame[name].eq(True).to_numpy(dtype=bool))
        else:
            columns[str(name)] = pa.array([None if is_null else str(value) for value, is_null in zip(frame[name], frame[name].isna(), strict=True)], type=pa.string())
    return pa.table(columns)


def _frame(table: pa.Table) -> pd.DataFrame:
    columns = {
        name: table.column(name).to_numpy() if name in (ROW, HEIGHTS) else pd.Series(table.column(name).to_pylist(), dtype=object)
        for name in table.column_names
        if name != GEOMETRY
    }
    frame = pd.DataFrame(columns)
    if GEOMETRY not in table.column_names:
        return frame
    return gpd.GeoDataFrame(frame, geometry=shapely.from_wkb(table.column(GEOMETRY).to_pylist()), crs=None)


def _answer(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    path, manifest = Path(request["path"]), declared(request["manifest"])
    if request["kind"] == "survey":
        return {"survey": _survey_answer(folder, path)}
    if request["kind"] == "rows":
        feather.write_feather(_table(read_file(path, manifest)), str(folder / TABLE), compression="uncompressed")
        return {}
    if request["kind"] == "pieces":
        return _write_pieces(folder, path, manifest, rows=request["rows"], most_bytes=request["most_bytes"])
    if request["kind"] == "prepare":
        return _prepared(folder, path, manifest, request)
    from etl.raster_load import (  # imported here: few files are rasters
        checked_raster,
        raster_doubts,
        write_cog,
    )

    with opened(path, manifest) as inside:
        layer = load_catalog()[request["layer"]]
        info = checked_raster(inside, manifest, layer.fields[0]) | {"doubts": raster_doubts(inside, manifest, layer)}
        write_cog(inside, folder / RASTER, manifest, layer.fields[0], shapely.from_wkb(request["ground"]) if request["ground"] else None)
    return {"info": info}


def _write_pieces(folder: Path, path: Path, manifest: Manifest, *, rows: int, most_bytes: int) -> dict[str, Any]:
    n_pieces, left = 0, most_bytes
    for frame in pieces_of(path, manifest, rows):
        table = _table(frame)
        left -= table.nbytes
        if left < 0:
            raise SourceFileError(path, f"more than {most_bytes / 2**20:,.0f} MB of rows in a file of {_n_bytes(path) / 2**20:,.1f} MB", "a file of a usual size")
        feather.write_feather(table, str(folder / f"{n_pieces}.arrow"), compression="uncompressed")
        n_pieces += 1
    return {"n_pieces": n_pieces}


def _prepared(folder: Path, path: Path, manifest: Manifest, request: dict[str, Any]) -> dict[str, Any]:
    given = Batch(_frame(feather.read_table(path, memory_map=False)), n_read=request["n_read"], is_partial=request["is_partial"])
    batch = prepared(given, manifest)
    feather.write_feather(_table(batch.frame), str(folder / TABLE), compression="uncompressed")
    refused = [dataclasses.asdict(entry) for entry in batch.refused]
    return {"n_read": batch.n_read, "n_merged": batch.n_merged, "is_partial": batch.is_partial, "refused": refused}


def main(folder: Path) -> None:
    """Answer the request in a folder; what is refused is an answer too."""
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    _limit(request["memory_bytes"], request["seconds"])
    try:
        answer = _answer(folder, request)
    except AtlasError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": f"a file that takes more than {request['memory_bytes'] // 2**20} MB to read; expected a file of a usual size"}
    (folder / ANSWER).write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
