"""A synthetic county (云沧县), delivered as offices deliver: many formats and datums, honest faults.

Every place, firm, person and code is invented; region codes begin with 9999, which no province uses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

DEFAULT_SEED = 20260930
STAMP = ".generated"


def generator_version(seed: int, scale: str) -> str:
    """Hash of the generator's own code with seed and scale: a change of any of them makes the files anew."""
    digest = hashlib.sha256(f"{seed}/{scale}".encode())
    shifts = Path(__file__).parents[2] / "layers" / "crs.py"
    for path in [*sorted(Path(__file__).parent.glob("*.py")), shifts]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def generate(
    out_dir: Path,
    *,
    seed: int = DEFAULT_SEED,
    scale: str = "full",
    progress: Callable[[str], None] | None = None,
) -> None:
    """Write the deliveries ``2026Q1``, ``2026Q2``, ``2026Q3`` below a folder, unless they are there.

    The same seed gives the same bytes. `scale` is ``full``, or ``tiny`` for tests: the same outline and
    planted cases with about a twentieth of everything else.
    """
    stamp, version = out_dir / STAMP, generator_version(seed, scale)
    if stamp.exists() and stamp.read_text(encoding="ascii") == version:
        return
    from data.sample.county import build_county
    from data.sample.deliver import write_deliveries
    from data.sample.size import SIZES

    stamp.unlink(missing_ok=True)
    tell = progress or (lambda text: None)
    county = build_county(seed, SIZES[scale], tell)
    tell("delivered files")
    _remove_earlier(out_dir)
    write_deliveries(county, out_dir, seed=seed)
    stamp.write_text(version, encoding="ascii")


def _remove_earlier(out_dir: Path) -> None:
    """Deliveries of another version; a folder with anything else in it is left alone."""
    import shutil

    for delivery in sorted(out_dir.glob("20??Q?")):
        if (delivery / "delivery.toml").exists():
            shutil.rmtree(delivery)
