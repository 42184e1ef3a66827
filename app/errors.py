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
from app.texts import Bilingual, DataText, Text
from layers.errors import (
    AtlasError,
    InputError,
    NoRuleError,
    NotFoundError,
    UnknownLayerError,
)

API_PREFIXES = ("/api/", "/tiles/", "/healthz", "/metrics", "/vendor/", "/fonts/")
IN_FRAME = (403, 404)
NOT_ALLOWED = Text("您没有这项权限,可联系系统管理员(应急管理部门)")
NO_STORE = {"Cache-Control": "no-store"}


class RequestError(InputError):
    """A request has a value that cannot be used; said in both languages."""

    def __init__(self, field: str, text: Bilingual) -> None:
        super().__init__(field, text.en)
        self.message_zh = f"{field}:{text.zh}"


class MissingError(NotFoundError):
    """What was asked for does not exist; said in both languages."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.message_zh = text.zh


class CrossSiteError(AtlasError):
    """A page of another site tried to have something done here."""

    def __init__(self) -> None:
        super().__init__("A page of another site may not ask for this")


class ForbiddenError(AtlasError):
    """The person's roles do not allow what was asked for; says which role would."""

    def __init__(self, role: Bilingual | None = None) -> None:
        text = Text("您没有“{role}”权限,可联系系统管理员(应急管理部门)", role=role) if role else NOT_ALLOWED
        super().__init__(text.en)
        self.message_zh = text.zh


class ConflictError(AtlasError):
    """What was asked for does not fit what is there by now; said in both languages."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.message_zh = text.zh


class BusyError(AtlasError):
    """More was asked for than is given in so short a time; said in both languages."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.message_zh = text.zh


class NoEditionError(AtlasError):
    """Nothing has been published yet."""

    def __init__(self) -> None:
        super().__init__("No edition has been published yet; run: riskatlas load, score, publish")


@dataclass(frozen=True)
class Answer:
    """What a class of errors becomes; the Chinese of `text` stands beside an error that speaks English only."""

    status: int
    code: str
    text: Text
    is_said: bool = True  # whether the error's own words are shown: never those of a driver


CHANGING = Answer(503, "changed", Text("数据库正在变更,请刷新页面后再试"), is_said=False)
UNREACHED = Answer(503, "database_unavailable", Text("数据库暂时无法连接,请稍后再试"), is_said=False)
FAILED = Answer(500, "internal", Text("服务器出错,已记入日志"), is_said=False)
ANSWERS: dict[type[Exception], Answer] = {
    UnknownLayerError: Answer(404, "unknown_layer", Text("没有这个图层")),
    NotFoundError: Answer(404, "not_found", Text("没有找到")),
    InputError: Answer(400, "bad_request", Text("请求内容不能使用")),
    NoRuleError: Answer(422, "no_rule", Text("没有适用的规则,不能作出判断")),
    CrossSiteError: Answer(403, "cross_site", Text("不接受其他网站页面的请求")),
    ForbiddenError: Answer(403, "forbidden", NOT_ALLOWED),
    ConflictError: Answer(409, "conflict", Text("与现状不符,没有执行")),
    BusyError: Answer(429, "too_many", Text("请求过多,请稍后再试")),
    NoEditionError: Answer(503, "no_edition", Text("还没有发布任何版次;请先运行 riskatlas load、score、publish")),
    AtlasError: Answer(500, "atlas_error", Text("服务器处理时出错")),
    psycopg2.errors.QueryCanceled: Answer(503, "too_slow", Text("查询超时,请缩小范围后再试"), is_said=False),
    psycopg2.errors.UndefinedTable: CHANGING,
    psycopg2.errors.InvalidSchemaName: CHANGING,
    psycopg2.errors.UndefinedColumn: CHANGING,
    psycopg2.OperationalError: UNREACHED,
    psycopg2.InterfaceError: UNREACHED,
    sqlalchemy.exc.TimeoutError: Answer(503, "busy", Text("服务器繁忙,请稍后再试"), is_said=False),
}

TOO_LARGE = 413
HTTP_CODES = {
    400: ("bad_request", Text("请求不正确")),
    404: ("not_found", Text("没有这个地址")),
    411: ("length_required", Text("请求须声明内容长度")),
    405: ("method_not_allowed", Text("这个地址不接受该方法")),
    TOO_LARGE: ("too_large", Text("请求内容过大")),
    414: ("too_long", Text("地址过长")),
    415: ("unsupported_media_type", Text("请以 application/json 提交")),
    500: (FAILED.code, FAILED.text),
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
    return FAILED


def answer_error(error: Exception) -> Response:
    """The answer to an error of ours."""
    answer = answer_for(error)
    if answer.status >= 500:
        current_app.logger.error("%s: %s", answer.code, error, exc_info=answer.status == 500)
    own_zh = getattr(error, "message_zh", None)
    en = spoken(error, has_sentence=own_zh is not None) if answer.is_said else answer.text.en
    zh = own_zh or (f"{answer.text.zh}:{en}" if isinstance(error, InputError) else answer.text.zh)
    return _answer(answer.status, answer.code, zh, en, getattr(error, "field", None))


def spoken(error: Exception, *, has_sentence: bool) -> str:
    """An error's own English; one that is written for the command line, in small letters, begins here as a sentence does."""
    text = str(error)
    return text if has_sentence or isinstance(error, InputError) else text[:1].upper() + text[1:]


def _answer_database_error(error: sqlalchemy.exc.DBAPIError) -> Response:
    return answer_error(error.orig if isinstance(error.orig, Exception) else error)


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    code, text = HTTP_CODES.get(status, (f"http_{status}", DataText(error.name, error.name)))
    response = _answer(status, code, text.zh, text.en, "body" if status == TOO_LARGE else None)
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
