"""The private PostGIS: made, started and stopped here, so that one machine needs no database administrator.

It listens on a Unix socket in a folder only its own user can enter, never on TCP. PostgreSQL refuses to run
as root; for root it runs as the user ``postgres`` that Debian's package makes, or as the owner of data that are
there already. What lies in folders of that user is written as that user, so that a link planted there gains
nothing. Any number of processes may ask at once; a lock on the folder lets one of them do the work.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import select
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from sqlalchemy.engine import URL

from etl.postgis.installation import Installation, installations
from etl.postgis.settings import ACCESS_RULES, server_settings
from layers.errors import AtlasError

DATABASE = "riskatlas"
ROLE = "riskatlas"
SUPERUSER = "postgres"
SERVER_USER = "postgres"  # whom the server runs as when root asks
STATE_FOLDER = Path("/var/lib/riskatlas")
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH_BYTES = 107  # sun_path of unix(7), less the closing zero byte
LARGEST_LOG_BYTES = 10 * 2**20
START_TIMEOUT_S = 600  # recovery after a crash may replay gigabytes
STOP_TIMEOUT_S = 120
CRASH_TIMEOUT_S = 30

FIRST_STATEMENTS = f"""\
CREATE EXTENSION postgis;
CREATE ROLE {ROLE} LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON spatial_ref_sys TO {ROLE};
CREATE DATABASE {DATABASE} OWNER {ROLE};
"""


class ClusterError(AtlasError):
    """The private PostGIS cannot be made, started or stopped; the message says what would help."""


@dataclass(frozen=True)
class ClusterStatus:
    """What `Cluster.status` answers; `pid` and `postgresql_major` are None when there is none."""

    is_running: bool
    pid: int | None
    postgresql_major: int | None
    data_folder: Path
    socket_folder: Path
    log_file: Path
    server_user: str


def home_folder(environ: Mapping[str, str]) -> Path:
    """``RISKATLAS_HOME``, or ``.riskatlas`` beside the code."""
    default = Path(__file__).parents[2] / ".riskatlas"
    return Path(environ.get("RISKATLAS_HOME") or default).absolute()


def cluster_for(home: Path, *, durable: bool = True) -> Cluster:
    """The private cluster that belongs to a home folder; nothing is made or started yet.

    Parameters
    ----------
    home : Path
        Holds the data where the server's user can reach it.
    durable : bool
        False for tests only: faster, but what was committed may be lost when the machine stops.
    """
    return Cluster(Path(os.path.realpath(home)), durable)


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL server with PostGIS and its data, private to one home folder."""

    home: Path
    durable: bool = True

    # --- where things are -------------------------------------------------------------------------

    @cached_property
    def folder(self) -> Path:
        """Holds data, log and usually the socket; its own user's, mode 0700.

        Below the home, or below the system's state folder when root asks and the server's user cannot reach
        the home. Data that are there already decide.
        """
        beside_home = self.home / "postgres"
        in_state = STATE_FOLDER / self._key
        for folder in (beside_home, in_state):
            if os.path.exists(folder / "data"):
                return folder
        user = _unprivileged_user()
        existing = next(above for above in (self.home, *self.home.parents) if os.path.exists(above))
        return beside_home if user is None or _can_enter(existing, user) else in_state

    @property
    def data_folder(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        """What the server has to say; its predecessor stands beside it, named ``.old``."""
        return self.folder / "server.log"

    @cached_property
    def socket_folder(self) -> Path:
        """Beside the data, or below /tmp where that path is too long for a socket (or libpq would split it)."""
        beside_data = self.folder / "socket"
        n_bytes = len(os.fsencode(beside_data / SOCKET_NAME))
        if n_bytes <= LONGEST_SOCKET_PATH_BYTES and "," not in str(beside_data):
            return beside_data
        return Path("/tmp") / f"riskatlas-{self._key}"

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy's URL of a database of this cluster, as a role that owns it but is no superuser."""
        address = URL.create(
            "postgresql+psycopg2", username=ROLE, database=database, query={"host": str(self.socket_folder)}
        )
        return address.render_as_string(hide_password=False)

    # --- what one does with it --------------------------------------------------------------------

    def ensure_running(self) -> str:
        """Make and start the cluster where that is needed; under a millisecond when it runs.

        Returns
        -------
        str
            URL of the database ``riskatlas``, which has PostGIS.

        Raises
        ------
        ClusterError
            PostgreSQL is missing, of another major version than the data, or does not start.
        """
        if not self._is_ready():
            with self._locked():
                if not self._is_ready():
                    self._start()
        return self.url()

    def stop(self) -> bool:
        """Stop the server, ending its sessions; False when it was down already."""
        if not os.path.exists(self.data_folder):
            return False
        with self._locked():
            if self._postmaster_pid() is None:
                return False
            self._stop_server()
            return True

    def status(self) -> ClusterStatus:
        """Where it is and whether it runs; changes nothing."""
        pid = self._postmaster_pid()
        return ClusterStatus(
            is_running=pid is not None,
            pid=pid,
            postgresql_major=self._data_major(),
            data_folder=self.data_folder,
            socket_folder=self.socket_folder,
            log_file=self.log_file,
            server_user=self.server_user.pw_name,
        )

    def shell(self, *arguments: str, database: str = DATABASE) -> int:
        """Run psql on a database, on this terminal; its exit status."""
        self.ensure_running()
        psql = self._installation().program("psql")
        command = [psql, "-h", str(self.socket_folder), "-U", ROLE, "-d", database, *arguments]
        return subprocess.run(command, env=_clean_environment(), check=False).returncode

    def create_database(self, name: str, template: str | None = None) -> str:
        """A new database with PostGIS, or a copy of `template` (to which nobody may be connected); its URL."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(ROLE), sql.Identifier(template or "template1")
        )
        self._execute(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, ending its sessions; nothing happens when there is none."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def remove(self) -> None:
        """Stop the server and delete all its data: for the tests, which leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    # --- making -----------------------------------------------------------------------------------

    def _initialise(self) -> None:
        """Make data directory, role, extension and database aside, then move them into place at once."""
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        # Both orders of texts are that of their bytes; the plain C one is compared in half the time.
        how = ["--locale=C.UTF-8", "--lc-collate=C", "--encoding=UTF8", "--auth=trust", f"--username={SUPERUSER}"]
        self._run("initdb", "-D", str(unfinished), *how, *([] if self.durable else ["--no-sync"]))
        self._write(unfinished / "pg_hba.conf", ACCESS_RULES)
        # Without a server: nobody can meet a half-made database, and no socket is needed. PostGIS's own script
        # provokes and catches an error, so that exit_on_error would end it; errors are looked for instead.
        said = self._run("postgres", "--single", "-D", str(unfinished), "template1", asked=FIRST_STATEMENTS)
        if "ERROR:" in said:
            raise ClusterError(self._failure("postgres", said))
        unfinished.rename(self.data_folder)

    def _start(self) -> None:
        self._require_own_data()
        self._make_socket_folder()
        if not os.path.exists(self.data_folder):
            self._initialise()
        if self._postmaster_pid() is not None:  # alive, but not ready or its socket is gone
            self._stop_server()
        self._settle_after_crash()
        self._write(
            self.data_folder / "postgresql.conf", server_settings(self.socket_folder, durable=self.durable)
        )
        if os.path.exists(self.log_file) and self.log_file.stat().st_size > LARGEST_LOG_BYTES:
            self.log_file.rename(self.log_file.with_suffix(".old"))
        # Relative to self.folder: pg_ctl hands this name to a shell without quoting what is in it.
        self._run("pg_ctl", "start", "-w", "-s", "-t", str(START_TIMEOUT_S), "-l", self.log_file.name)

    def _stop_server(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-t", str(STOP_TIMEOUT_S))

    def _settle_after_crash(self) -> None:
        """Wait for what a killed postmaster left running, then drop its lock files.

        PostgreSQL takes them for a live server's where the number is by now another process of the same user,
        or a dead one that nobody has reaped (containers without an init).
        """
        orphans = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._is_at_work(pid)]
        for pid in orphans:
            if not _ended(pid, CRASH_TIMEOUT_S):
                raise ClusterError(f"process {pid} still uses {self.data_folder}; end it, then try again")
        recorded = self._recorded_pid()
        if recorded is not None and os.path.exists(f"/proc/{recorded}"):
            (self.data_folder / "postmaster.pid").unlink()
        (self.socket_folder / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _make_socket_folder(self) -> None:
        """A 0700 folder of the server's user; one that somebody else made is refused."""
        folder, uid = self.socket_folder, self.server_user.pw_uid
        if not os.path.lexists(folder):
            self._run("mkdir", "-m", "700", str(folder))
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
            raise ClusterError(f"{folder}: must be a folder with mode 0700 owned by user id {uid}; remove it")

    # --- whom and with what it runs ---------------------------------------------------------------

    @property
    def server_user(self) -> pwd.struct_passwd:
        """Whom the server runs as: the caller, or for root an unprivileged user."""
        user = _unprivileged_user()
        if user and os.path.exists(self.data_folder):
            owner_uid = self.data_folder.stat().st_uid
            return pwd.getpwuid(owner_uid) if owner_uid else user
        return user or pwd.getpwuid(os.geteuid())

    @cached_property
    def _key(self) -> str:
        """A short name of the home, for folders outside it."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]

    def _data_major(self) -> int | None:
        try:
            return int((self.data_folder / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def _installation(self) -> Installation:
        """The programs that made the data, or the newest ones where there are none yet."""
        there = installations()
        if not there:
            raise ClusterError("no PostgreSQL with PostGIS under /usr/lib/postgresql; ./riskatlas installs it")
        major = self._data_major() or max(there)
        if major not in there:
            raise ClusterError(
                f"{self.data_folder} was made by PostgreSQL {major}; found: {', '.join(map(str, there))}. Install"
                f" postgresql-{major}-postgis-3, run `riskatlas db backup`, set the folder aside, then restore"
            )
        return there[major]

    def _require_own_data(self) -> None:
        owner = self.data_folder.stat().st_uid if os.path.exists(self.data_folder) else self.server_user.pw_uid
        if owner != self.server_user.pw_uid:
            raise ClusterError(
                f"{self.data_folder} belongs to user id {owner}, the server would run as {self.server_user.pw_uid};"
                " run the command as the user who made it (or root), or set RISKATLAS_HOME"
            )

    def _run(self, program: str, *arguments: str, asked: str = "") -> str:
        """Run a program, of PostgreSQL first, as the server's user in `folder`, with no pipe of ours; its words."""
        own = self._installation().programs / program
        command = [str(own) if own.exists() else program, *arguments]
        with tempfile.TemporaryFile() as heard, tempfile.TemporaryFile() as words:
            words.write(asked.encode())
            words.seek(0)
            done = subprocess.run(
                command, stdin=words, stdout=heard, stderr=subprocess.STDOUT, check=False, cwd=self.folder,
                env=_clean_environment() | {"PGDATA": str(self.data_folder)}, umask=0o077,
                start_new_session=True, **_as_user(self.server_user),
            )  # fmt: skip
            heard.seek(0)
            said = heard.read().decode(errors="replace")
        if done.returncode != 0:
            raise ClusterError(self._failure(program, said))
        return said

    def _failure(self, program: str, said: str) -> str:
        log = self.log_file.read_text(errors="replace") if os.path.exists(self.log_file) else ""
        tail = "\n".join((said.splitlines() + log.splitlines()[-8:])[-16:])
        return f"{program} failed in {self.folder} (log: {self.log_file}):\n{tail}"

    def _write(self, path: Path, text: str) -> None:
        self._run("sh", "-c", 'cat >"$0"', str(path), asked=text)

    def _execute(self, statement: sql.Composed) -> None:
        self.ensure_running()
        connection = psycopg2.connect(host=str(self.socket_folder), user=SUPERUSER, dbname="postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    # --- does it run ------------------------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time; the folder is made here."""
        self._make_folder()
        lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _make_folder(self) -> None:
        parents = [self.folder.parent, *self.folder.parent.parents]
        for parent in reversed([parent for parent in parents if not os.path.exists(parent)]):
            parent.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                parent.chmod(0o755)  # whatever root's umask: the server's user passes through
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.folder, self.server_user.pw_uid, self.server_user.pw_gid, follow_symlinks=False)

    def _is_ready(self) -> bool:
        return (
            self._postmaster_pid() is not None
            and self._pid_file_lines()[-1].strip() == "ready"
            and os.path.exists(self.socket_folder / SOCKET_NAME)
        )

    def _postmaster_pid(self) -> int | None:
        """The running server's process; a number that another program has by now does not count."""
        pid = self._recorded_pid()
        return pid if pid is not None and self._is_at_work(pid) else None

    def _recorded_pid(self) -> int | None:
        lines = self._pid_file_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data_folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _is_at_work(self, pid: int) -> bool:
        """Whether a process works in the data directory, where every process of a PostgreSQL server does."""
        try:
            return os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(self.data_folder)
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            return False


def _clean_environment() -> dict[str, str]:
    """Ours without PostgreSQL's variables, which would point its programs elsewhere."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom a server runs as instead of root; None when the caller himself will do."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise ClusterError(f"user {SERVER_USER!r} is missing; Debian's package of PostgreSQL makes it") from None


def _as_user(user: pwd.struct_passwd) -> dict[str, Any]:
    """Arguments of `subprocess.run` by which root gives up its rights."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def _can_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    return subprocess.run(["test", "-x", str(folder)], check=False, cwd="/", **_as_user(user)).returncode == 0


def _ended(pid: int, timeout_s: float) -> bool:
    """Wait for a process that is not our child to end."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], timeout_s)[0])
    finally:
        os.close(watched)
