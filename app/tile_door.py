"""Answers tiles that this process keeps in memory before the framework is asked: they are most of all requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from app.metrics import NAME as METRICS
from app.metrics import Metrics
from app.responses import A_YEAR, SECURITY_HEADERS
from app.tile_store import Tile, TileStore

MOST_PATHS = 200_000
NAME = "riskatlas-tile-door"
Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class TileDoor:
    """WSGI in front of the application: a GET of a remembered address whose tile is in memory is answered here."""

    def __init__(
        self, app: Callable[[Environ, StartResponse], Iterable[bytes]], store: TileStore, metrics: Metrics, role_header: str
    ) -> None:
        self._app = app
        self._store = store
        self._metrics = metrics
        self._role_key = "HTTP_" + role_header.upper().replace("-", "_")
        self._known: dict[tuple[str, str], tuple[str, str, str]] = {}

    def remember(self, environ: Environ, key: str, mimetype: str, route: str) -> None:
        """Note that an address as it was asked for, by a person who may, is the tile of a key."""
        if len(self._known) >= MOST_PATHS:
            self._known.clear()
        self._known[self._asked(environ)] = (key, mimetype, route)

    def _asked(self, environ: Environ) -> tuple[str, str]:
        """The address and what a proxy says of the person: who was let in once as such is let in again."""
        return environ["PATH_INFO"], environ.get(self._role_key, "")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        known = self._known.get(self._asked(environ))
        if known is None or environ["REQUEST_METHOD"] != "GET":
            return self._app(environ, start_response)
        key, mimetype, route = known
        tile = self._store.in_memory(key)
        if tile is None or not tile.packed:
            return self._app(environ, start_response)
        status, headers, content = answer(tile, mimetype, environ)
        self._metrics.add(route, int(status[:3]), 0.0)
        start_response(status, [*headers.items(), *SECURITY_HEADERS.items()])
        return [content]


def answer(tile: Tile, mimetype: str, environ: Environ) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of a tile: packed for those who take gzip; 304 to those who have it, 204 for none."""
    is_packed = bool(tile.packed) and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
    etag = f'"{tile.etag}-gzip"' if is_packed else f'"{tile.etag}"'
    headers = {"Cache-Control": A_YEAR, "ETag": etag, "Vary": "Accept-Encoding"}
    if etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        return "304 NOT MODIFIED", headers, b""
    content = tile.packed if is_packed else tile.content
    if not content:
        return "204 NO CONTENT", headers, b""
    headers |= {"Content-Type": mimetype, "Content-Length": str(len(content))}
    return "200 OK", headers | ({"Content-Encoding": "gzip"} if is_packed else {}), content


def init_app(app: Flask, store: TileStore) -> None:
    """Put the door before the application."""
    door = TileDoor(app.wsgi_app, store, app.extensions[METRICS], app.config["ROLE_HEADER"])
    app.extensions[NAME] = app.wsgi_app = door  # type: ignore[method-assign]
