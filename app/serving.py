"""Runs the server under Granian; started by root, it first becomes an unprivileged user.

A folder above the code, the home or even Python may be closed to that user. Root therefore opens them before it
gives up its rights, and the server goes on through these open folders (``/proc/self/fd/<n>``), which need no way
from the top; worker processes inherit them.
"""

from __future__ import annotations

import gc
import ipaddress
import multiprocessing
import os
import pwd
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import NoReturn

import click
import numpy as np
import shapely
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import CODE_DIR, PREFIX, settings
from app.editions import EditionFacts
from app.first_picture.ahead import keep_drawing
from app.home_folders import OWN_FOLDERS, give_to
from app.parts import parts
from app.pinned import Pinned, pinned_edition
from app.reasons import compile_loops, explanation
from app.rechecks import keep_judging
from app.script_bundle import ScriptBundleError, script_bundle
from app.site_checks import site_check
from app.site_requests import read_site_request
from app.worker_process import WorkerProcess
from layers.errors import AtlasError, InputError
from layers.scoring.consequence.properties import read_library
from layers.scoring.measure import compile_measures

FALLBACK_USER = "nobody"
REHEARSED_PLACES, TRIED_PLACES, SEED = 4, 64, 20261123


class ServingError(AtlasError):
    """The server cannot be started; the message says what would help."""


@dataclass(frozen=True)
class Listening:
    """Where the server listens, with how many processes and threads each it answers, and whether a worker runs beside."""

    host: str
    port: int
    n_workers: int
    n_threads: int
    has_worker: bool = True

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


def serve(listening: Listening, *, home: Path, database_url: str) -> None:
    """Serve until a signal ends it; as root, go on as an unprivileged user.

    Raises
    ------
    ServingError
        The port is taken, or the unprivileged user cannot read the code.
    """
    _require_free_port(listening)
    if PREFIX + "ROLE" not in os.environ and not is_loopback(listening.host):
        os.environ[PREFIX + "ROLE"] = "view"
        click.echo(f"数据管理已关闭 data management is closed: {listening.host} (RISKATLAS_ROLE=admin)", err=True)
    _bundle_scripts(home)
    if os.geteuid() == 0:
        _go_on_unprivileged(listening, home, database_url)
    os.environ.update({PREFIX + "HOME": str(home), PREFIX + "DATABASE_URL": database_url})  # for the worker processes, whose create_app reads them
    run(listening)


def _bundle_scripts(home: Path) -> None:
    """Bundle the map page's scripts, or read those that are there: as root, for the folder is not the server's to write to, and
    before there are worker processes, which all hold the same version then, replaced ones too. Without a bundle pages begin later.
    """
    try:
        script_bundle(home, settings()["FRONT_END_DIR"])
    except ScriptBundleError as error:
        click.echo(str(error), err=True)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run(listening: Listening, *, target: str = "app.serving:application") -> None:
    """Run Granian with a factory of the application; settings come from the environment."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    multiprocessing.set_start_method("fork", force=True)  # workers keep the open folders
    server = Granian(
        target,
        factory=True,
        interface=Interfaces.WSGI,
        address=listening.host,
        port=listening.port,
        workers=listening.n_workers,
        blocking_threads=listening.n_threads,
        websockets=False,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    )
    server.on_startup(lambda: click.echo(f"安全风险一张图 Risk Atlas: {listening.url}"))
    worker = WorkerProcess()
    if listening.has_worker:
        server.on_startup(worker.start)
    try:
        server.serve()
    finally:
        worker.end()


def application() -> Flask:
    """The application, for a worker process; what is slow only once is done while the first page loads."""
    app = create_app()
    threading.Thread(target=_get_ready, args=(app,), daemon=True).start()
    threading.Thread(target=keep_drawing, args=(app,), daemon=True).start()
    threading.Thread(target=keep_judging, args=(app,), daemon=True).start()
    return app


def _get_ready(app: Flask) -> None:
    """Warm up; what stands then stands to the end, and the collector of cycles need not look through it while requests wait."""
    warm_up(app)
    gc.collect()
    gc.freeze()


def warm_up(app: Flask) -> None:
    """Compile the loops and read what every question of the newest edition needs."""
    compile_loops()
    compile_measures()
    read_library()
    try:
        with app.test_request_context(), pinned_edition() as pinned:
            parts().surroundings.county(pinned.connection, pinned.facts)
            _rehearse_sites(pinned)
            _explain_once(pinned)
    except (AtlasError, sa.exc.SQLAlchemyError) as error:  # nothing is published yet, or the database is away
        app.logger.info("not warmed up: %s", error)


def _explain_once(pinned: Pinned) -> None:
    """One question under each policy of the edition: rasters, zones and tables of risk are read by then."""
    place = shapely.point_on_surface(pinned.facts.boundary)
    drawn = {raster.policy for raster in pinned.facts.rasters if raster.layer == "risk_index"}
    for policy in pinned.facts.policies:
        if policy["id"] in drawn:
            explanation(
                pinned.connection, pinned.facts, parts().frames, place.x, place.y, policy_id=policy["id"], home=parts().home,
                risks=parts().risks,
            )  # fmt: skip


def _rehearse_sites(pinned: Pinned) -> None:
    """Check sites nobody asked about, of every kind and all over the area, so that the first that is asked about finds everything made; nothing is kept."""
    for kind in parts().rules.project_types:
        for place in rehearsed_places(pinned.facts):
            try:
                asked = read_site_request({"geometry": shapely.geometry.mapping(place), "project_type": kind}, pinned.facts, parts().rules)
                site_check(pinned.connection, pinned.facts, parts().surroundings, asked=asked)
            except InputError:  # a kind that needs more than a place
                break


def rehearsed_places(facts: EditionFacts) -> list[shapely.Point]:
    """Some places of the main part of an area, the same ones for every process."""
    main_part = shapely.intersection(shapely.make_valid(facts.boundary), shapely.box(*facts.area["home"]))
    if main_part.is_empty:
        return []
    places = shapely.points(np.random.default_rng(SEED).uniform(*np.reshape(shapely.bounds(main_part), (2, 2)), (TRIED_PLACES, 2)))
    return list(places[shapely.intersects(main_part, places)][:REHEARSED_PLACES])


def _require_free_port(listening: Listening) -> None:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listening.host, listening.port))
        except OSError as error:
            raise ServingError(
                f"cannot listen on {listening.host} port {listening.port} ({error.strerror}); choose another --port"
            ) from error


@dataclass(frozen=True)
class OpenFolders:
    """Ways to folders that stay open to this process and its children, whatever lies above them."""

    code: Path
    home: Path
    python: Path
    packages: Path

    @classmethod
    def of(cls, home: Path) -> OpenFolders:
        return cls(*map(_held_open, (CODE_DIR, home, Path(sys.base_prefix), Path(sysconfig.get_path("purelib")))))

    @property
    def interpreter(self) -> Path:
        """The interpreter itself, not the link to it in the environment's folder."""
        return self.python / os.path.relpath(os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix))


