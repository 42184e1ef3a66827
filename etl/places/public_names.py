"""Names of schools, stations and hospitals that say where they are: the locality they are called after, and their kind.

A school of the name 市立中庄国小 stands where a zone (学校用地(中庄国小)) is named for it; near the police station of 中庄; in the
village 中庄里; or, where the name says so, somewhere in its town. Which of these is worth how much is measured (`calibration`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from etl.places.folding import folded

TABLE = Path(__file__).with_name("public_names.csv")
OWNERS = re.compile("^(?:(?:公|私|国|省|市|县|区|乡|镇)立)+")
BRACKETED = re.compile(r"[(〈《\[]([^()〈〉《》\[\]]*)[)〉》\]]")
TOWN_ENDINGS = ("街道", "乡", "镇", "市", "区")
LEAST_LOCAL = 2


@dataclass(frozen=True)
class PublicName:
    """What a name says: what it is called after, its kind, and the town it names (empty: none); all folded."""

    local: str
    kind: str
    town: str = ""


@lru_cache(maxsize=1)
def _endings() -> list[tuple[str, str]]:
    """Endings of names with their kind, the longest first."""
    with TABLE.open(encoding="utf-8", newline="") as stream:
        rows = [(row["ending"], row["kind"]) for row in csv.DictReader(stream)]
    return sorted(rows, key=lambda row: (-len(row[0]), row[0]))


def public_names(name: str, towns: Iterable[str]) -> list[PublicName]:
    """What a name says, and what the brackets in it say; empty where it is no name of a known kind.

    Parameters
    ----------
    towns : folded names of the towns of the area.

    Examples
    --------
    >>> public_names("市立鳳山區忠孝國小", ["凤山区"])
    [PublicName(local='忠孝', kind='primary_school', town='凤山区')]
    >>> public_names("大坪頂以東都市計畫 學校用地(中庄國小)", [])
    [PublicName(local='中庄', kind='primary_school', town='')]
    >>> public_names("市立仁武高中附設國中部", [])
    [PublicName(local='仁武', kind='junior_school', town='')]
    """
    text = folded(name)
    parts = [BRACKETED.sub("", text), *BRACKETED.findall(text)]
    found = [_of_part(part, tuple(towns)) for part in parts]
    return [entry for entry in found if entry is not None]


def _of_part(text: str, towns: tuple[str, ...]) -> PublicName | None:
    text = OWNERS.sub("", text)
    town = next((name for name in towns if text.startswith(name) and len(text) > len(name)), "")
    text = OWNERS.sub("", text[len(town):])
    for ending, kind in _endings():
        local = text.removesuffix(ending)
        if local != text and len(local) >= LEAST_LOCAL:
            parent = _of_part(local.removesuffix("附设").removesuffix("附属"), towns) if local.endswith(("附设", "附属")) else None
            return PublicName(parent.local if parent else local, kind, town or (parent.town if parent else ""))
    return None


def town_called(local: str, towns: Iterable[str]) -> str:
    """The town of this name without its ending (凤山 -> 凤山区); empty where there is none, or more than one."""
    found = [name for name in towns for ending in TOWN_ENDINGS if name == local + ending]
    return found[0] if len(found) == 1 else ""
