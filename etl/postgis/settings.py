"""Settings of the private cluster, written anew at every start so that they follow the code and the machine."""

from __future__ import annotations

import os
from pathlib import Path

MIB = 2**20
LARGEST_SHARED_BUFFERS_MIB = 512
# Parallel queries share memory there; containers often give 64 MiB, too little for a hash join.
SMALLEST_SHARED_MEMORY_MIB = 1024

ACCESS_RULES = "# Who reaches the socket's 0700 folder is trusted; there is no other way in.\nlocal all all trust\n"

SETTINGS = """\
# Written by riskatlas at every start; lasting changes of your own: ALTER SYSTEM.
listen_addresses = ''
port = 5432
unix_socket_directories = {socket_folder}
unix_socket_permissions = 0700
# Room for the largest `serve --workers`, the worker and some commands at once; what is not open costs next to nothing.
max_connections = 500
# What a killed command began is given up soon, with the locks that it held.
client_connection_check_interval = '5s'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '

shared_buffers = {shared_buffers_mib}MB
effective_cache_size = {cache_mib}MB
dynamic_shared_memory_type = {shared_memory_type}
work_mem = 64MB
maintenance_work_mem = 256MB
random_page_cost = 1.1
effective_io_concurrency = 200
default_toast_compression = 'lz4'
jit = off

# No replicas: a load into a new table skips the log and is synced at commit instead.
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 15min
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""


def server_settings(socket_folder: Path, *, durable: bool) -> str:
    """The whole ``postgresql.conf``.

    Parameters
    ----------
    socket_folder : Path
        Where the server listens, absolute.
    durable : bool
        False only for tests: what was committed may be lost when the machine stops.
    """
    memory_mib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
    return SETTINGS.format(
        socket_folder=_quoted('"' + str(socket_folder).replace('"', '""') + '"'),
        shared_buffers_mib=min(LARGEST_SHARED_BUFFERS_MIB, max(memory_mib // 4, 32)),
        cache_mib=max(memory_mib // 2, 64),
        shared_memory_type=_shared_memory_type(),
        durable="on" if durable else "off",
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _shared_memory_type(folder: str = "/dev/shm") -> str:
    try:
        room = os.statvfs(folder)
    except FileNotFoundError:
        return "sysv"
    size_mib = room.f_blocks * room.f_frsize // MIB
    return "posix" if size_mib >= SMALLEST_SHARED_MEMORY_MIB and os.path.ismount(folder) else "sysv"
