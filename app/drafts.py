"""Drafts of cases: a form that is saved while a person fills it in, under the number that the case will have."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from app import queries
from app.cases import ALREADY_JUDGED, CaseKind, kept_case, next_ref
from app.errors import ConflictError, MissingError, RequestError
from app.texts import Text

LARGEST_FORM_BYTES = 2_000_000
MOST_LISTED = 200


def new_draft(connection: sa.Connection, kind: CaseKind, form: dict[str, Any], *, copied_from: str = "") -> str:
    """Keep a new draft; its number. A copy of a copy belongs to the first case.

    Raises
    ------
    MissingError
        There is no case `copied_from`.
    """
    root = copied_from and (_root_of(connection, kind, copied_from) or copied_from)
    ref = next_ref(connection, kind)
    values = {"ref": ref, "kind": kind.id, "form": _text(form), "copied_from": root or None}
    queries.run(connection, "new_draft", values)
    return ref


def _root_of(connection: sa.Connection, kind: CaseKind, ref: str) -> str | None:
    row = queries.run(connection, "draft", {"ref": ref, "kind": kind.id}).one_or_none()
    if row is None:
        kept_case(connection, kind, ref)
        return None
    return str(row.copied_from) if row.copied_from else None


def save_draft(connection: sa.Connection, kind: CaseKind, ref: str, form: dict[str, Any]) -> dict[str, Any]:
    """Keep what the form holds now; raises `MissingError`, and `ConflictError` for one that has been judged."""
    values = {"ref": ref, "kind": kind.id, "form": _text(form)}
    if not queries.run(connection, "save_draft", values).rowcount:
        draft_of(connection, kind, ref)
        raise ConflictError(ALREADY_JUDGED)
    return draft_of(connection, kind, ref)


def draft_of(connection: sa.Connection, kind: CaseKind, ref: str) -> dict[str, Any]:
    """A draft with its form; raises `MissingError`."""
    row = queries.run(connection, "draft", {"ref": ref, "kind": kind.id}).one_or_none()
    if row is None:
        raise MissingError(Text("没有草稿 {ref}", ref=ref))
    return _told(row) | {"is_judged": row.is_judged}


def open_draft(connection: sa.Connection, kind: CaseKind, ref: str) -> dict[str, Any] | None:
    """A draft that has not been judged; None where the number is another's or nobody's."""
    row = queries.run(connection, "draft", {"ref": ref, "kind": kind.id}).one_or_none()
    return None if row is None or row.is_judged else _told(row)


def drop_draft(connection: sa.Connection, kind: CaseKind, ref: str) -> None:
    """Forget a draft; raises `MissingError` for one that is not there or has been judged."""
    if not queries.run(connection, "drop_draft", {"ref": ref, "kind": kind.id}).rowcount:
        raise MissingError(Text("没有草稿 {ref}", ref=ref))


def listed_drafts(connection: sa.Connection, kind: CaseKind) -> list[dict[str, Any]]:
    """Drafts that have not been judged, newest first."""
    return [_told(row) for row in queries.run(connection, "drafts", {"kind": kind.id, "most": MOST_LISTED})]


def alternatives(connection: sa.Connection, kind: CaseKind, ref: str) -> list[str]:
    """Numbers of a case and all its alternatives, in their order; the case alone where there are none."""
    root = _root_of(connection, kind, ref) or ref
    found = [str(row.ref) for row in queries.run(connection, "copies_of", {"root": root})]
    return sorted({*found, root, ref})


def _told(row: Any) -> dict[str, Any]:
    return {
        "ref": row.ref,
        "form": row.form,
        "copied_from": row.copied_from,
        "created_at": row.created_at.isoformat(),
        "saved_at": row.saved_at.isoformat(),
    }


def _text(form: dict[str, Any]) -> str:
    text = json.dumps(form, ensure_ascii=False)
    if len(text.encode()) > LARGEST_FORM_BYTES or "\\u0000" in text:
        raise RequestError("form", Text("内容过大或含有控制字符"))
    return text
