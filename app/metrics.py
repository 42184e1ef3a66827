"""Counts of requests for those who operate the server, in the text format of Prometheus."""

from __future__ import annotations

import threading
import time
from collections import Counter

from flask import Flask, Response, g, request

NAME = "riskatlas-metrics"


class Metrics:
    """Requests and seconds by route and status, of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.n_requests: Counter[tuple[str, int]] = Counter()
        self.seconds: Counter[str] = Counter()

    def add(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        with self._lock:
            self.n_requests[route, status] += 1
            self.seconds[route] += seconds  # type: ignore[assignment]

    def lines(self) -> list[str]:
        """Both counters in the text format."""
        with self._lock:
            n_requests, seconds = dict(self.n_requests), dict(self.seconds)
        return [
            "# TYPE riskatlas_requests_total counter",
            *[
                f'riskatlas_requests_total{{route="{route}",status="{status}"}} {n}'
                for (route, status), n in sorted(n_requests.items())
            ],
            "# TYPE riskatlas_request_seconds_total counter",
            *[
                f'riskatlas_request_seconds_total{{route="{route}"}} {total:.6f}'
                for route, total in sorted(seconds.items())
            ],
        ]


def init_app(app: Flask) -> None:
    """Count every request from its arrival to its answer."""
    metrics = app.extensions[NAME] = Metrics()

    def begin() -> None:
        g.began_at = time.perf_counter()

    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        metrics.add(route, response.status_code, time.perf_counter() - g.began_at)
        return response

    app.before_request(begin)
    app.after_request(end)
