"""Runs of bytes copied as the machine does it best, for the loops that numba compiles: byte by byte they take twenty times as long.

Nothing is tested here: as with every array of numba's, who calls knows that both places lie inside. numba keeps compiled
loops by the file of the loop: whoever changes this one changes `packing_loops` and `shape_loops` too, or their old code runs on.
"""

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def copy_bytes(typing_context, target, target_place, source, source_place, n_bytes):  # type: ignore[no-untyped-def]
    """Copy bytes from one array into another, which do not share memory; places and number are whole numbers."""

    def generate(context, builder, signature, given):  # type: ignore[no-untyped-def]
        to, at, origin, begin, count = given
        written = context.make_array(signature.args[0])(context, builder, to)
        read = context.make_array(signature.args[2])(context, builder, origin)
        cgutils.raw_memcpy(builder, builder.gep(written.data, [at]), builder.gep(read.data, [begin]), count, 1)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64, types.int64), generate
