"""Loops over the bytes of rows that numba compiles; apart from `packing`, for a command that only reads starts without numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from etl.byte_copies import copy_bytes

HAS_SRID_BYTE = 0x20
"""Flag of EWKB in the highest byte of a geometry's type."""


@njit(cache=True, nogil=True)
def write_counts(out, at, n_fields):  # type: ignore[no-untyped-def]
    for row in range(len(at)):
        out[at[row]] = n_fields >> 8
        out[at[row] + 1] = n_fields & 255
        at[row] += 2


@njit(cache=True, nogil=True)
def write_fields(out, at, data, starts, is_null):  # type: ignore[no-untyped-def]
    """Each row's field at its place, which moves on behind it.

    Places are unsigned here and below: a signed one is tested for counting from the end at every byte.
    """
    for row in range(len(at)):
        size = -1 if is_null[row] else starts[row + 1] - starts[row]
        place = np.uint64(at[row])
        for byte in range(4):
            out[place + np.uint64(byte)] = (size >> (24 - 8 * byte)) & 255
        if size > 0:
            copy_bytes(out, at[row] + 4, data, starts[row], size)
        at[row] += 4 + max(size, 0)


@njit(cache=True, nogil=True)
def write_ewkb(out, out_starts, data, starts, is_null, is_single, multi_type, srid):  # type: ignore[no-untyped-def]
    """Little-endian WKB as EWKB: a flag in the type, the number behind it; a single geometry as the one part of a multi."""
    for row in range(len(is_null)):
        if is_null[row]:
            continue
        place, source = np.uint64(out_starts[row]), starts[row]
        copy_bytes(out, out_starts[row], data, source, 5)
        if is_single[row]:
            out[place + np.uint64(1)] = multi_type
        out[place + np.uint64(4)] |= HAS_SRID_BYTE
        for byte in range(4):
            out[place + np.uint64(5 + byte)] = (srid >> (8 * byte)) & 255
        place += np.uint64(9)
        n_left = starts[row + 1] - starts[row]
        if is_single[row]:
            out[place] = 1
            for byte in range(1, 4):
                out[place + np.uint64(byte)] = 0
            place += np.uint64(4)
        else:
            source += 5
            n_left -= 5
        copy_bytes(out, place, data, source, n_left)


@njit(cache=True, nogil=True)
def mix(hashes, data, starts, is_null):  # type: ignore[no-untyped-def]
    """Hash on over one column: eight bytes at a time, each mixed as by the finaliser of MurmurHash3."""
    first, second = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
    shift, eight = np.uint64(33), np.uint64(8)
    for row in range(len(hashes)):
        size = np.int64(-1) if is_null[row] else starts[row + 1] - starts[row]
        hashed = hashes[row] ^ np.uint64(size + 1)
        place, n_left = np.uint64(starts[row]), max(size, 0)
        while True:
            word = np.uint64(0)
            if n_left >= 8:
                for byte in range(8):
                    word = (word << eight) | np.uint64(data[place + np.uint64(byte)])
            else:
                for byte in range(n_left):
                    word = (word << eight) | np.uint64(data[place + np.uint64(byte)])
            hashed ^= word
            hashed = (hashed ^ (hashed >> shift)) * first
            hashed = (hashed ^ (hashed >> shift)) * second
            hashed ^= hashed >> shift
            place += eight
            n_left -= 8
            if n_left <= 0:
                break
        hashes[row] = hashed
