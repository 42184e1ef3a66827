"""Sites in files that people send: read by a process of the loading side, never by the server itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.config import CODE_DIR
from app.errors import RequestError
from app.texts import DataText, Text
from app.uploads import harmless_name

LONGEST_READ_S = 120
SAID_BY = "riskatlas: "
"""What the line of an error begins with."""
NOTHING_SAID = "the reader ended without a word"
UNEXPLAINED = "读取程序未能处理这个文件,请核对内容和坐标系,用原软件重新导出后再试"
"""What is said in Chinese of a problem that the reader tells in English alone."""


def sites_of_body(name: str, body: bytes, *, target: str, crs: str = "") -> list[dict[str, Any]]:
    """The rows of a file that was sent, as GeoJSON in degrees of `target`; raises `RequestError` where none is a site.

    A row without a usable place has a `fault` (`field`, `zh`, `en`) and no geometry.
    """
    if not body:
        raise RequestError("file", Text("文件为空"))
    with tempfile.TemporaryDirectory(prefix="riskatlas-sites-") as folder:
        path = Path(folder) / harmless_name(name)
        path.write_bytes(body)
        return sites_of_file(path, target=target, crs=crs)


def sites_of_file(path: Path, *, target: str, crs: str = "") -> list[dict[str, Any]]:
    """The sites of a file."""
    command = [sys.executable, str(CODE_DIR / "riskatlas.py"), "read-sites", str(path), "--target", target, "--crs", crs]
    try:
        read = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST_READ_S, close_fds=False, check=False)
    except subprocess.TimeoutExpired:
        raise RequestError("file", Text("文件读取时间过长")) from None
    if read.returncode != 0:
        raise RequestError("file", Text("文件不能用作场址:{said}", said=_said(read.stderr.decode("utf-8", "replace"), path)))
    sites: list[dict[str, Any]] = json.loads(read.stdout)["sites"]
    return sites


def _said(problem: str, path: Path) -> DataText:
    """What the reader said of a file: its own line in English, and where the next one says in Chinese what that means and what to do, that too."""
    lines = [line.replace(f"{path.parent}/", "") for line in problem.strip().splitlines()] or [NOTHING_SAID]
    at = next((number for number, line in enumerate(lines) if line.startswith(SAID_BY)), len(lines) - 1)
    return DataText(lines[at + 1] if at + 1 < len(lines) else UNEXPLAINED, lines[at].removeprefix(SAID_BY))


def require_places(sites: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sites, where every row is one: parts of one project are taken whole or not; raises `RequestError` for the first that is none."""
    wrong = next((site for site in sites if site.get("fault")), None)
    if wrong is not None:
        row, fault = wrong["row"], wrong["fault"]
        said = DataText(f"{fault['field']}:{fault['zh']}", f"{fault['field']} {fault['en']}")
        raise RequestError("file", Text("第 {row} 行 {fault}", row=row, fault=said))
    return sites
