"""Photos that people add: checked and drawn anew, so that nothing of the sent file but its picture is kept."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import MissingError, RequestError
from app.texts import Text

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_BYTES = 12_000_000
MOST_PIXELS = 50_000_000
LONGEST_PX = 2000
QUALITY = 85
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Photo:
    """A picture as it is kept: a JPEG without any note of camera or place."""

    content: bytes
    width_px: int
    height_px: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def read_photo(sent: bytes) -> Photo:
    """A sent picture, turned upright, at most 2000 pixels long; raises `RequestError` for anything that is none."""
    if not sent or len(sent) > MOST_BYTES:
        raise RequestError("photo", Text("照片应在 {most} MB 以内", most=MOST_BYTES // 10 ** 6))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(sent), formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise RequestError("photo", Text("照片像素过多"))
                upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RequestError("photo", Text("不是可读的 JPEG、PNG 或 WebP 照片")) from None
    upright.thumbnail((LONGEST_PX, LONGEST_PX))
    made = BytesIO()
    upright.save(made, "JPEG", quality=QUALITY)
    return Photo(made.getvalue(), upright.width, upright.height)


def keep_photo(home: Path, photo: Photo) -> None:
    """Write a picture under its hash, whole or not at all."""
    target = photo_path(home, photo.sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".{secrets.token_hex(8)}"
    try:
        part.write_bytes(photo.content)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def photo_path(home: Path, sha256: str) -> Path:
    """Where a picture lies; raises `MissingError` for a text that is no hash."""
    if not SHA256.fullmatch(sha256):
        raise MissingError(Text("没有这张照片"))
    return home / "photos" / f"{sha256}.jpg"
