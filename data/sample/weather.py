"""How often which weather comes from where: a made-up basin, calm at night, wind along its valley."""

from __future__ import annotations

import math
from pathlib import Path

from data.sample.writers import SYNTHETIC

CLASSES = (
    ("B2", "B", 2.0, 14.0, 1.0),
    ("D2", "D", 2.0, 27.0, 1.2),
    ("D5", "D", 5.0, 13.0, 2.0),
    ("D8", "D", 8.0, 2.0, 2.6),
    ("E3", "E", 3.0, 12.0, 1.5),
    ("F1.5", "F", 1.5, 32.0, 0.8),
)
"""Name, stability, wind in m/s, per cent of the year, how strongly the valley steers it."""
N_SECTORS = 16
SECTOR_DEG = 360 / N_SECTORS
VALLEY_FROM_DEG = 22.5
"""Wind comes down the valley from the north-north-east; less often up it."""


def write_weather(path: Path) -> None:
    """Six classes by sixteen directions, per cent of the year; the last digit is settled so that they sum to 100."""
    lines = ["气象类别,稳定度,风速(m/s),风向(°),频率(%),数据性质"]
    for name, stability, wind_m_s, of_year_pct, steering in CLASSES:
        for sector, share_pct in enumerate(_by_direction(of_year_pct, steering)):
            lines.append(f"{name},{stability},{wind_m_s:g},{sector * SECTOR_DEG:g},{share_pct:.3f},{SYNTHETIC}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig", newline="\r\n")


def _by_direction(of_year_pct: float, steering: float) -> list[float]:
    """Shares of the sixteen directions, to a thousandth of a per cent."""
    weights = []
    for sector in range(N_SECTORS):
        off = math.radians(sector * SECTOR_DEG - VALLEY_FROM_DEG)
        weights.append(math.exp(steering * math.cos(off)) + 0.5 * math.exp(steering * math.cos(off + math.pi)))
    shares = [round(of_year_pct * weight / sum(weights), 3) for weight in weights]
    shares[0] = round(shares[0] + of_year_pct - sum(shares), 3)
    return shares
