"""A folium map as one file that opens without a network: scripts, styles, images, fonts from npm packages."""

from __future__ import annotations

import base64
import mimetypes
import re
from pathlib import Path

from layers.errors import InputError, SourceFileError

PACKAGED = {
    r"leaflet\.js": "leaflet/dist/leaflet.js",
    r"leaflet\.css": "leaflet/dist/leaflet.css",
    r"jquery-[\d.]+(?:\.min)?\.js": "jquery/dist/jquery.min.js",
    r"bootstrap\.bundle\.min\.js": "bootstrap/dist/js/bootstrap.bundle.min.js",
    r"bootstrap\.min\.css": "bootstrap/dist/css/bootstrap.min.css",
    r"all\.min\.css": "@fortawesome/fontawesome-free/css/all.min.css",
    r"leaflet\.awesome-markers\.js": "leaflet.awesome-markers/dist/leaflet.awesome-markers.js",
    r"leaflet\.awesome-markers\.css": "leaflet.awesome-markers/dist/leaflet.awesome-markers.css",
}
"""Where npm keeps the files that folium links to, by the last part of their address."""
NOT_NEEDED = ("bootstrap-glyphicons.css", "leaflet.awesome.rotate.min.css")
"""Linked by folium for marker icons that `inline_assets` refuses; no npm package holds them."""
GLYPHICON = re.compile(r"""["']prefix["']\s*:\s*["']glyphicon["']|class=["'][^"']*\bglyphicon\b""")

SCRIPT = re.compile(r'<script\s+src="([^"]+)"\s*>\s*</script>')
STYLESHEET = re.compile(r'<link\s+rel="stylesheet"\s+href="([^"]+)"\s*/?>')
CSS_URL = re.compile(r"""url\(\s*(["']?)([^)"']+)\1\s*\)""")
OLD_FONT = re.compile(r""",\s*url\([^)]*\.ttf\)\s*format\(["']truetype["']\)""")
SOURCE_MAP = re.compile(r"(?://[#@]|/\*[#@])\s*sourceMappingURL=[^\s*]+(?:\s*\*/)?")
CREDIT_LINK = ' href="https://leafletjs.com"'
FOREIGN = re.compile(
    r"""(?:\b(?:src|href)\s*=\s*\\?["']?|\burl\(\s*["']?|@import\s+["']|\b(?:tileLayer|wms)\w*(?:\.wms)?\(\s*["'])"""
    r"""((?:https?:)?//[^\s"'\\)>]+)"""
)
"""Addresses that a browser would fetch, or a click would follow, outside the file."""


def foreign_addresses(html: str) -> list[str]:
    """Addresses of resources and links in a page that lead outside it, in order.

    >>> foreign_addresses('<img src="https://a.example/x.png"> <a href="#top">')
    ['https://a.example/x.png']
    """
    return [match[1] for match in FOREIGN.finditer(html)]


def inline_assets(html: str, node_modules: Path) -> str:
    """A page of folium's with everything it links to inside it.

    Parameters
    ----------
    html : the page, as ``map.get_root().render()`` gives it; made without online tiles (``tiles=None``)
    node_modules : folder with the packages leaflet, bootstrap, jquery, leaflet.awesome-markers and
        @fortawesome/fontawesome-free

    Raises
    ------
    SourceFileError
        A package's file is missing; ``npm ci`` brings it.
    InputError
        Something of the page lies outside and in no package: online tiles, a plugin, glyphicon markers.
    """
    if GLYPHICON.search(html):
        raise InputError("html", "glyphicon markers are in no package; use folium.Icon(prefix='fa')")
    page = SCRIPT.sub(lambda match: _script(match[1], node_modules), html)
    page = STYLESHEET.sub(lambda match: _stylesheet(match[1], node_modules), page)
    left = foreign_addresses(page)
    if left:
        raise InputError("html", f"the page needs what cannot be inlined: {', '.join(dict.fromkeys(left))}")
    return page


def _packaged(address: str, node_modules: Path) -> Path | None:
    """The package's file for an address, or None where no package has it."""
    name = address.rpartition("/")[2]
    for pattern, place in PACKAGED.items():
        if re.fullmatch(pattern, name):
            path = node_modules / place
            if not path.is_file():
                raise SourceFileError(path, "nothing", "the file of an npm package; run npm ci")
            return path
    return None


def _script(address: str, node_modules: Path) -> str:
    path = _packaged(address, node_modules)
    if path is None:
        return f'<script src="{address}"></script>'
    text = SOURCE_MAP.sub("", path.read_text(encoding="utf-8")).replace(CREDIT_LINK, "")
    inlined = "<script>" + text.replace("</script", r"<\/script") + "</script>"
    return inlined + (_default_marker(path.parent / "images") if path.name == "leaflet.js" else "")


def _default_marker(images: Path) -> str:
    """Leaflet finds its marker images beside its style sheet; in one file they must be stated."""
    names = {
        "iconUrl": "marker-icon.png",
        "iconRetinaUrl": "marker-icon-2x.png",
        "shadowUrl": "marker-shadow.png",
    }
    options = ", ".join(f'{key}: "{_data_address(images / name)}"' for key, name in names.items())
    return f'<script>L.Icon.Default.imagePath = ""; L.Icon.Default.mergeOptions({{{options}}});</script>'


def _stylesheet(address: str, node_modules: Path) -> str:
    if address.rpartition("/")[2] in NOT_NEEDED:
        return ""
    path = _packaged(address, node_modules)
    if path is None:
        return f'<link rel="stylesheet" href="{address}"/>'
    text = OLD_FONT.sub("", SOURCE_MAP.sub("", path.read_text(encoding="utf-8")))
    return f"<style>{CSS_URL.sub(lambda match: _css_address(match[2], path.parent), text)}</style>"


def _css_address(address: str, folder: Path) -> str:
    """``url(...)`` with the file's content; fragments and data stay as they are."""
    if address.startswith(("data:", "#")) or "//" in address:
        return f'url("{address}")'
    return f'url("{_data_address(folder / re.split("[?#]", address)[0])}")'


def _data_address(path: Path) -> str:
    if not path.is_file():
        raise SourceFileError(path, "nothing", "a file that a packaged style sheet names")
    kind = "font/woff2" if path.suffix == ".woff2" else mimetypes.guess_type(path.name)[0]
    return f"data:{kind or 'application/octet-stream'};base64,{base64.b64encode(path.read_bytes()).decode()}"
