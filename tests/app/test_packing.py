"""Pages, scripts and answers go packed to those who take it, whole to others, and not at all to those who have them."""

from __future__ import annotations

import gzip

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.packing import PackedFiles

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}
LARGE = ["/static/js/texts_zh.js", "/api/layers", "/vendor/maplibre-gl.mjs", "/"]


def get(client: FlaskClient, path: str, taken: str, **headers: str) -> TestResponse:
    """An answer read to its end and closed."""
    answer = client.get(path, headers={"Accept-Encoding": taken} | {name.replace("_", "-"): value for name, value in headers.items()}, buffered=True)
    answer.close()
    return answer


@pytest.mark.parametrize("path", LARGE)
@pytest.mark.parametrize("encoding", UNPACK)
def test_packed_answer_unpacks_to_the_plain_one(client: FlaskClient, path: str, encoding: str) -> None:
    plain, packed = (get(client, path, taken) for taken in ("identity", encoding))
    assert "Content-Encoding" not in plain.headers
    assert (packed.status_code, packed.headers["Content-Encoding"], packed.headers["Vary"]) == (200, encoding, "Accept-Encoding")
    assert UNPACK[encoding](packed.data) == plain.data
    assert len(packed.data) == int(packed.headers["Content-Length"]) < 0.6 * len(plain.data)
    assert packed.mimetype == plain.mimetype


def test_brotli_is_chosen_unless_it_is_refused(client: FlaskClient) -> None:
    def chosen(taken: str) -> str | None:
        return get(client, "/static/js/texts_zh.js", taken).headers.get("Content-Encoding")

    assert [chosen(taken) for taken in ("gzip, deflate, br, zstd", "gzip;q=1.0, br;q=0", "br;q=0, gzip;q=0", "zstd")] == ["br", "gzip", None, None]


def test_who_has_the_packed_file_is_told_so(client: FlaskClient) -> None:
    path = "/static/js/texts_zh.js"
    first, plain = get(client, path, "br"), get(client, path, "identity")
    again = get(client, path, "br", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert plain.headers["ETag"] != first.headers["ETag"]
    assert get(client, path, "identity", If_None_Match=plain.headers["ETag"]).status_code == 304


def test_small_answers_and_pictures_go_as_they_are(client: FlaskClient) -> None:
    for path in ("/healthz", "/static/js/colours.js"):
        answer = get(client, path, "br")
        assert (answer.status_code, "Content-Encoding" in answer.headers) == (200, False), path


def test_files_are_packed_once_and_dropped_when_there_are_too_many(server: Flask) -> None:
    files = PackedFiles(most_bytes=200)
    bodies = {name: bytes((i * 37 + ord(name)) % 251 for i in range(90)) for name in "abc"}
    packed = {name: files.packed(name, "br", server.response_class(body)) for name, body in bodies.items()}
    assert files.packed("c", "br", server.response_class(b"never read")) == packed["c"]
    assert brotli.decompress(files.packed("a", "br", server.response_class(b"anew"))) == b"anew"
