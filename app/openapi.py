"""The OpenAPI 3.1 document of every address; a test compares it with the routes that there are."""

from __future__ import annotations

from typing import Any

from app.parameters import LONGEST_TEXT
from app.tiles import LARGEST_ZOOM
from layers.catalog import LEVELS

Schema = dict[str, Any]
JSON = "application/json"

NUMBER: Schema = {"type": "number"}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer"}
LON: Schema = {"type": "number", "minimum": -180, "maximum": 180}
LAT: Schema = {"type": "number", "minimum": -90, "maximum": 90}
OBJECT: Schema = {"type": "object"}
DAY: Schema = {"type": "string", "format": "date"}
GEOMETRY: Schema = {"type": ["object", "null"], "description": "GeoJSON geometry, degrees of the area's storage CRS"}
LEVEL: Schema = {"enum": list(LEVELS)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _record(required: str, optional: dict[str, Schema] | None = None, **properties: Schema) -> Schema:
    """An object: its properties, of which `required` (names between blanks) are always there."""
    return {"type": "object", "properties": properties | (optional or {}), "required": required.split()}


RECORD_KEY: Schema = {**_record("layer id", layer=TEXT, id=TEXT), "additionalProperties": False}
ERROR = _record(
    "error",
    error=_record(
        "code message_zh message_en field", code=TEXT, message_zh=TEXT, message_en=TEXT, field=_or_null(TEXT)
    ),
)
SCHEMAS: dict[str, Schema] = {
    "Error": ERROR,
    "Edition": _record(
        "edition label data_as_of published_at is_newest",
        edition=WHOLE, label=TEXT, data_as_of=_or_null(TEXT), published_at=_or_null(TEXT), is_newest=FLAG,
    ),
    "Field": _record(
        "name type title_zh title_en unit codes panel",
        name=TEXT, type=TEXT, title_zh=TEXT, title_en=TEXT, unit=_or_null(TEXT), panel=FLAG,
        codes=_list(_record("code zh en", code=TEXT, zh=TEXT, en=TEXT)),
    ),
    "Layer": _record(
        "id title_zh title_en group geometry kind draw_order min_zoom max_zoom visible n_features n_unplaced fields"
        " style legend",
        id=TEXT, title_zh=TEXT, title_en=TEXT, group=TEXT, geometry=TEXT, kind=TEXT, draw_order=WHOLE, min_zoom=WHOLE,
        max_zoom=WHOLE, visible=FLAG, label=_or_null(TEXT), n_features=WHOLE, n_unplaced=WHOLE,
        fields=_list(_ref("Field")), style=_list(OBJECT), legend=_list(OBJECT),
    ),
    "Layers": _record(
        "area edition editions levels groups layers policies policy method secrecy",
        area=OBJECT, edition=_ref("Edition"), editions=_list(_ref("Edition")), levels=_list(OBJECT),
        groups=_list(OBJECT), layers=_list(_ref("Layer")), policies=_list(OBJECT), policy=TEXT, method=OBJECT,
        secrecy=TEXT,
    ),
    "WhatIfRequest": _record(
        "", edits=_list(_record(
            "action", action={"enum": ["amount", "remove", "move", "add"]}, layer={"enum": ["hazard_units", "enterprises"]},
            id=TEXT, chemical=TEXT, amount_t=NUMBER, lon=LON, lat=LAT, name=TEXT, enterprise_id=TEXT,
        )), policy=TEXT, policy_after=TEXT,
    ),
    "WhatIfChoices": _record(
        "policies chemicals most_edits actions source_layers",
        policies=_list(OBJECT), chemicals=_list(OBJECT), most_edits=WHOLE, actions=_list(TEXT), source_layers=_list(TEXT),
    ),
    "WhatIfSource": _record(
        "layer id name enterprise_id is_plant units",
        layer=TEXT, id=TEXT, name=_or_null(TEXT), enterprise_id=TEXT, is_plant=FLAG, units=_list(OBJECT),
    ),
    "WhatIf": _record(
        "policy policy_after levels sources targets violations zones changes cells edition edition_label note_zh note_en",
        policy=TEXT, policy_after=TEXT, levels=_list(OBJECT), sources=_list(OBJECT), targets=_list(OBJECT), violations=OBJECT,
        zones=OBJECT, changes=OBJECT, cells=OBJECT, edition=WHOLE, edition_label=TEXT, note_zh=TEXT, note_en=TEXT,
    ),
    "Editions": _record("editions", editions=_list(_ref("Edition"))),
    "Feature": _record(
        "type id geometry properties edition",
        type={"const": "Feature"}, id=TEXT, geometry=GEOMETRY, edition=WHOLE,
        properties=_record(
            "provenance violations risk_point related",
            provenance=_ref("Provenance"), violations=_list(OBJECT), risk_point=_or_null(OBJECT), related=_list(OBJECT),
        ),
    ),
    "Provenance": _record(
        "source_id title_zh supplier file sha256 row load_id as_of delivery loaded_at approved_by confirmed accuracy_m"
        " positioned conversions checks decisions",
        source_id=_or_null(TEXT), title_zh=_or_null(TEXT), supplier=_or_null(TEXT), file=_or_null(TEXT), sha256=_or_null(TEXT),
        row=_or_null(WHOLE), load_id=_or_null(WHOLE), as_of=_or_null(TEXT), delivery=_or_null(TEXT), loaded_at=_or_null(TEXT),
        approved_by=_or_null(TEXT), accuracy_m=_or_null(NUMBER), positioned=_or_null(TEXT),
        confirmed=_or_null(_record("load_id delivery as_of", load_id=WHOLE, delivery=_or_null(TEXT), as_of=_or_null(TEXT))),
        conversions=_or_null(_list(_record("kind text_zh text_en", kind=TEXT, text_zh=TEXT, text_en=TEXT))),
        checks=_list(_record(
            "load_id rule_id severity field value detail reason_zh reason_en advice_zh advice_en",
            load_id=WHOLE, rule_id=TEXT, severity=_or_null(TEXT), field=_or_null(TEXT), value=_or_null(TEXT), detail=_or_null(TEXT),
            reason_zh=_or_null(TEXT), reason_en=_or_null(TEXT), advice_zh=_or_null(TEXT), advice_en=_or_null(TEXT),
        )),
        decisions=_list(_record(
            "kind decision by_name at reason_zh reason_en",
            kind=TEXT, decision=TEXT, by_name=TEXT, at=TEXT, reason_zh=TEXT, reason_en=TEXT,
        )),
    ),
    "History": _record(
        "layer id states edition",
        layer=TEXT, id=TEXT, edition=WHOLE,
        states=_list(_record(
            "from_load to_load loaded_at delivery as_of source_id title_zh supplier file sha256 row values changes moved_m",
            from_load=WHOLE, to_load=_or_null(WHOLE), loaded_at=_or_null(TEXT), delivery=_or_null(TEXT), as_of=_or_null(TEXT),
            source_id=TEXT, title_zh=_or_null(TEXT), supplier=_or_null(TEXT), file=_or_null(TEXT), sha256=_or_null(TEXT),
            row=_or_null(WHOLE), values=OBJECT, changes={"type": "object", "additionalProperties": _list({})}, moved_m=_or_null(NUMBER),
        )),
    ),
    "SearchResults": _record(
        "results edition",
        edition=WHOLE,
        results=_list(
            _record(
                "layer id label sub lon lat",
                layer=_or_null(TEXT), id=_or_null(TEXT), label=TEXT, sub=TEXT, lon=_or_null(LON), lat=_or_null(LAT),
                optional={"level": LEVEL},
            )
        ),
    ),
    "Explanation": {
        "description": "Of a place: point, cell, state, footprint_rule, zone, notes besides; of a zone or feature: subject, figure, rules, members",
        **_record(
            "policy level contributions would_change data versions edition data_as_of",
            policy=OBJECT, level=_or_null(TEXT), contributions=_list(OBJECT), data=_list(OBJECT), versions=OBJECT,
            would_change=_list(_record("kind text_zh text_en", kind=TEXT, text_zh=TEXT, text_en=TEXT)),
            edition=WHOLE, data_as_of=_or_null(TEXT),
            optional={
                "point": OBJECT, "index": _or_null(NUMBER), "cell": _or_null(OBJECT), "footprint_rule": _or_null(OBJECT),
                "state": {"enum": ["rated", "no_source", "outside", "unrated"]}, "zone": _or_null(OBJECT),
                "notes_zh": _list(TEXT), "notes_en": _list(TEXT), "subject": OBJECT, "figure": _or_null(OBJECT),
                "rules": _list(OBJECT), "members": _list(OBJECT), "place": _or_null(OBJECT),
            },
        ),
    },
    "Changes": _record(
        "from to policy is_same_rules cell_area_m2 area_m2 remainder_m2 pairs causes zones n_zones",
        policy=TEXT, is_same_rules=FLAG, cell_area_m2=NUMBER, area_m2=NUMBER, remainder_m2=NUMBER, n_zones=WHOLE,
        **{"from": OBJECT, "to": OBJECT}, pairs=_list(OBJECT), causes=_list(OBJECT), zones=_list(OBJECT),
    ),
    "Ratings": {"type": "object", "description": "county, industries, towns, parks; or enterprises", "properties": {"edition": WHOLE}},
    "Disagreements": _record("disagreements edition", disagreements=_or_null(_list(OBJECT)), edition=WHOLE),
    "Missing": _record("missing edition", missing=_or_null(_list(OBJECT)), edition=WHOLE),
    "SiteRequest": {
        **_record(
            "geometry project_type",
            geometry={
                "type": "object",
                "description": "GeoJSON Point, Polygon or MultiPolygon, degrees of the area's storage CRS",
                "required": ["type", "coordinates"],
            },
            project_type={"type": "string", "description": "an id of /api/project-types"},
            is_new={"type": "boolean", "default": True},
            n_persons={"type": "integer", "minimum": 0},
            name={"type": "string", "maxLength": LONGEST_TEXT},
            chemical={"type": "string", "maxLength": LONGEST_TEXT, "description": "of a hazardous project: what it would endanger"},
            amount_t={"type": "number", "minimum": 0},
        ),
        "additionalProperties": False,
    },
    "SiteCheck": _record(
        "ref verdict reasons not_assessed no_rule passed edition rules_version disclaimer_zh disclaimer_en",
        ref=TEXT,
        verdict=_record(
            "id rank title_zh title_en",
            id={"enum": ["not_met", "not_enough", "permit", "nothing_found"]},
            rank={"type": "integer", "minimum": 1, "maximum": 4}, title_zh=TEXT, title_en=TEXT,
        ),
        reasons=_list(OBJECT), not_assessed=_list(OBJECT), no_rule=_list(OBJECT), passed=_list(OBJECT), edition=WHOLE,
        rules_version=TEXT, disclaimer_zh=TEXT, disclaimer_en=TEXT, optional={"endangers": OBJECT},
    ),
    "NoticeRequest": {
        **_record(
            "applicant phone received_on starts_on ends_on activities",
            applicant={"type": "string", "maxLength": LONGEST_TEXT}, phone={"type": "string", "maxLength": LONGEST_TEXT},
            name={"type": "string", "maxLength": LONGEST_TEXT}, received_on=DAY, starts_on=DAY, ends_on=DAY,
            activities={"type": "array", "items": TEXT, "minItems": 1, "description": "words of /api/activities"},
            geometry={"type": "object", "description": "GeoJSON Point, LineString, Polygon or their multiples, degrees; or along"},
            along=_record("pipeline_id from_m to_m", pipeline_id=TEXT, from_m=NUMBER, to_m=NUMBER),
            width_m={"type": "number", "minimum": 0, "maximum": 2000, "description": "of the works, both sides together"},
            accuracy_m={"type": "number", "minimum": 0, "maximum": 200, "description": "of the geometry"},
        ),
        "additionalProperties": False,
    },
    "Notice": _record(
        "ref verdict touched lines operators works received_on due_on reply_days is_calendar_final office_zh office_en"
        " n_unplaced_pipelines edition rules_version warning_zh warning_en",
        ref=TEXT, verdict=_record("id title_zh title_en", id=TEXT, title_zh=TEXT, title_en=TEXT), touched=_list(OBJECT),
        lines=_list(OBJECT), operators=_list(TEXT), works=GEOMETRY, received_on=DAY, due_on=DAY, reply_days=WHOLE,
        is_calendar_final=FLAG, office_zh=TEXT, office_en=TEXT, n_unplaced_pipelines=WHOLE, edition=WHOLE, rules_version=TEXT,
        warning_zh=TEXT, warning_en=TEXT, checks=_list(OBJECT),
    ),
    "Notices": _record("notices", notices=_list(OBJECT)),
    "Activities": _record("activities", activities=_list(_record("id title_zh title_en", id=TEXT, title_zh=TEXT, title_en=TEXT))),
    "Calendar": _record("days", days=_list(_record("day is_working note", day=DAY, is_working=FLAG, note=TEXT))),
    "CalendarDay": {**_record("is_working", is_working=_or_null(FLAG), note=TEXT), "additionalProperties": False},
    "SocietalRisks": _record(
        "enterprises limits together not_covered edition note_zh note_en",
        enterprises=_list(OBJECT), limits=_list(OBJECT), together=OBJECT, not_covered=_list(OBJECT), edition=WHOLE, note_zh=TEXT,
        note_en=TEXT,
    ),
    "SocietalRisk": _record(
        "enterprise_id name band times_limit pll_per_year curve limits edition note_zh note_en",
        enterprise_id=TEXT, name=_or_null(TEXT), band={"enum": ["unacceptable", "alarp", "acceptable", "unrated"]}, times_limit=NUMBER,
        pll_per_year=NUMBER, curve=_list(_record("n f day night", n=NUMBER, f=NUMBER, day=NUMBER, night=NUMBER)),
        limits=_list(OBJECT), edition=WHOLE, note_zh=TEXT, note_en=TEXT,
    ),
    "ProjectTypes": _record("project_types", project_types=_list(_record("id title_zh title_en", id=TEXT, title_zh=TEXT, title_en=TEXT))),
    "Pipelines": _record("pipelines edition", pipelines=_list(OBJECT), edition=WHOLE),
    "Crossings": _record("pipeline_id crossings edition", pipeline_id=TEXT, crossings=_list(OBJECT), edition=WHOLE),
    "Conflicts": _record(
        "pipeline length_m bands conflicts counts warning_zh warning_en",
        pipeline=OBJECT, length_m=NUMBER, bands=_list(NUMBER), conflicts=_list(OBJECT), counts=OBJECT, warning_zh=TEXT,
        warning_en=TEXT,
    ),
    "Patrol": _record(
        "towns sources n_found edition",
        edition=WHOLE, n_found=WHOLE,
        towns=_list(_record(
            "town_name lon lat counts n_places", town_name=_or_null(TEXT), lon=_or_null(LON), lat=_or_null(LAT),
            counts=OBJECT, n_places=WHOLE,
        )),
        sources=_list(_record(
            "place layer id enterprise_id name kind level town_name responsible_office address lon lat n_sources"
            " reason_zh reason_en reasons n_conflicts open_dangers",
            place=TEXT, layer=TEXT, id=TEXT, enterprise_id=_or_null(TEXT), name=_or_null(TEXT), kind=_or_null(TEXT),
            level=LEVEL, town_name=_or_null(TEXT), responsible_office=_or_null(TEXT), address=_or_null(TEXT),
            lon=_or_null(LON), lat=_or_null(LAT), n_sources=WHOLE, reason_zh=_or_null(TEXT), reason_en=_or_null(TEXT),
            reasons=_list(OBJECT), n_conflicts=_or_null(WHOLE), open_dangers=_or_null(_list(OBJECT)),
        )),
    ),
    "SheetRequest": {
        **_record(
            "title layers",
            title={"type": "string", "maxLength": 60},
            subtitle={"type": "string", "maxLength": 80},
            layers={"type": "array", "items": TEXT, "minItems": 1},
            extent={"type": "array", "items": NUMBER, "minItems": 4, "maxItems": 4,
                    "description": "west, south, east, north in degrees; or center with scale"},
            center={"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2},
            scale={"type": "number", "description": "denominator"},
            paper={"enum": ["A4", "A3"], "default": "A4"},
            orientation={"enum": ["landscape", "portrait"], "default": "landscape"},
            format={"enum": ["pdf", "png", "svg"], "default": "pdf"},
            lang={"enum": ["zh", "en"], "default": "zh"},
            policy={"type": "string", "description": "an id of the policies of /api/layers"},
            dpi={"type": "integer", "minimum": 72, "maximum": 600, "default": 300, "description": "of a PNG"},
        ),
        "additionalProperties": False,
    },
    "DataState": _record(
        "role area is_worker_alive limits layers",
        role={"enum": ["admin", "viewer"]}, area=_or_null(OBJECT), is_worker_alive=FLAG, limits=OBJECT, layers=_list(OBJECT),
    ),
    "Job": _record(
        "job_id kind state upload_id args attempts step_zh step_en n_done n_total requested_by requested_at started_at"
        " finished_at error_zh error_en",
        job_id=WHOLE, kind=TEXT,
        state={"enum": ["waiting", "running", "cancelling", "done", "failed", "cancelled"]}, upload_id=_or_null(TEXT),
        args=OBJECT, attempts=WHOLE, step_zh=_or_null(TEXT), step_en=_or_null(TEXT), n_done=_or_null(WHOLE),
        n_total=_or_null(WHOLE), requested_by=TEXT, requested_at=TEXT, started_at=_or_null(TEXT), finished_at=_or_null(TEXT),
        error_zh=_or_null(TEXT), error_en=_or_null(TEXT),
        optional={"result": _or_null(OBJECT), "is_worker_alive": FLAG},
    ),
    "JobRequest": {**_record("kind", kind={"enum": ["match", "place"]}), "additionalProperties": False},
    "Jobs": _record("jobs is_worker_alive", jobs=_list(_ref("Job")), is_worker_alive=FLAG),
    "Upload": _record(
        "upload_id title label as_of created_at files sources jobs",
        upload_id=TEXT, title=TEXT, label=TEXT, as_of=_or_null(TEXT), created_at=TEXT, files=_list(_ref("UploadedFile")),
        sources=_list(OBJECT), jobs={"type": "object", "additionalProperties": _ref("Job")},
    ),
    "Uploads": _record("uploads", uploads=_list(OBJECT)),
    "UploadedFile": _record("name size_bytes sha256", name=TEXT, size_bytes=WHOLE, sha256=TEXT),
    "Gone": _record("upload_id", upload_id=TEXT),
    "UploadTitle": {**_record("", title={"type": "string", "maxLength": 80}), "additionalProperties": False},
    "UploadWords": {
        **_record("", title={"type": "string", "maxLength": 80}, label={"type": "string", "maxLength": 40}, as_of=_or_null(DAY)),
        "additionalProperties": False,
    },
    "SourceDecisions": {
        **_record("file dataset decisions confirmed_by", file=TEXT, dataset=TEXT, decisions=OBJECT, confirmed_by=TEXT),
        "additionalProperties": False,
    },
    "Approval": {
        **_record("approved_by", approved_by={"type": "string", "maxLength": 40}, note={"type": "string", "maxLength": 500},
                  accepts_losses={"type": "boolean", "default": False}),
        "additionalProperties": False,
    },
    "Publication": {
        **_record("approved_by", approved_by={"type": "string", "maxLength": 40}, note={"type": "string", "maxLength": 500}, created_at=TEXT),
        "additionalProperties": False,
    },
    "RollbackRequest": {**_record("approved_by reason", approved_by=TEXT, reason=TEXT), "additionalProperties": False},
    "WorkbookRequest": {**_record("", file=TEXT, with_all_rows=FLAG), "additionalProperties": False},
    "DraftRequest": {**_record("", label=TEXT, on=_or_null(DAY), is_partial=FLAG), "additionalProperties": False},
    "Pin": {**_record("is_pinned", is_pinned=FLAG), "additionalProperties": False},
    "Pinned": _record("edition is_pinned", edition=WHOLE, is_pinned=FLAG),
    "Loads": _record("loads", loads=_list(_ref("Load"))),
    "Load": _record(
        "load_id delivery_label source_id layer title_zh supplier files n_read n_accepted n_refused loaded_at approved_by"
        " rolled_back_at",
        load_id=WHOLE, delivery_label=TEXT, source_id=TEXT, layer=TEXT, title_zh=TEXT, supplier=TEXT, files=_list(OBJECT),
        n_read=WHOLE, n_accepted=WHOLE, n_refused=WHOLE, loaded_at=TEXT, approved_by=TEXT, rolled_back_at=_or_null(TEXT),
        optional={"refused": _list(OBJECT), "warned": _list(OBJECT), "repaired": _list(OBJECT), "changes": _or_null(OBJECT)},
    ),
    "Rejects": _record("rows counts", rows=_list(OBJECT), counts=_list(OBJECT)),
    "KeptEditions": _record("editions", editions=_list(_record(
        "edition label status data_as_of is_pinned created_at published_at",
        edition=WHOLE, label=TEXT, status={"enum": ["draft", "published"]}, data_as_of=_or_null(TEXT), is_pinned=FLAG,
        created_at=TEXT, published_at=_or_null(TEXT),
    ))),
    "Dossier": _record(
        "layer id title level records comparison links parts violations near history edition",
        layer=TEXT, id=TEXT, title=TEXT, level=_or_null(LEVEL), edition=WHOLE, links=_list(OBJECT), parts=_list(OBJECT),
        violations=_list(OBJECT), near=_list(OBJECT), history=_list(OBJECT),
        records=_list(_record("layer id label provenance geometry values risk_point", layer=TEXT, id=TEXT, label=TEXT, provenance=OBJECT,
                              geometry=GEOMETRY, values=OBJECT, risk_point=_or_null(OBJECT))),
        comparison=_list(_record("name title_zh title_en values differs", name=TEXT, title_zh=TEXT, title_en=TEXT,
                                 values={"type": "array"}, differs=FLAG)),
    ),
    "Matches": _record("counts n_found pairs", counts=OBJECT, n_found=WHOLE, pairs=_list(_record(
        "a b score band state decision evidence contradicts",
        a=OBJECT, b=OBJECT, score=NUMBER, band=_or_null({"enum": ["certain", "probable"]}),
        state={"enum": ["open", "certain", "accepted", "rejected"]}, decision=_or_null(OBJECT), evidence=_list(OBJECT), contradicts=FLAG,
    ))),
    "Places": _record("counts n_found places", counts=OBJECT, n_found=WHOLE, places=_list(_record(
        "record basis lon lat score accuracy_m method state decision evidence",
        record=OBJECT, basis=TEXT, lon=LON, lat=LAT, score=NUMBER, accuracy_m=NUMBER, method=TEXT,
        state={"enum": ["open", "accepted", "rejected"]}, decision=_or_null(OBJECT), evidence=OBJECT,
    ))),
    "MatchDecision": {
        **_record("a b decision by_name", a=RECORD_KEY, b=RECORD_KEY, decision={"enum": ["accept", "reject", "undo"]},
                  by_name={"type": "string", "maxLength": 40}, reason={"type": "string", "maxLength": 500}),
        "additionalProperties": False,
    },
    "PlaceDecision": {
        **_record("record decision by_name", record=RECORD_KEY, decision={"enum": ["accept", "reject", "undo"]},
                  by_name={"type": "string", "maxLength": 40}, reason={"type": "string", "maxLength": 500}, lon=NUMBER, lat=NUMBER),
        "additionalProperties": False,
    },
    "QueueCounts": _record("counts", counts=OBJECT),
    "RuleTables": _record("tables", tables=_list(_record("name n_rows confidence", name=TEXT, n_rows=WHOLE, confidence=OBJECT))),
    "RuleTable": _record("name columns rows standards", name=TEXT, columns=_list(TEXT), rows=_list(_list(TEXT)), standards=OBJECT),
    "Health": _record("status edition", status={"enum": ["ok", "no_edition"]}, edition=_or_null(WHOLE)),
}  # fmt: skip


def _parameter(name: str, place: str, schema: Schema, about: str, *, required: bool = False) -> Schema:
    return {"name": name, "in": place, "schema": schema, "description": about, "required": required or place == "path"}


def _path(name: str, about: str, schema: Schema = TEXT) -> Schema:
    return _parameter(name, "path", schema, about)


def _query(name: str, about: str, schema: Schema = TEXT, *, required: bool = False) -> Schema:
    return _parameter(name, "query", schema, about, required=required)


def _operation(
    name: str,
    summary: str,
    content: dict[str, Schema],
    *parameters: Schema,
    body: str | None = None,
    others: dict[str, str] | None = None,
) -> Schema:
    """One operation: what it is called, what 200 brings, its parameters, and other answers that are no error."""
    responses: dict[str, Schema] = {"200": {"description": summary, "content": content}}
    for status, meaning in (others or {}).items():
        responses[status] = {"description": meaning}
    responses["default"] = {"description": "Every failure", "content": {JSON: {"schema": _ref("Error")}}}
    operation: Schema = {"operationId": name, "summary": summary, "parameters": list(parameters), "responses": responses}
    if body:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": _ref(body)}}}
    return operation


def _json(schema: str) -> dict[str, Schema]:
    return {JSON: {"schema": _ref(schema)}}


def _file(*mimetypes: str) -> dict[str, Schema]:
    return {mimetype: {} for mimetype in mimetypes}


PAGE = _file("text/html")
EDITION = _query("ed", "Edition by number or label; the newest when absent")
LANG = _query("lang", "zh or en", {"enum": ["zh", "en"]})
LAYER_ID = _path("layer_id", "Id of a layer")
REF = _path("ref", "Number of a kept case, such as S2026-0042")
TILE_NUMBER: Schema = {"type": "integer", "minimum": 0}

LIMIT = _query("limit", "Rows at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50})
OFFSET = _query("offset", "Rows left out before", {"type": "integer", "minimum": 0, "default": 0})
UPLOAD_ID = _path("upload_id", "Number of an upload")
SOURCE_ID = _path("source_id", "Id of a source")
LOAD_ID = _path("load_id", "Number of a load", WHOLE)
JOB_ID = _path("job_id", "Number of a job", WHOLE)
EDITION_NUMBER = _path("edition", "Number of an edition", WHOLE)


def _with_file(operation: Schema) -> Schema:
    """The operation with a file as its body."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return operation | {"requestBody": {"required": True, "content": content}}


PATHS: dict[str, dict[str, Schema]] = {
    "/": {"get": _operation("mapPage", "The map", PAGE, EDITION, LANG)},
    "/pipelines": {"get": _operation("pipelinesPage", "Every pipeline, to choose one", PAGE, EDITION, LANG)},
    "/pipelines/notices": {"get": _operation("noticesPage", "Kept dig notices", PAGE, EDITION, LANG)},
    "/pipelines/notices/{ref}": {"get": _operation("noticePage", "A dig notice, or the form of a new one", PAGE, _path("ref", "Its number, or new"), EDITION, LANG)},
    "/pipelines/notices/{ref}/reply.docx": {"get": _operation(
        "noticeLetter", "The reply to a kept notice, a letter", _file("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        _path("ref", "Its number"),
    )},
    "/pipelines/{pipeline_id}": {"get": _operation(
        "pipelinePage", "What stands near one pipeline", PAGE, _path("pipeline_id", "Its number"), EDITION, LANG,
        _query("k", "Chainages shown, metres, such as 12300-18000"), _query("band", "Distance bands, metres, such as 5,50,200"),
    )},
    "/patrol": {"get": _operation("patrolPage", "Levels by town, the worst places, the list of a day", PAGE, EDITION, LANG)},
    "/patrol/ratings": {"get": _operation("ratingsPage", "Ratings of county, towns, parks and industries; disagreements; what is missing", PAGE, EDITION, LANG)},
    "/static/{filename}": {"get": _operation("staticFile", "A file of the page", _file("*/*"), _path("filename", "Its path"))},
    "/vendor/{name}": {"get": _operation("vendorFile", "A file of a front-end package", _file("text/javascript", "text/css"), _path("name", "Its name"))},
    "/fonts/{name}": {"get": _operation("fontFile", "A font of the map", _file("font/woff2"), _path("name", "Its name"))},
    "/tiles/{edition}/{view}/{layer_id}/{z}/{x}/{y}.mvt": {"get": _operation(
        "tile", "A vector tile; never changes at its address", _file("application/vnd.mapbox-vector-tile"),
        _path("edition", "Number of a published edition", WHOLE), _path("view", "What may be seen", {"enum": ["all"]}), LAYER_ID,
        _path("z", "Zoom", {**TILE_NUMBER, "maximum": LARGEST_ZOOM}), _path("x", "Column", TILE_NUMBER), _path("y", "Row, 0 in the north", TILE_NUMBER),
        others={"204": "Nothing to draw", "304": "Not changed"},
    )},
    "/api/layers": {"get": _operation("layers", "Layers, levels, styles, legends", _json("Layers"), EDITION)},
    "/api/editions": {"get": _operation("editions", "Published editions, newest first", _json("Editions"))},
    "/api/features/{layer_id}/{feature_id}": {"get": _operation(
        "feature", "A feature with provenance, conflicts and rating", _json("Feature"), LAYER_ID,
        _path("feature_id", "Its number; may hold slashes"), EDITION,
    )},
    "/api/features/{layer_id}/{feature_id}/history": {"get": _operation(
        "featureHistory", "What became of a feature from delivery to delivery", _json("History"), LAYER_ID,
        _path("feature_id", "Its number; may hold slashes"), EDITION,
    )},
    "/features/{layer_id}/{feature_id}": {"get": _operation(
        "dossierPage", "Everything known of one place, by every office", PAGE, LAYER_ID, _path("feature_id", "Its number; may hold slashes"), EDITION, LANG,
    )},
    "/api/dossiers/{layer_id}/{feature_id}": {"get": _operation(
        "dossier", "A feature and the records linked with it, value by value", _json("Dossier"), LAYER_ID,
        _path("feature_id", "Its number; may hold slashes"), EDITION,
    )},
    "/api/search": {"get": _operation(
        "search", "Features by name or number, chainages (K12+300 name), coordinates (lon,lat)", _json("SearchResults"),
        _query("q", "What to look for", {"type": "string", "maxLength": 80}, required=True),
        _query("limit", "Results at most", {"type": "integer", "minimum": 1, "maximum": 50, "default": 8}), EDITION,
    )},
    "/api/explain": {"get": _operation(
        "explain", "Why a place (lon, lat), a zone or a feature has its level, and what would change it", _json("Explanation"),
        _query("lon", "Degrees east, storage CRS", LON), _query("lat", "Degrees north", LAT),
        _query("zone", "Id of a risk zone"), _query("feature", "layer/id: a source, town, park or rating"),
        _query("policy", "Policy; that of the map when absent"), EDITION,
    )},
    "/api/changes": {"get": _operation(
        "changes", "Zones that changed colour between two editions, with causes whose areas add up", _json("Changes"),
        _query("from", "Earlier edition; the one before when absent"), _query("to", "Later edition; the newest when absent"),
        _query("policy", "Policy; that of the map when absent"),
    )},
    "/api/ratings": {"get": _operation(
        "ratings", "Ratings of county, towns, parks and industries, or of the enterprises", _json("Ratings"),
        _query("policy", "Policy; that of the map when absent"), _query("scope", "Which", {"enum": ["groups", "enterprises"]}), EDITION,
    )},
    "/api/disagreements": {"get": _operation("disagreements", "Where offices or methods differ on a source", _json("Disagreements"), EDITION)},
    "/api/missing": {"get": _operation("missing", "Missing data by field, office and town", _json("Missing"), EDITION)},
    "/api/project-types": {"get": _operation("projectTypes", "Kinds of projects that can be checked", _json("ProjectTypes"))},
    "/api/what-if": {
        "get": _operation("whatIfChoices", "What a what-if question may be about", _json("WhatIfChoices"), EDITION),
        "post": _operation("whatIf", "What some changes would bring; nothing is kept", _json("WhatIf"), EDITION, body="WhatIfRequest"),
    },
    "/api/what-if/{layer_id}/{feature_id}": {"get": _operation(
        "whatIfSource", "An enterprise or unit with the amounts that a question can change", _json("WhatIfSource"),
        _path("layer_id", "enterprises or hazard_units"), _path("feature_id", "Its number; may hold slashes"), EDITION,
    )},
    "/api/site-checks": {"post": _operation("newSiteCheck", "A siting check: verdict with reasons", _json("SiteCheck"), EDITION, body="SiteRequest")},
    "/api/site-checks/{ref}": {"get": _operation("siteCheck", "A kept siting check", _json("SiteCheck"), REF, EDITION)},
    "/api/societal-risk": {"get": _operation(
        "societalRisks", "F-N curves of enterprises, screening; units of other methods without a number", _json("SocietalRisks"), EDITION,
    )},
    "/api/societal-risk/{enterprise_id}": {"get": _operation(
        "societalRisk", "Societal risk of one enterprise", _json("SocietalRisk"), _path("enterprise_id", "Its number"), EDITION,
    )},
    "/api/societal-risk/{enterprise_id}/diagram.svg": {"get": _operation(
        "societalRiskDiagram", "Its F-N diagram", _file("image/svg+xml"), _path("enterprise_id", "Its number"),
        _query("lang", "Language of the words", {"enum": ["zh", "en"], "default": "zh"}), EDITION,
    )},
    "/api/pipelines": {"get": _operation("pipelines", "Pipelines with length and chainages", _json("Pipelines"), EDITION)},
    "/api/pipelines/{pipeline_id}/conflicts": {"get": _operation(
        "pipelineConflicts", "What stands near a pipeline, by chainage", _json("Conflicts"), _path("pipeline_id", "Its number"),
        _query("buffer_m", "How far to look, metres", {"type": "number", "minimum": 1, "maximum": 1000, "default": 200}),
        _query("from_m", "Chainage from, metres", NUMBER), _query("to_m", "Chainage to, metres", NUMBER), EDITION,
    )},
    "/api/pipelines/{pipeline_id}/crossings": {"get": _operation(
        "pipelineCrossings", "What a pipeline crosses, by chainage, with angles", _json("Crossings"), _path("pipeline_id", "Its number"), EDITION,
    )},
    "/api/activities": {"get": _operation("activities", "Kinds of works that a dig notice may name", _json("Activities"))},
    "/api/dig-notices": {
        "get": _operation("digNotices", "Kept dig notices, newest first", _json("Notices")),
        "post": _operation("newDigNotice", "A reply to third-party works near pipelines", _json("Notice"), EDITION, body="NoticeRequest"),
    },
    "/api/dig-notices/{ref}": {"get": _operation(
        "digNotice", "A kept dig notice; judged again when a later edition is served", _json("Notice"),
        _path("ref", "Number of a kept notice, such as G2026-0017"), EDITION,
    )},
    "/api/calendar": {"get": _operation("calendar", "Days on which the office departs from the published calendar", _json("Calendar"))},
    "/api/calendar/{day}": {"put": _operation(
        "setCalendarDay", "Whether the office works on a day; null: as published", _json("Calendar"), _path("day", "ISO date", DAY), body="CalendarDay",
    )},
    "/api/patrol": {"get": _operation(
        "patrol", "Levels by town and the worst places, an enterprise with all its sources once", _json("Patrol"),
        _query("town", "Name of the only town that is listed"),
        _query("level", "Levels that are listed, with commas between them", {"type": "string", "default": "red,orange"}),
        _query("limit", "Places at most", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 200}), EDITION,
    )},
    "/api/sheets": {"post": _operation(
        "newSheet", "A map sheet", _file("application/pdf", "image/png", "image/svg+xml"), EDITION, body="SheetRequest",
    )},
    "/data": {"get": _operation("dataPage", "Data management", PAGE, LANG)},
    "/data/uploads/{upload_id}": {"get": _operation("uploadPage", "One upload, step by step", PAGE, UPLOAD_ID, LANG)},
    "/data/loads": {"get": _operation("loadsPage", "Every load", PAGE, LANG)},
    "/data/loads/{load_id}": {"get": _operation("loadPage", "One load", PAGE, LOAD_ID, LANG)},
    "/data/rejects": {"get": _operation("rejectsPage", "Refused rows", PAGE, LANG)},
    "/data/editions": {"get": _operation("editionsPage", "Editions: scoring and publication", PAGE, LANG)},
    "/data/rules": {"get": _operation("rulesPage", "The rule tables", PAGE, LANG)},
    "/data/matches": {"get": _operation("matchesPage", "Records that may be one enterprise", PAGE, LANG)},
    "/data/places": {"get": _operation("placesPage", "Positions proposed for rows without", PAGE, LANG)},
    "/api/matches": {"get": _operation(
        "matches", "Pairs of records in one state", _json("Matches"),
        _query("state", "Of these", {"enum": ["open", "certain", "accepted", "rejected", "all"], "default": "open"}), LIMIT, OFFSET,
    )},
    "/api/matches/decisions": {"post": _operation("decideMatch", "Link two records, tell them apart, or take that back", _json("QueueCounts"), body="MatchDecision")},
    "/api/places": {"get": _operation(
        "places", "Proposed positions in one state", _json("Places"),
        _query("state", "Of these", {"enum": ["open", "accepted", "rejected", "all"], "default": "open"}), LIMIT, OFFSET,
    )},
    "/api/places/decisions": {"post": _operation("decidePlace", "Take a proposed position, turn it down, or take that back", _json("QueueCounts"), body="PlaceDecision")},
    "/api/data": {"get": _operation("dataState", "Area, limits, layers and worker, for data management", _json("DataState"))},
    "/api/uploads": {
        "get": _operation("uploads", "Uploads, newest first", _json("Uploads")),
        "post": _operation("newUpload", "Room for files that belong together", _json("Upload"), body="UploadTitle"),
    },
    "/api/uploads/{upload_id}": {
        "get": _operation("upload", "An upload with files, confirmed sources and the newest job of each kind", _json("Upload"), UPLOAD_ID),
        "patch": _operation("describeUpload", "Which delivery the files belong to", _json("Upload"), UPLOAD_ID, body="UploadWords"),
        "delete": _operation("deleteUpload", "Files and confirmations go; what was loaded stays", _json("Gone"), UPLOAD_ID),
    },
    "/api/uploads/{upload_id}/files/{name}": {
        "put": _with_file(_operation("putFile", "One file, its content as the body", _json("UploadedFile"), UPLOAD_ID, _path("name", "Its name"))),
        "delete": _operation("deleteFile", "A file is taken out", _json("Upload"), UPLOAD_ID, _path("name", "Its name")),
    },
    "/api/uploads/{upload_id}/sources/{source_id}": {
        "put": _operation("putSource", "What a person confirmed about one table; a job looks it through", _json("Job"), UPLOAD_ID, SOURCE_ID, body="SourceDecisions"),
        "delete": _operation("deleteSource", "A confirmation is taken back", _json("Upload"), UPLOAD_ID, SOURCE_ID),
    },
    "/api/uploads/{upload_id}/recognition": {"post": _operation("recogniseUpload", "A job that says what the files are", _json("Job"), UPLOAD_ID)},
    "/api/uploads/{upload_id}/check": {"post": _operation("checkUpload", "A job that runs the load and keeps nothing", _json("Job"), UPLOAD_ID)},
    "/api/uploads/{upload_id}/load": {"post": _operation("loadUpload", "A person approves; a job loads", _json("Job"), UPLOAD_ID, body="Approval")},
    "/api/jobs": {
        "get": _operation(
            "jobs", "Jobs, newest first", _json("Jobs"), _query("upload", "Only those of an upload"),
            _query("limit", "Jobs at most", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
        ),
        "post": _operation("newJob", "A job that looks for proposals in the whole register", _json("Job"), body="JobRequest"),
    },
    "/api/jobs/{job_id}": {"get": _operation("job", "A job: state, step, result", _json("Job"), JOB_ID)},
    "/api/jobs/{job_id}/cancel": {"post": _operation("cancelJob", "A job is taken back", _json("Job"), JOB_ID)},
    "/api/returned/{folder}/{name}": {"get": _operation(
        "returnedWorkbook", "Refused rows as the supplier's own workbook",
        _file("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), _path("folder", "As its job says"), _path("name", "As its job says"),
    )},
    "/api/loads": {"get": _operation("loads", "Loads, newest first", _json("Loads"), _query("source", "Only of one source"))},
    "/api/loads/{load_id}": {"get": _operation("load", "A load with what it refused and changed", _json("Load"), LOAD_ID)},
    "/api/loads/{load_id}/rollback": {"post": _operation("rollBack", "A job that takes a load back", _json("Job"), LOAD_ID, body="RollbackRequest")},
    "/api/loads/{load_id}/workbook": {"post": _operation("makeWorkbook", "A job that writes refused rows as a workbook", _json("Job"), LOAD_ID, body="WorkbookRequest")},
    "/api/rejects": {"get": _operation(
        "rejects", "Refused rows with counts by source and rule", _json("Rejects"), _query("source", "Only of one source"), _query("rule", "Only of one rule"),
        _query("load", "Only of one load", WHOLE), _query("text", "Part of value, reason or file"), _query("all", "1: of older loads too"),
        _query("limit", "Rows at most", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 200}), _query("skip", "Rows left out", WHOLE),
    )},
    "/api/data/editions": {
        "get": _operation("keptEditions", "Every edition that is kept, drafts too", _json("KeptEditions")),
        "post": _operation("newDraft", "A job that scores the register", _json("Job"), body="DraftRequest"),
    },
    "/api/data/editions/{edition}/publication": {"post": _operation("publishDraft", "A job that publishes a draft", _json("Job"), EDITION_NUMBER, body="Publication")},
    "/api/data/editions/{edition}/pin": {"put": _operation("pinEdition", "Whether an edition is kept", _json("Pinned"), EDITION_NUMBER, body="Pin")},
    "/api/data/rules": {"get": _operation("ruleTables", "The rule tables", _json("RuleTables"))},
    "/api/data/rules/{name}": {"get": _operation("ruleTable", "One rule table, row by row", _json("RuleTable"), _path("name", "Its name"))},
    "/api/openapi.json": {"get": _operation("openapi", "This document", {JSON: {"schema": OBJECT}})},
    "/healthz": {"get": _operation("healthz", "Whether an edition is served", _json("Health"), others={"503": "None is published, or the database is gone"})},
    "/metrics": {"get": _operation("metrics", "Counters in Prometheus' text format", _file("text/plain"))},
}  # fmt: skip


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "安全风险一张图 Risk Atlas",
            "version": "1",
            "description": "Every answer comes from one published edition. Coordinates are longitude, latitude in the"
            " area's storage CRS; lengths are metres. Results are a screening, no permit.",
        },
        "servers": [{"url": "/"}],
        "paths": PATHS,
        "components": {"schemas": SCHEMAS},
    }
