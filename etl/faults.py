"""Faults of the machine that a command may meet, in words that say what helps; nothing half-done is ever visible after one."""

from __future__ import annotations

import errno

import psycopg2
import sqlalchemy as sa

AGAIN = "nothing half-done is visible; the same command goes on from there 数据无半成品,处理后重新执行同一命令即可"
NO_ROOM = "the disk is full; make room, then run it again 磁盘已满,请清理后重试"
NO_DATABASE = (
    "the connection to the database was lost or cannot be made; `riskatlas db status` tells whether it runs, any command "
    "starts the private one 数据库连接中断或无法建立,请检查数据库"
)
NO_MEMORY = "memory is used up; close other programs, then run it again 内存不足,请关闭其他程序后重试"
NO_RIGHT = "it may not be read or written by this user; give the right, or run it as who installed it 没有读写权限"
OUT_OF_ROOM, OUT_OF_MEMORY = "53100", "53200"
"""SQLSTATE of PostgreSQL's disk_full and out_of_memory."""


def told(error: BaseException) -> str | None:
    """One line about a fault that people can mend, None for any other error.

    >>> told(OSError(errno.ENOSPC, "No space left on device", "a.csv")).split(";")[0]
    'a.csv: the disk is full'
    """
    if isinstance(error, OSError):
        words = {errno.ENOSPC: NO_ROOM, errno.EDQUOT: NO_ROOM, errno.EFBIG: NO_ROOM, errno.EACCES: NO_RIGHT, errno.EPERM: NO_RIGHT}
        said = words.get(error.errno or 0)
        return said and f"{error.filename or 'file'}: {said}; {AGAIN}"
    if isinstance(error, MemoryError):
        return f"{NO_MEMORY}; {AGAIN}"
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError):
        return None
    words_of = {OUT_OF_ROOM: NO_ROOM, OUT_OF_MEMORY: NO_MEMORY}
    said = NO_ROOM if "No space left" in str(cause) else words_of.get(cause.pgcode or "", NO_DATABASE)
    first = str(cause).strip().splitlines()
    return f"database: {first[0] if first else 'gone'}: {said}; {AGAIN}"
