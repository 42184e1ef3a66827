"""What browsers get of the front-end packages, and its packed form: made once by the set-up, as small as Brotli can, beside each file.

``python -m app.front_end_packages`` makes it; a file without one is packed by the server, quickly and less well.
"""

from __future__ import annotations

from pathlib import Path

import brotli

FOLDER = Path(__file__).parents[1] / "node_modules"
VENDOR_FILES = {
    "maplibre-gl.mjs": "maplibre-gl/dist/maplibre-gl.mjs",
    "maplibre-gl-shared.mjs": "maplibre-gl/dist/maplibre-gl-shared.mjs",
    "maplibre-gl-worker.mjs": "maplibre-gl/dist/maplibre-gl-worker.mjs",
    "maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
}
"""These and nothing else."""
SUFFIX = ".br"
BEST = 11
"""Brotli's level: 3 s for the 1.6 MB of the map library, a tenth smaller than what takes 0.3 s."""


def pack_packages(folder: Path) -> list[Path]:
    """Pack every file of the list that is not packed as it stands; what was packed now.

    Parameters
    ----------
    folder : where the packages are installed
    """
    made = []
    for name in VENDOR_FILES.values():
        file = folder / name
        packed = packed_form(file)
        if file.is_file() and file.stat().st_size and packed is None:
            target = file.with_name(file.name + SUFFIX)
            being_made = target.with_name(target.name + ".new")
            being_made.write_bytes(brotli.compress(file.read_bytes(), quality=BEST))
            being_made.replace(target)
            made.append(target)
    return made


def packed_form(file: Path) -> Path | None:
    """The packed form of a file; None where there is none that is as new as the file."""
    packed = file.with_name(file.name + SUFFIX)
    if not packed.is_file() or packed.stat().st_mtime < file.stat().st_mtime:
        return None
    return packed


if __name__ == "__main__":
    pack_packages(FOLDER)
