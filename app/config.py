"""Every setting of the server, declared once; the only place that reads ``RISKATLAS_*`` variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layers.catalog import LAYERS_DIR
from layers.errors import AtlasError

CODE_DIR = Path(__file__).parents[1]
PREFIX = "RISKATLAS_"


@dataclass(frozen=True)
class Setting:
    """A value that differs between installations; `kind` turns the variable's text into it."""

    name: str
    default: Any
    help: str
    kind: Callable[[str], Any] = str


def tile_keys(text: str) -> dict[str, str]:
    """Keys of online tile sources by id, of ``id=key,id=key``.

    >>> tile_keys("tianditu_vector=abc")
    {'tianditu_vector': 'abc'}
    """
    pairs = [entry.strip().partition("=") for entry in text.split(",") if entry.strip()]
    if any(not name or not key for name, _, key in pairs):
        raise ValueError("write id=key, several with commas")
    return {name: key for name, _, key in pairs}


SETTINGS = (
    Setting("DATABASE_URL", "", "address of a PostGIS >= 3.3; empty: the private one of the command"),
    Setting("HOME", CODE_DIR / ".riskatlas", "folder of everything the atlas keeps beside the database", Path),
    Setting("LAYERS_DIR", LAYERS_DIR, "folder of the layers' declarations", Path),
    Setting("FRONT_END_DIR", CODE_DIR / "node_modules", "folder of the front-end packages", Path),
    Setting("POOL_SIZE", 8, "database connections that a server process keeps for reading; half as many for writing and for cases; three times as many at most", int),
    Setting("STATEMENT_TIMEOUT_S", 20, "seconds after which the database gives up a statement", int),
    Setting("TILE_MEMORY_MB", 64, "megabytes of tiles that a server process keeps in memory", int),
    Setting("TILE_KEYS", {}, "online tile sources that are switched on: id=key of basemaps/sources.toml, several with commas", tile_keys),
    Setting("NOTICE_OFFICE_ZH", "发展和改革局", "office that replies to dig notices, in Chinese"),
    Setting("NOTICE_OFFICE_EN", "Development and Reform Bureau", "the same in English"),
    Setting("NOTICE_REPLY_DAYS", 20, "working days within which it replies", int),
    Setting("CONTACT_ZH", "系统管理员(应急管理部门)", "whom a person asks who may not see a page: office and telephone, in Chinese"),
    Setting("CONTACT_EN", "the administrator of the atlas (emergency management office)", "the same in English"),
    Setting("LARGEST_BODY_BYTES", 2_000_000, "largest request body that is read", int),
    Setting("LARGEST_UPLOAD_BYTES", 1_000_000_000, "largest upload, all its files together", int),
    Setting("ROLE_HEADER", "", "header in which a proxy in front states the roles of a person, as ROLE writes them; empty: none"),
    Setting("ROLE", "admin", "roles of everybody: view, plan, patrol, pipeline, sheets, admin; several with commas, towns behind @"),
)


class SettingError(AtlasError):
    """A setting has a value that cannot be used, or a name that does not exist."""


def settings(given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All settings by name: as given, else from the environment, else the default.

    Flask's own names (``TESTING`` and the like, which have no ``RISKATLAS_`` variable) are passed on.
    """
    given = dict(given or {})
    values = {setting.name: given.pop(setting.name, None) for setting in SETTINGS}
    for setting in SETTINGS:
        if values[setting.name] is None:
            values[setting.name] = _from_environment(setting)
    if unknown := [name for name in given if name not in ("TESTING", "SERVER_NAME")]:
        raise SettingError(f"unknown setting {', '.join(unknown)}")
    return {**given, **values, "MAX_CONTENT_LENGTH": values["LARGEST_BODY_BYTES"]}


def _from_environment(setting: Setting) -> Any:
    text = os.environ.get(PREFIX + setting.name)
    if not text:
        return setting.default
    try:
        return setting.kind(text)
    except ValueError as error:
        raise SettingError(f"{PREFIX}{setting.name}={text!r}: {error}; it is the {setting.help}") from error
