"""Finds the PostgreSQL programs of this machine, so that the cluster is made and run by one that has PostGIS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROGRAMS_ROOT = Path("/usr/lib/postgresql")
EXTENSIONS_ROOT = Path("/usr/share/postgresql")


@dataclass(frozen=True)
class Installation:
    """One major version of PostgreSQL with PostGIS, as Debian's packages lay it out."""

    major: int
    programs: Path

    def program(self, name: str) -> str:
        """Path of ``initdb``, ``pg_ctl``, ``psql`` and the like."""
        return str(self.programs / name)


def installations(
    programs_root: Path = PROGRAMS_ROOT, extensions_root: Path = EXTENSIONS_ROOT
) -> dict[int, Installation]:
    """Every major version that has both the server and the PostGIS extension, oldest first."""
    majors = sorted(int(folder.name) for folder in programs_root.glob("[0-9]*") if folder.name.isdigit())
    return {
        major: Installation(major, programs_root / str(major) / "bin")
        for major in majors
        if (programs_root / str(major) / "bin" / "postgres").exists()
        and (extensions_root / str(major) / "extension" / "postgis.control").exists()
    }
