"""The server of the atlas with one more address that answers a constant: what its tiles are measured beside."""

from __future__ import annotations

import sys

from flask import Flask, Response

from app import create_app
from app.serving import Listening, run

ADDRESS = "/bench/<int:n_bytes>"


def application() -> Flask:
    """The atlas, and the constant."""
    app = create_app()
    kept: dict[int, bytes] = {}

    @app.get(ADDRESS)
    def constant(n_bytes: int) -> Response:
        content = kept.setdefault(n_bytes, bytes(n_bytes))
        return Response(content, mimetype="application/octet-stream")

    return app


if __name__ == "__main__":
    port, n_workers = int(sys.argv[1]), int(sys.argv[2])
    listening = Listening("127.0.0.1", port, n_workers, 8, has_worker=False)
    run(listening, target="tests.benchmarks.peers.constant_server:application")
