"""Answers go packed over the line to those who take it: Brotli, else gzip. Tiles have their own door and are packed already."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict

import brotli
from flask import Flask, Response, request

ENCODINGS = ("br", "gzip")
"""Best first."""
MIMETYPES = frozenset(
    ("text/javascript", "application/javascript", "text/css", "text/html", "text/plain", "application/json", "application/geo+json", "image/svg+xml")
)
LEAST_BYTES, LEAST_FILE_BYTES = 4_000, 600
"""What is smaller goes as it is: it fills a packet or two either way; a file is packed once and many of them make a page."""
FILE_BROTLI, LARGE_FILE_BROTLI, ANSWER_BROTLI, GZIP = 11, 9, 4, 6
LARGE_FILE_BYTES = 200_000
"""Levels: files are packed once and kept, large ones not so well that somebody would wait for it, answers each time."""
MOST_KEPT_BYTES = 32_000_000


class PackedFiles:
    """Packed bytes of files by their ETag, least lately used ones dropped."""

    def __init__(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._n_bytes = 0
        self._most_bytes = most_bytes
        self._lock = threading.Lock()

    def packed(self, etag: str, encoding: str, response: Response) -> bytes:
        """The body of a response with an ETag, packed; read and packed once."""
        key = (etag, encoding)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        body = _body(response)
        made = pack(body, encoding, brotli_level=FILE_BROTLI if len(body) < LARGE_FILE_BYTES else LARGE_FILE_BROTLI)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._n_bytes += len(made)
            while self._n_bytes > self._most_bytes:
                self._n_bytes -= len(self._kept.popitem(last=False)[1])
        return made


def pack(content: bytes, encoding: str, *, brotli_level: int) -> bytes:
    """Content as ``br`` or ``gzip``."""
    if encoding == "br":
        packed: bytes = brotli.compress(content, quality=brotli_level)
        return packed
    return gzip.compress(content, GZIP, mtime=0)


def init_app(app: Flask) -> None:
    """Pack the answers of the application."""
    files = PackedFiles()

    def packed(response: Response) -> Response:
        return _packed(response, files)

    app.after_request(packed)


def _packed(response: Response, files: PackedFiles) -> Response:
    """The response packed as the request takes it; a file whose packed form is known to the browser is 304."""
    if not _may_be_packed(response):
        return response
    response.vary.add("Accept-Encoding")
    encoding = next((name for name in ENCODINGS if request.accept_encodings[name] > 0), None)
    if encoding is None:
        return response
    etag, is_weak = response.get_etag()
    if etag and not is_weak:
        packed_etag = f"{etag}-{encoding}"
        response.set_etag(packed_etag)
        if packed_etag in request.if_none_match:
            return _not_modified(response)
        content = files.packed(etag, encoding, response)
    else:
        content = pack(_body(response), encoding, brotli_level=ANSWER_BROTLI)
    _replace(response, content)
    response.headers["Content-Encoding"] = encoding
    return response


def _may_be_packed(response: Response) -> bool:
    """Whole answers of text; what flows piece by piece flows on, and nobody waits for a few bytes."""
    is_whole = response.direct_passthrough or not response.is_streamed
    least = LEAST_FILE_BYTES if response.get_etag()[0] else LEAST_BYTES
    is_small = response.content_length is not None and response.content_length < least
    return (
        request.method == "GET" and response.status_code == 200 and response.mimetype in MIMETYPES
        and "Content-Encoding" not in response.headers and is_whole and not is_small
    )  # fmt: skip


def _body(response: Response) -> bytes:
    response.direct_passthrough = False
    return response.get_data()


def _replace(response: Response, content: bytes) -> None:
    """Another body; a file that the old one would be read from is closed with the answer."""
    close = getattr(response.response, "close", None)
    if close is not None:
        response.call_on_close(close)
    response.direct_passthrough = False
    response.set_data(content)


def _not_modified(response: Response) -> Response:
    _replace(response, b"")
    response.status_code = 304
    for name in ("Content-Length", "Content-Type"):
        response.headers.pop(name, None)
    return response
