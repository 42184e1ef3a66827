"""Addresses and answers of pipelines and dig notices."""

from __future__ import annotations

from app.openapi.words import (
    DAY, EDITION, FLAG, GEOMETRY, LANG, NUMBER, OBJECT, PAGE, TEXT, WHOLE, Schema, answer, file_of,
    list_of, operation, or_null, path, query, record,
)  # fmt: skip
from app.parameters import LONGEST_TEXT

SCHEMAS: dict[str, Schema] = {
    "NoticeRequest": {
        **record(
            "applicant phone received_on starts_on ends_on activities",
            applicant={"type": "string", "maxLength": LONGEST_TEXT}, phone={"type": "string", "maxLength": LONGEST_TEXT},
            name={"type": "string", "maxLength": LONGEST_TEXT}, received_on=DAY, starts_on=DAY, ends_on=DAY,
            activities={"type": "array", "items": TEXT, "minItems": 1, "description": "words of /api/activities"},
            geometry={"type": "object", "description": "GeoJSON Point, LineString, Polygon or their multiples, degrees; or along"},
            along=record("pipeline_id from_m to_m", pipeline_id=TEXT, from_m=NUMBER, to_m=NUMBER),
            width_m={"type": "number", "minimum": 0, "maximum": 2000, "description": "of the works, both sides together"},
            accuracy_m={"type": "number", "minimum": 0, "maximum": 200, "description": "of the geometry"},
        ),
        "additionalProperties": False,
    },
    "Notice": record(
        "ref verdict touched lines operators works received_on due_on reply_days is_calendar_final office_zh office_en"
        " not_shown n_unplaced_pipelines edition rules_version warning_zh warning_en",
        ref=TEXT, verdict=record("id title_zh title_en", id=TEXT, title_zh=TEXT, title_en=TEXT), touched=list_of(OBJECT),
        lines=list_of(OBJECT), operators=list_of(TEXT), works=GEOMETRY, received_on=DAY, due_on=DAY, reply_days=WHOLE,
        is_calendar_final=FLAG, office_zh=TEXT, office_en=TEXT, n_unplaced_pipelines=WHOLE, edition=WHOLE, rules_version=TEXT,
        not_shown=list_of(record("class title_zh title_en", title_zh=TEXT, title_en=TEXT, **{"class": TEXT})), warning_zh=TEXT, warning_en=TEXT, checks=list_of(OBJECT),
    ),
    "Notices": record("notices", notices=list_of(OBJECT)),
    "Activities": record(
        "activities groups",
        activities=list_of(record("id group title_zh title_en", id=TEXT, group=TEXT, title_zh=TEXT, title_en=TEXT)),
        groups=list_of(record("id title_zh title_en", id=TEXT, title_zh=TEXT, title_en=TEXT)),
    ),
    "Calendar": record("days", days=list_of(record("day is_working note", day=DAY, is_working=FLAG, note=TEXT))),
    "CalendarDay": {**record("is_working", is_working=or_null(FLAG), note=TEXT), "additionalProperties": False},
    "Pipelines": record("pipelines edition", pipelines=list_of(OBJECT), edition=WHOLE),
    "Crossings": record("pipeline_id crossings edition", pipeline_id=TEXT, crossings=list_of(OBJECT), edition=WHOLE),
    "LinePlace": record("pipeline_id places edition", pipeline_id=TEXT, edition=WHOLE, places=list_of(record(
        "chainage_m written lon lat side distance_m",
        chainage_m=NUMBER, written=TEXT, lon=NUMBER, lat=NUMBER, side=or_null(TEXT), distance_m=NUMBER,
    ))),
    "Conflicts": record(
        "pipeline length_m start_chainage_m end_chainage_m calibration bands conflicts counts warning_zh warning_en",
        pipeline=OBJECT, length_m=NUMBER, start_chainage_m=NUMBER, end_chainage_m=NUMBER, calibration=OBJECT, bands=list_of(NUMBER), conflicts=list_of(OBJECT), counts=OBJECT, warning_zh=TEXT,
        warning_en=TEXT,
    ),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/pipelines": {"get": operation("pipelinesPage", "Every pipeline, to choose one", PAGE, EDITION, LANG)},
    "/pipelines/notices": {"get": operation("noticesPage", "Kept dig notices", PAGE, EDITION, LANG)},
    "/pipelines/notices/{ref}": {"get": operation("noticePage", "A dig notice, or the form of a new one", PAGE, path("ref", "Its number, or new"), EDITION, LANG)},
    "/pipelines/notices/{ref}/reply.docx": {"get": operation(
        "noticeLetter", "The reply to a kept notice, a letter", file_of("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        path("ref", "Its number"), LANG,
    )},
    "/pipelines/{pipeline_id}": {"get": operation(
        "pipelinePage", "What stands near one pipeline", PAGE, path("pipeline_id", "Its number"), EDITION, LANG,
        query("k", "Chainages shown, metres, such as 12300-18000"), query("band", "Distance bands, metres, such as 5,50,200"),
    )},
    "/api/pipelines": {"get": operation("pipelines", "Pipelines with length and chainages", answer("Pipelines"), EDITION)},
    "/api/pipelines/{pipeline_id}/conflicts": {"get": operation(
        "pipelineConflicts", "What stands near a pipeline, by chainage", answer("Conflicts"), path("pipeline_id", "Its number"),
        query("buffer_m", "How far to look, metres", {"type": "number", "minimum": 1, "maximum": 1000, "default": 200}),
        query("from_m", "Chainage from, metres", NUMBER), query("to_m", "Chainage to, metres", NUMBER), EDITION,
    )},
    "/api/pipelines/{pipeline_id}/crossings": {"get": operation(
        "pipelineCrossings", "What a pipeline crosses, by chainage, with angles", answer("Crossings"), path("pipeline_id", "Its number"), EDITION,
    )},
    "/api/pipelines/{pipeline_id}/conflict-list": {"get": operation(
        "pipelineConflictList", "The conflicts of a stretch as a Word document or a workbook",
        file_of("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        path("pipeline_id", "Its number"), query("format", "Kind of file", {"enum": ["docx", "xlsx"], "default": "docx"}), LANG,
        query("bands", "Outer edges of the bands, metres, with commas", {"type": "string", "default": "5,50,200"}),
        query("from_m", "Chainage from, metres or K12+300"), query("to_m", "Chainage to, metres or K12+300"),
        query("kind", "A layer, or layer/category"), query("open", "1: without what is remedied", {"enum": ["0", "1"]}), EDITION,
    )},
    "/api/pipelines/{pipeline_id}/place": {"get": operation(
        "pipelinePlace", "The places of a chainage on a line, or the chainage of a place beside it", answer("LinePlace"),
        path("pipeline_id", "Its number"), query("at", "A chainage: metres, or K12+300"),
        query("lon", "Longitude of a place, with lat", NUMBER), query("lat", "Latitude of a place, with lon", NUMBER), EDITION,
    )},
    "/api/activities": {"get": operation("activities", "Kinds of works that a dig notice may name", answer("Activities"))},
    "/api/dig-notices": {
        "get": operation("digNotices", "Kept dig notices, newest first", answer("Notices")),
        "post": operation("newDigNotice", "A reply to third-party works near pipelines", answer("Notice"), EDITION, body="NoticeRequest"),
    },
    "/api/dig-notices/{ref}": {"get": operation(
        "digNotice", "A kept dig notice; judged again when a later edition is served", answer("Notice"),
        path("ref", "Number of a kept notice, such as G2026-0017"), EDITION,
    )},
    "/api/calendar": {"get": operation("calendar", "Days on which the office departs from the published calendar", answer("Calendar"))},
    "/api/calendar/{day}": {"put": operation(
        "setCalendarDay", "Whether the office works on a day; null: as published", answer("Calendar"), path("day", "ISO date", DAY), body="CalendarDay",
    )},
}  # fmt: skip
