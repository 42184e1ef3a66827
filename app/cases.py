"""Kept cases: a request with its answer under a number, judged again when a later edition is served."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from app import queries
from app.database import Database
from app.editions import EditionFacts
from app.errors import ConflictError, MissingError
from app.parameters import plain_text
from app.parts import parts
from app.pinned import Pinned, pinned_edition
from app.texts import Text
from layers.errors import AtlasError

CASE_LOCK = 7_218_011
"""Of whoever finds the next number by a look at those that are taken."""
MOST_LISTED = 500
ALREADY_JUDGED = Text("案件已有结论,请复制为新方案")
Judge = Callable[[dict[str, Any]], dict[str, Any]]
"""Answers a kept request by the edition that is served now."""


@dataclass(frozen=True)
class CaseKind:
    """A kind of case: the letter of its numbers, and what of an answer counts as its outcome."""

    id: str
    initial: str
    outcome: Callable[[dict[str, Any]], Any]


def next_ref(connection: sa.Connection, kind: CaseKind) -> str:
    """The next number of a kind, such as S2026-0042; nobody else gets it before the transaction ends."""
    return str(queries.run(connection, "next_ref", {"initial": kind.initial}).scalar_one())


def keep_case(
    database: Database, kind: CaseKind, facts: EditionFacts, body: dict[str, Any], answer: str, *, ref: str = ""
) -> str:
    """Keep a request with its answer (a JSON text) under the number of its draft, else the next one; the number.

    The number is taken and the case kept each in a transaction of its own; raises `ConflictError` where another answer to
    the draft was kept meanwhile.
    """
    case = {
        "kind": kind.id,
        "edition": facts.edition.number,
        "request": json.dumps(body, ensure_ascii=False),
        "answer": answer,
    }
    with database.keeping() as connection:
        taken = ref or str(queries.run(connection, "take_ref", {"initial": kind.initial}).scalar_one())
        kept = queries.run(connection, "keep_case", case | {"ref": taken}).scalar_one_or_none()
    if kept is None:
        raise ConflictError(ALREADY_JUDGED)
    return taken


def told_case(ref: str, answer: str) -> str:
    """The JSON text of an answer with its number before it.

    >>> told_case("S2026-0001", '{"verdict":1}')
    '{"ref":"S2026-0001","verdict":1}\\n'
    """
    return f'{{"ref":{json.dumps(ref)},{answer[1:]}\n'


def answer_text(answer: dict[str, Any]) -> str:
    """An answer as JSON, as it is kept and sent."""
    return orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()


def kept_case(connection: sa.Connection, kind: CaseKind, ref: str) -> dict[str, Any]:
    """A kept case: the answer as it was given, the request, and every later judgement; raises `MissingError`."""
    row = queries.run(connection, "case", {"ref": ref, "kind": kind.id}).one_or_none()
    if row is None:
        raise MissingError(Text("没有案件 {ref}", ref=ref))
    checks = [
        {
            "edition": check.edition,
            "has_changed": check.has_changed,
            "checked_at": check.checked_at.isoformat(),
            "answer": check.answer,
        }
        for check in queries.run(connection, "case_checks", {"ref": ref})
    ]
    return {
        "ref": ref, **row.answer, "request": row.request, "created_at": row.created_at.isoformat(), "checks": checks,
    }  # fmt: skip


def newest_case(kind: CaseKind, ref: str, judge: Callable[[Pinned, dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """A kept case as it was answered; judged again, and that kept too, when a later edition is served."""
    wanted = plain_text("ref", ref)
    with pinned_edition() as pinned:
        case = kept_case(pinned.connection, kind, wanted)
        later = judged_again(kind, case, pinned.facts, partial(judge, pinned)) if pinned.is_newest else None
    if later is None:
        return case
    with parts().database.writing() as connection:
        keep_check(connection, later)
        return kept_case(connection, kind, wanted)


def judged_again(kind: CaseKind, case: dict[str, Any], facts: EditionFacts, judge: Judge) -> dict[str, Any] | None:
    """The judgement of a case by a later edition than any before; None when there is nothing new to judge by.

    A request that the later edition cannot answer (the site lies outside a mended boundary) is a change too: its
    `answer` then holds the `error`. Whether the outcome has changed is told against the answer that was given when the
    case was kept, however many editions have judged it since.
    """
    last = case["checks"][-1] if case["checks"] else case
    if facts.edition.number <= last["edition"]:
        return None
    try:
        answer = judge(case["request"])
    except AtlasError as error:
        answer = {"error": {"message_zh": getattr(error, "message_zh", str(error)), "message_en": str(error)}}
    has_changed = _outcome(kind, answer) != _outcome(kind, case)
    return {"ref": case["ref"], "edition": facts.edition.number, "answer": answer, "has_changed": has_changed}


def _outcome(kind: CaseKind, answer: dict[str, Any]) -> Any:
    return answer["error"] if "error" in answer else kind.outcome(answer)


def keep_check(connection: sa.Connection, check: dict[str, Any]) -> None:
    """Keep a later judgement beside the case."""
    queries.run(connection, "keep_case_check", {**check, "answer": answer_text(check["answer"])})


def listed_cases(connection: sa.Connection, kind: CaseKind) -> list[Any]:
    """Rows of a kind's newest cases, each with its newest answer."""
    return list(queries.run(connection, "cases", {"kind": kind.id, "most": MOST_LISTED}))


def stale_cases(connection: sa.Connection, kind: CaseKind, edition: int) -> list[str]:
    """Numbers of kept cases that an edition has not judged yet, oldest first."""
    rows = queries.run(connection, "stale_cases", {"kind": kind.id, "edition": edition, "most": MOST_LISTED})
    return [str(row.ref) for row in rows]
