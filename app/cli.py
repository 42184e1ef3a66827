"""Commands of the server's side: serve."""

from __future__ import annotations

import click

from app.serving import Listening, serve
from layers.store import Place

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000


@click.command("serve")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on; 0.0.0.0: every one.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65535), help="Port.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Server processes.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64), help="Threads of each process.")
@click.pass_obj
def serve_command(place: Place, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the map and the API until Ctrl+C; started by root, it runs as an unprivileged user."""
    serve(Listening(host, port, workers, threads), home=place.home, database_url=place.open_url())


commands: list[click.Command] = [serve_command]
