"""Who may manage data: a setting of the installation; a viewer sees neither the pages nor their addresses."""

from __future__ import annotations

from flask import current_app

from app.errors import ForbiddenError

ROLES = ("admin", "viewer")


def role() -> str:
    """The role of everybody who reaches this server; anything but ``admin`` only looks at the map."""
    return "admin" if current_app.config["ROLE"] == "admin" else "viewer"


def require_admin() -> None:
    """Raise `ForbiddenError` where data may not be managed from this server."""
    if role() != "admin":
        raise ForbiddenError