def _held_open(folder: Path) -> Path:
    held = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    os.set_inheritable(held, True)
    return Path(f"/proc/self/fd/{held}")


def _go_on_unprivileged(listening: Listening, home: Path, database_url: str) -> NoReturn:
    """Replace this process by the same server run by an unprivileged user."""
    user = server_user(database_url)
    give_to(home, user.pw_uid, user.pw_gid)
    folders = OpenFolders.of(home)
    _require_readable(folders, home, user)
    command = [str(folders.interpreter), "-P", "-m", "app.serving", *map(str, astuple(listening))]
    sys.stdout.flush()
    os.umask(0o022)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    os.execve(command[0], command, _environment(os.environ, folders, database_url))


def server_user(database_url: str) -> pwd.struct_passwd:
    """Whom the server runs as instead of root: the owner of the database's socket, else nobody."""
    socket_folder = sa.make_url(database_url).query.get("host", "")
    if isinstance(socket_folder, str) and socket_folder.startswith("/") and os.path.isdir(socket_folder):
        owner_uid = os.stat(socket_folder).st_uid
        if owner_uid != 0:
            return pwd.getpwuid(owner_uid)
    return pwd.getpwnam(FALLBACK_USER)


def _require_readable(folders: OpenFolders, home: Path, user: pwd.struct_passwd) -> None:
    needed = {
        folders.code / "app" / "__init__.py": CODE_DIR,
        folders.packages / "flask" / "__init__.py": Path(sysconfig.get_path("purelib")),
        folders.interpreter: Path(sys.base_prefix),
        folders.home / OWN_FOLDERS[0]: home,
    }
    for path, folder in needed.items():
        test = subprocess.run(
            ["test", "-r", str(path)], user=user.pw_uid, group=user.pw_gid, extra_groups=[], close_fds=False,
            check=False, cwd="/",
        )  # fmt: skip
        if test.returncode != 0:
            raise ServingError(
                f"user {user.pw_name}, whom the server runs as, cannot read {path.name} in {folder};"
                f" run: chmod -R o+rX {folder}"
            )


def _environment(environ: Mapping[str, str], folders: OpenFolders, database_url: str) -> dict[str, str]:
    cache = str(folders.home / "cache")
    return {
        PREFIX + "FRONT_END_DIR": str(folders.code / "node_modules"),
        **environ,
        "PYTHONHOME": str(folders.python),
        "LD_LIBRARY_PATH": str(folders.python / "lib"),  # of a Python built with a shared library
        "PYTHONPATH": os.pathsep.join((str(folders.code), str(folders.packages))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": cache,
        "XDG_CACHE_HOME": cache,
        "NUMBA_CACHE_DIR": cache,
        PREFIX + "HOME": str(folders.home),
        PREFIX + "DATABASE_URL": database_url,
    }


if __name__ == "__main__":
    _bundle_scripts(settings()["HOME"])
    run(Listening(sys.argv[1], *map(int, sys.argv[2:5]), has_worker=sys.argv[5] == "True"))
