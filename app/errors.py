"""Turns every error into an answer through one table, in one JSON shape, or as a page for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg2.errors
import sqlalchemy.exc
from flask import (
    Flask,
    Response,
    current_app,
    jsonify,
    make_response,
    render_template,
    request,
)
from werkzeug.exceptions import HTTPException

from app.page_language import language
from layers.errors import (
    AtlasError,
    InputError,
    NoRuleError,
    NotFoundError,
    UnknownLayerError,
)

API_PREFIXES = ("/api/", "/tiles/", "/healthz", "/metrics", "/vendor/", "/fonts/")
IN_FRAME = (403, 404)
NO_STORE = {"Cache-Control": "no-store"}


class RequestError(InputError):
    """A request has a value that cannot be used; said in both languages."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(field, en)
        self.message_zh = f"{field}:{zh}"


class MissingError(NotFoundError):
    """What was asked for does not exist; said in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.message_zh = zh


class CrossSiteError(AtlasError):
    """A page of another site tried to have something done here."""

    def __init__(self) -> None:
        super().__init__("a page of another site may not ask for this")


class ForbiddenError(AtlasError):
    """The person's roles do not allow what was asked for; says which role would."""

    def __init__(self, zh: str = "", en: str = "") -> None:
        wanted = f"the role of {en}" if en else "such a role"
        super().__init__(f"you do not hold {wanted}; ask the administrator of the atlas (RISKATLAS_ROLE)")
        if zh:
            self.message_zh = f"您没有“{zh}”权限,可联系系统管理员(应急管理部门)"


class ConflictError(AtlasError):
    """What was asked for does not fit what is there by now; said in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.message_zh = zh


class BusyError(AtlasError):
    """More was asked for than is given in so short a time; said in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.message_zh = zh


class NoEditionError(AtlasError):
    """Nothing has been published yet."""

    def __init__(self) -> None:
        super().__init__("no edition has been published yet; run: riskatlas load, score, publish")


@dataclass(frozen=True)
class Answer:
    """What a class of errors becomes; `zh` is used where the error itself speaks English only."""

    status: int
    code: str
    zh: str
    is_said: bool = True  # whether the error's own words are shown: never those of a driver


ANSWERS: dict[type[Exception], Answer] = {
    UnknownLayerError: Answer(404, "unknown_layer", "没有这个图层"),
    NotFoundError: Answer(404, "not_found", "没有找到"),
    InputError: Answer(400, "bad_request", "请求内容不能使用"),
    NoRuleError: Answer(422, "no_rule", "没有适用的规则,不能作出判断"),
    CrossSiteError: Answer(403, "cross_site", "不接受其他网站页面的请求"),
    ForbiddenError: Answer(403, "forbidden", "您没有这项权限,可联系系统管理员(应急管理部门)"),
    ConflictError: Answer(409, "conflict", "与现状不符,没有执行"),
    BusyError: Answer(429, "too_many", "请求过多,请稍后再试"),
    NoEditionError: Answer(503, "no_edition", "还没有发布任何版次;请先运行 riskatlas load、score、publish"),
    AtlasError: Answer(500, "atlas_error", "服务器处理时出错"),
    psycopg2.errors.QueryCanceled: Answer(503, "too_slow", "查询超时,请缩小范围后再试", is_said=False),
    psycopg2.errors.UndefinedTable: Answer(503, "changed", "数据库正在变更,请刷新页面后再试", is_said=False),
    psycopg2.errors.InvalidSchemaName: Answer(503, "changed", "数据库正在变更,请刷新页面后再试", is_said=False),
    psycopg2.errors.UndefinedColumn: Answer(503, "changed", "数据库正在变更,请刷新页面后再试", is_said=False),
    psycopg2.OperationalError: Answer(503, "database_unavailable", "数据库暂时无法连接,请稍后再试", is_said=False),
    psycopg2.InterfaceError: Answer(503, "database_unavailable", "数据库暂时无法连接,请稍后再试", is_said=False),
    sqlalchemy.exc.TimeoutError: Answer(503, "busy", "服务器繁忙,请稍后再试", is_said=False),
}

ENGLISH = {
    "too_slow": "the query took too long; ask for less",
    "changed": "the database is not as expected (an edition was retired, or another version made it); reload",
    "database_unavailable": "the database cannot be reached just now; try again later",
    "busy": "the server is busy; try again later",
    "internal": "the server failed; the fault has been logged",
}
HTTP_CODES = {
    400: ("bad_request", "请求不正确", "the request cannot be understood"),
    404: ("not_found", "没有这个地址", "there is nothing at this address"),
    411: ("length_required", "请求须声明内容长度", "the request must state its length"),
    405: ("method_not_allowed", "这个地址不接受该方法", "this address does not take that method"),
    413: ("too_large", "请求内容过大", "the request is too large"),
    414: ("too_long", "地址过长", "the address is too long"),
    415: ("unsupported_media_type", "请以 application/json 提交", "send the body as application/json"),
    500: ("internal", "服务器出错,已记入日志", ENGLISH["internal"]),
}


def init_app(app: Flask) -> None:
    """Have every error of a request answered here."""
    app.register_error_handler(AtlasError, answer_error)
    app.register_error_handler(sqlalchemy.exc.DBAPIError, _answer_database_error)
    app.register_error_handler(sqlalchemy.exc.TimeoutError, answer_error)
    app.register_error_handler(HTTPException, _answer_http_error)


def answer_for(error: Exception) -> Answer:
    """The row of the table that fits an error's class best."""
    for cls in type(error).__mro__:
        if cls in ANSWERS:
            return ANSWERS[cls]
    return Answer(500, "internal", HTTP_CODES[500][1], is_said=False)


def answer_error(error: Exception) -> Response:
    """The answer to an error of ours."""
    answer = answer_for(error)
    if answer.status >= 500:
        current_app.logger.error("%s: %s", answer.code, error, exc_info=answer.status == 500)
    en = str(error) if answer.is_said else ENGLISH[answer.code]
    own_zh = getattr(error, "message_zh", None)
    zh = own_zh or (f"{answer.zh}:{en}" if isinstance(error, InputError) else answer.zh)
    return _answer(answer.status, answer.code, zh, en, getattr(error, "field", None))


def _answer_database_error(error: sqlalchemy.exc.DBAPIError) -> Response:
    return answer_error(error.orig if isinstance(error.orig, Exception) else error)


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    code, zh, en = HTTP_CODES.get(status, (f"http_{status}", error.name, error.name))
    response = _answer(status, code, zh, en, None)
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _answer(status: int, code: str, zh: str, en: str, field: str | None) -> Response:
    body: dict[str, Any] = {"code": code, "message_zh": zh, "message_en": en, "field": field}
    response = make_response(_page(status, body) if _is_navigation() else jsonify(error=body), status)
    response.headers.update(NO_STORE)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _is_navigation() -> bool:
    """Whether a person waits for a page rather than a program for JSON."""
    if request.path.startswith(API_PREFIXES):
        return False
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def _page(status: int, body: dict[str, Any]) -> str:
    """A refusal stands in the frame, so that one may go on; a page that the server fails to make stands alone."""
    config = current_app.config
    contact = {"zh": config["CONTACT_ZH"], "en": config["CONTACT_EN"]}
    template = "refused.html" if status in IN_FRAME else "error.html"
    return render_template(template, status=status, error=body, lang=language(), contact=contact)
