"""The map's fonts: one file a weight, subset to the characters of the interface and the edition."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import brotli
from fontTools import subset
from fontTools.ttLib import TTCollection, woff2

from layers.errors import AtlasError

FONT_FOLDERS = (Path("/usr/share/fonts/opentype/noto"), Path("/usr/share/fonts/noto-cjk"), Path("/usr/share/fonts"))
WEIGHTS = {"Regular": "NotoSansCJK-Regular.ttc", "Bold": "NotoSansCJK-Bold.ttc"}
FAMILY = "Noto Sans CJK SC"
CODE_DIR = Path(__file__).parents[1]
ALWAYS = "".join(chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2027), *range(0x3000, 0x3020), *range(0xFF01, 0xFF5F))) + "×⁻⁰¹²³⁴⁵⁶⁷⁸⁹≥≤±→←↑↓°′″①②③④⑤⑥⑦⑧⑨√✕✓△▲●○■□◆◇"


DROPPED_TABLES = ["VORG", "BASE", "vhea", "vmtx", "GSUB", "GPOS"]
"""Vertical writing and glyph substitution: the map sets single characters side by side."""
BROTLI_QUALITY = 10
"""A hundredth larger than the best (11) at less than half the time, which was two thirds of making a font."""


class _Brotli:
    """What fontTools asks of the brotli module when it writes a WOFF2; it has no way to state the quality."""

    MODE_FONT, MODE_TEXT = brotli.MODE_FONT, brotli.MODE_TEXT

    @staticmethod
    def compress(data: bytes, *, mode: int) -> bytes:
        return bytes(brotli.compress(data, mode=mode, quality=BROTLI_QUALITY))


def fonts_folder(home: Path) -> Path:
    """Where the subset fonts lie."""
    return home / "fonts"


def _collection(name: str) -> Path:
    for folder in FONT_FOLDERS:
        found = sorted(folder.glob(f"**/{name}")) if folder.exists() else []
        if found:
            return found[0]
    raise AtlasError(f"font {name} is not installed; install the package fonts-noto-cjk")


def make_fonts(home: Path, characters: set[str]) -> str:
    """Write the fonts for these characters, unless fonts that cover them are there; returns the hash that names them.

    The files are `AtlasSansSC-<weight>.<hash>.woff2` with the characters beside them;
    `AtlasSansSC-<weight>.woff2` is a copy of the newest.
    """
    wanted = characters | set(ALWAYS)
    folder = fonts_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    covering = sorted(path for path in folder.glob("characters.*.txt") if wanted <= set(path.read_text("utf-8")))
    if covering:
        return covering[0].suffixes[0][1:]
    text = "".join(sorted(wanted))
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    listed = folder / f"characters.{name}.part"
    listed.write_text(text, "utf-8")
    targets = {weight: folder / f"AtlasSansSC-{weight}.{name}.woff2" for weight in WEIGHTS}
    # One process a weight: subsetting is slow and holds the interpreter. A server of root names its Python by an open folder.
    workers = [
        subprocess.Popen([sys.executable, "-m", "etl.fonts", str(_collection(WEIGHTS[weight])), str(listed), str(target)], cwd=CODE_DIR, close_fds=False)
        for weight, target in targets.items()
    ]
    if any([worker.wait() for worker in workers]):
        raise AtlasError(f"the fonts of {len(wanted)} characters could not be made")
    for weight, target in targets.items():
        _replace(folder / f"AtlasSansSC-{weight}.woff2", target.read_bytes())
    listed.replace(folder / f"characters.{name}.txt")
    return name


def _replace(target: Path, content: bytes) -> None:
    part = target.with_suffix(".part")
    part.write_bytes(content)
    part.replace(target)


def _subset(path: Path, characters: str) -> bytes:
    fonts = TTCollection(path, lazy=True, recalcBBoxes=False).fonts
    font = next(font for font in fonts if font["name"].getDebugName(1) == FAMILY)
    options = subset.Options(notdef_outline=True, name_IDs=[1, 2], drop_tables=DROPPED_TABLES)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    font.flavor = "woff2"
    sink = io.BytesIO()
    font.save(sink)
    return sink.getvalue()


if __name__ == "__main__":
    woff2.brotli = _Brotli  # in this process alone
    _replace(Path(sys.argv[3]), _subset(Path(sys.argv[1]), Path(sys.argv[2]).read_text("utf-8")))
