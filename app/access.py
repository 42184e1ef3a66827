"""Who asks, what such a person may do, and what they may see: roles, each with its towns.

Until there are accounts, the roles are a setting of the installation (``ROLE``) or stated by a proxy in a header
(``ROLE_HEADER``): roles with commas, each with towns behind an ``@`` where it is not for all: ``patrol@东镇+西镇,view``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app, request

from app.errors import ForbiddenError
from app.texts import Text
from layers.catalog import Catalog
from layers.errors import AtlasError

ROLES = ("view", "plan", "patrol", "pipeline", "sheets", "admin")
"""浏览, 规划, 巡查, 管道, 制图, 管理."""
TITLES = {
    "view": Text("浏览"), "plan": Text("规划"), "patrol": Text("巡查"),
    "pipeline": Text("管道"), "sheets": Text("制图"), "admin": Text("管理"),
}  # fmt: skip
OLD_NAMES = {"viewer": "view"}
EVERYTHING = "all"
"""Id of the view of those who see every layer in every town."""
PREFIX_OF_VIEW = "v"
NEEDS: tuple[tuple[str, ...], ...] = (
    ("/patrol/follow-ups", "patrol", "pipeline"), ("/api/follow-ups", "patrol", "pipeline"),
    ("/siting", "plan"), ("/api/site-checks", "plan"), ("/api/site-areas", "plan"), ("/api/site-batches", "plan"),
    ("/api/site-drafts", "plan"), ("/api/site-geometries", "plan"), ("/api/what-if", "plan"),
    ("/patrol", "patrol"), ("/api/patrol", "patrol"),
    ("/pipelines", "pipeline"), ("/api/pipelines", "pipeline"), ("/api/dig-notices", "pipeline"),
)  # fmt: skip
"""Beginnings of addresses with the roles that open them, the first that fits counts; the administrator may use all, everybody the rest."""
MOST_KEPT = 1000
"""Texts of roles whose meaning is remembered."""


class RoleError(AtlasError):
    """A setting or header states roles that cannot be understood."""


@dataclass(frozen=True)
class Person:
    """The roles of a person; the towns of each, none where it is for all."""

    roles: Mapping[str, frozenset[str]]

    def may(self, role: str) -> bool:
        """Whether a role, or the administrator's, is held."""
        return role in self.roles or "admin" in self.roles

    @property
    def towns(self) -> frozenset[str]:
        """Towns that may be seen; empty for every town."""
        if not all(self.roles.values()):
            return frozenset()
        return frozenset().union(*self.roles.values())

    @property
    def text(self) -> str:
        """As `parse_person` reads it."""
        return ",".join(f"{role}@{'+'.join(sorted(towns))}" if towns else role for role, towns in sorted(self.roles.items()))


@lru_cache(maxsize=MOST_KEPT)
def parse_person(text: str) -> Person:
    """The roles that a text states; raises `RoleError` for a role that does not exist, or none.

    >>> parse_person("patrol@东镇+西镇,view").may("patrol"), parse_person("viewer").may("admin")
    (True, False)
    """
    roles: dict[str, frozenset[str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, at, towns = entry.partition("@")
        role = OLD_NAMES.get(name, name)
        named = frozenset(filter(None, towns.split("+")))
        if role not in ROLES or bool(at) != bool(named):
            raise RoleError(f"roles {text!r}: each is one of {', '.join(ROLES)}, with @town+town where it is not for all")
        roles[role] = named
    if not roles:
        raise RoleError(f"roles {text!r} state none of {', '.join(ROLES)}")
    return Person(roles)


def person() -> Person:
    """Who asks; behind a proxy that states no roles, or such as cannot be understood, a viewer of nothing more."""
    header = current_app.config["ROLE_HEADER"]
    if not header:
        return parse_person(current_app.config["ROLE"])
    stated = request.headers.get(header, "")
    try:
        # Headers are bytes; a proxy writes names of towns as UTF-8.
        return parse_person(stated.encode("latin-1").decode("utf-8")) if stated else Person({"view": frozenset()})
    except (UnicodeError, RoleError) as error:
        raise ForbiddenError from error


def role() -> str:
    """``admin`` where data may be managed, else ``viewer``."""
    return "admin" if person().may("admin") else "viewer"


def require_admin() -> None:
    """Raise `ForbiddenError` where data may not be managed from this server."""
    require("admin")


def require(*wanted: str) -> None:
    """Raise `ForbiddenError` unless the person holds one of some roles; it names the first."""
    if not any(map(person().may, wanted)):
        raise ForbiddenError(TITLES[wanted[0]])


def require_for_address() -> None:
    """Before a request: raise `ForbiddenError` where its address needs a role that the person does not hold."""
    path = request.path.rstrip("/")
    for beginning, *wanted in NEEDS:
        if path == beginning or path.startswith(beginning + "/"):
            return require(*wanted)


@dataclass(frozen=True)
class View:
    """What may be seen: layers that may not, and towns beyond which nothing may, none for every town."""

    hidden: tuple[str, ...] = ()
    towns: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Names the view in addresses of tiles; the same for all who see the same."""
        if not self.hidden and not self.towns:
            return EVERYTHING
        return PREFIX_OF_VIEW + hashlib.sha256(repr((self.hidden, self.towns)).encode()).hexdigest()[:12]


def view_of(who: Person, catalog: Catalog) -> View:
    """What a person may see."""
    hidden = [layer.id for layer in catalog if not _may_see(who.roles, layer.may_see)]
    return View(tuple(sorted(hidden)), tuple(sorted(who.towns)))


def _may_see(roles: Iterable[str], allowed: Collection[str]) -> bool:
    return any(held in allowed or held == "admin" for held in roles)
