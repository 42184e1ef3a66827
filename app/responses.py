"""What every answer carries: the rules a browser is to keep, and how long it may keep the answer."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, request

from app.basemaps import online_hosts
from app.errors import CrossSiteError

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "worker-src 'self' blob:",
        "img-src 'self' data: blob:",
        "style-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = ("none", "same-origin")
A_YEAR = "private, max-age=31536000, immutable"


def content_policy(hosts: Sequence[str]) -> str:
    """The policy, with the hosts of online tile sources let in where an installation switched such on."""
    if not hosts:
        return CONTENT_SECURITY_POLICY
    listed = " ".join(hosts)
    opened = CONTENT_SECURITY_POLICY.replace("img-src 'self'", f"img-src 'self' {listed}")
    return f"{opened}; connect-src 'self' {listed}"


def init_app(app: Flask) -> None:
    """Put the security headers on every answer; refuse what a page of another site wants done."""
    policy = content_policy(online_hosts(app.config["TILE_KEYS"]))
    headers = SECURITY_HEADERS | {"Content-Security-Policy": policy}

    def refuse_other_sites() -> None:
        # Browsers say where a request comes from; programs do not, and are not misled by a page.
        if request.method not in SAFE_METHODS and not _is_from_here():
            raise CrossSiteError

    def add_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-cache")
        return response

    app.before_request(refuse_other_sites)
    app.after_request(add_headers)


def _is_from_here() -> bool:
    """Whether a request that changes something comes from a page of this server, or from no page at all.

    Older browsers say the page's origin only; its host must then be the one asked.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in OWN_SITES:
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
