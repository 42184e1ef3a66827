"""Addresses and answers of data management."""

from __future__ import annotations

from app.openapi.words import (
    DAY, EDITION_NUMBER, FLAG, JOB_ID, LANG, LAT, LIMIT, LOAD_ID, LON, NUMBER, OBJECT, OFFSET, PAGE,
    RECORD_KEY, SOURCE_ID, TEXT, UPLOAD_ID, WHOLE, Schema, answer, file_of, list_of, operation,
    or_null, path, query, record, ref, with_file,
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "DataState": record(
        "role roles area is_worker_alive limits layers",
        role={"enum": ["admin", "viewer"]}, roles=list_of(TEXT), area=or_null(OBJECT), is_worker_alive=FLAG, limits=OBJECT, layers=list_of(OBJECT),
    ),
    "Job": record(
        "job_id kind state upload_id args attempts step_zh step_en n_done n_total requested_by requested_at started_at"
        " finished_at error_zh error_en",
        job_id=WHOLE, kind=TEXT,
        state={"enum": ["waiting", "running", "cancelling", "done", "failed", "cancelled"]}, upload_id=or_null(TEXT),
        args=OBJECT, attempts=WHOLE, step_zh=or_null(TEXT), step_en=or_null(TEXT), n_done=or_null(WHOLE),
        n_total=or_null(WHOLE), requested_by=TEXT, requested_at=TEXT, started_at=or_null(TEXT), finished_at=or_null(TEXT),
        error_zh=or_null(TEXT), error_en=or_null(TEXT),
        optional={"result": or_null(OBJECT), "is_worker_alive": FLAG},
    ),
    "JobRequest": {**record("kind", kind={"enum": ["match", "place"]}), "additionalProperties": False},
    "Jobs": record("jobs is_worker_alive", jobs=list_of(ref("Job")), is_worker_alive=FLAG),
    "Upload": record(
        "upload_id title label as_of created_at files sources jobs",
        upload_id=TEXT, title=TEXT, label=TEXT, as_of=or_null(TEXT), created_at=TEXT, files=list_of(ref("UploadedFile")),
        sources=list_of(OBJECT), jobs={"type": "object", "additionalProperties": ref("Job")},
    ),
    "Uploads": record("uploads", uploads=list_of(OBJECT)),
    "UploadedFile": record("name size_bytes sha256", name=TEXT, size_bytes=WHOLE, sha256=TEXT),
    "Gone": record("upload_id", upload_id=TEXT),
    "UploadTitle": {**record("", title={"type": "string", "maxLength": 80}), "additionalProperties": False},
    "UploadWords": {
        **record("", title={"type": "string", "maxLength": 80}, label={"type": "string", "maxLength": 40}, as_of=or_null(DAY)),
        "additionalProperties": False,
    },
    "SourceDecisions": {
        **record("file dataset decisions confirmed_by", file=TEXT, dataset=TEXT, decisions=OBJECT, confirmed_by=TEXT),
        "additionalProperties": False,
    },
    "Approval": {
        **record("approved_by check_job_id", approved_by={"type": "string", "maxLength": 40}, note={"type": "string", "maxLength": 500},
                  check_job_id=WHOLE, accepts_losses={"type": "boolean", "default": False}),
        "additionalProperties": False,
    },
    "Publication": {
        **record("approved_by", approved_by={"type": "string", "maxLength": 40}, note={"type": "string", "maxLength": 500}, created_at=TEXT),
        "additionalProperties": False,
    },
    "RollbackRequest": {**record("approved_by reason", approved_by=TEXT, reason=TEXT), "additionalProperties": False},
    "WorkbookRequest": {**record("", file=TEXT, with_all_rows=FLAG), "additionalProperties": False},
    "DraftRequest": {**record("", label=TEXT, on=or_null(DAY), is_partial=FLAG), "additionalProperties": False},
    "Pin": {**record("is_pinned", is_pinned=FLAG), "additionalProperties": False},
    "Pinned": record("edition is_pinned", edition=WHOLE, is_pinned=FLAG),
    "Loads": record("loads", loads=list_of(ref("Load"))),
    "Load": record(
        "load_id delivery_label source_id layer title_zh title_en supplier supplier_en files n_read n_accepted n_refused n_held loaded_at approved_by"
        " rolled_back_at",
        load_id=WHOLE, delivery_label=TEXT, source_id=TEXT, layer=TEXT, title_zh=TEXT, title_en=TEXT, supplier=TEXT, supplier_en=TEXT, files=list_of(OBJECT),
        n_read=WHOLE, n_accepted=WHOLE, n_refused=WHOLE, n_held=WHOLE, loaded_at=TEXT, approved_by=TEXT, rolled_back_at=or_null(TEXT),
        optional={"refused": list_of(OBJECT), "warned": list_of(OBJECT), "repaired": list_of(OBJECT), "changes": or_null(OBJECT)},
    ),
    "Rejects": record("rows counts", rows=list_of(OBJECT), counts=list_of(OBJECT)),
    "KeptEditions": record("editions", editions=list_of(record(
        "edition label status data_as_of is_pinned created_at published_at",
        edition=WHOLE, label=TEXT, status={"enum": ["draft", "published"]}, data_as_of=or_null(TEXT), is_pinned=FLAG,
        created_at=TEXT, published_at=or_null(TEXT),
    ))),
    "Matches": record("counts n_found pairs", counts=OBJECT, n_found=WHOLE, pairs=list_of(record(
        "a b score band state decision evidence contradicts",
        a=OBJECT, b=OBJECT, score=NUMBER, band=or_null({"enum": ["certain", "probable"]}),
        state={"enum": ["open", "certain", "accepted", "rejected"]}, decision=or_null(OBJECT), evidence=list_of(OBJECT), contradicts=FLAG,
    ))),
    "Places": record("counts n_found places", counts=OBJECT, n_found=WHOLE, places=list_of(record(
        "record basis lon lat score accuracy_m method state decision evidence",
        record=OBJECT, basis=TEXT, lon=LON, lat=LAT, score=NUMBER, accuracy_m=NUMBER, method=TEXT,
        state={"enum": ["open", "accepted", "rejected"]}, decision=or_null(OBJECT), evidence=OBJECT,
    ))),
    "MatchDecision": {
        **record("a b decision by_name", a=RECORD_KEY, b=RECORD_KEY, decision={"enum": ["accept", "reject", "undo"]},
                  by_name={"type": "string", "maxLength": 40}, reason={"type": "string", "maxLength": 500}),
        "additionalProperties": False,
    },
    "PlaceDecision": {
        **record("record decision by_name", record=RECORD_KEY, decision={"enum": ["accept", "reject", "undo"]},
                  by_name={"type": "string", "maxLength": 40}, reason={"type": "string", "maxLength": 500}, lon=NUMBER, lat=NUMBER),
        "additionalProperties": False,
    },
    "QueueCounts": record("counts", counts=OBJECT),
    "RuleTables": record("tables", tables=list_of(record("name title_zh title_en n_rows confidence", name=TEXT, title_zh=TEXT, title_en=TEXT, n_rows=WHOLE, confidence=OBJECT))),
    "RuleTable": record("name title_zh title_en words columns titles rows standards told", name=TEXT, title_zh=TEXT, title_en=TEXT, words=OBJECT, columns=list_of(TEXT), titles=list_of(OBJECT), rows=list_of(list_of(TEXT)), standards=OBJECT, told=OBJECT),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/data": {"get": operation("dataPage", "Data management", PAGE, LANG)},
    "/data/uploads/{upload_id}": {"get": operation("uploadPage", "One upload, step by step", PAGE, UPLOAD_ID, LANG)},
    "/data/loads": {"get": operation("loadsPage", "Every load", PAGE, LANG)},
    "/data/loads/{load_id}": {"get": operation("loadPage", "One load", PAGE, LOAD_ID, LANG)},
    "/data/rejects": {"get": operation("rejectsPage", "Refused rows", PAGE, LANG)},
    "/data/editions": {"get": operation("editionsPage", "Editions: scoring and publication", PAGE, LANG)},
    "/data/rules": {"get": operation("rulesPage", "The rule tables", PAGE, LANG)},
    "/data/matches": {"get": operation("matchesPage", "Records that may be one enterprise", PAGE, LANG)},
    "/data/places": {"get": operation("placesPage", "Positions proposed for rows without", PAGE, LANG)},
    "/api/matches": {"get": operation(
        "matches", "Pairs of records in one state", answer("Matches"),
        query("state", "Of these", {"enum": ["open", "certain", "accepted", "rejected", "all"], "default": "open"}), LIMIT, OFFSET,
    )},
    "/api/matches/decisions": {"post": operation("decideMatch", "Link two records, tell them apart, or take that back", answer("QueueCounts"), body="MatchDecision")},
    "/api/places": {"get": operation(
        "places", "Proposed positions in one state", answer("Places"),
        query("state", "Of these", {"enum": ["open", "accepted", "rejected", "all"], "default": "open"}), LIMIT, OFFSET,
    )},
    "/api/places/decisions": {"post": operation("decidePlace", "Take a proposed position, turn it down, or take that back", answer("QueueCounts"), body="PlaceDecision")},
    "/api/data": {"get": operation("dataState", "Area, limits, layers and worker, for data management", answer("DataState"))},
    "/api/uploads": {
        "get": operation("uploads", "Uploads, newest first", answer("Uploads")),
        "post": operation("newUpload", "Room for files that belong together", answer("Upload"), body="UploadTitle"),
    },
    "/api/uploads/{upload_id}": {
        "get": operation("upload", "An upload with files, confirmed sources and the newest job of each kind", answer("Upload"), UPLOAD_ID),
        "patch": operation("describeUpload", "Which delivery the files belong to", answer("Upload"), UPLOAD_ID, body="UploadWords"),
        "delete": operation("deleteUpload", "Files and confirmations go; what was loaded stays", answer("Gone"), UPLOAD_ID),
    },
    "/api/uploads/{upload_id}/files/{name}": {
        "put": with_file(operation("putFile", "One file, its content as the body", answer("UploadedFile"), UPLOAD_ID, path("name", "Its name"))),
        "delete": operation("deleteFile", "A file is taken out", answer("Upload"), UPLOAD_ID, path("name", "Its name")),
    },
    "/api/uploads/{upload_id}/sources/{source_id}": {
        "put": operation("putSource", "What a person confirmed about one table; a job looks it through", answer("Job"), UPLOAD_ID, SOURCE_ID, body="SourceDecisions"),
        "delete": operation("deleteSource", "A confirmation is taken back", answer("Upload"), UPLOAD_ID, SOURCE_ID),
    },
    "/api/uploads/{upload_id}/recognition": {"post": operation("recogniseUpload", "A job that says what the files are", answer("Job"), UPLOAD_ID)},
    "/api/uploads/{upload_id}/check": {"post": operation("checkUpload", "A job that runs the load and keeps nothing", answer("Job"), UPLOAD_ID)},
    "/api/uploads/{upload_id}/load": {"post": operation("loadUpload", "A person approves; a job loads", answer("Job"), UPLOAD_ID, body="Approval")},
    "/api/jobs": {
        "get": operation(
            "jobs", "Jobs, newest first", answer("Jobs"), query("upload", "Only those of an upload"),
            query("limit", "Jobs at most", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
        ),
        "post": operation("newJob", "A job that looks for proposals in the whole register", answer("Job"), body="JobRequest"),
    },
    "/api/jobs/{job_id}": {"get": operation("job", "A job: state, step, result", answer("Job"), JOB_ID)},
    "/api/jobs/{job_id}/cancel": {"post": operation("cancelJob", "A job is taken back", answer("Job"), JOB_ID)},
    "/api/returned/{folder}/{name}": {"get": operation(
        "returnedWorkbook", "Refused rows as the supplier's own workbook",
        file_of("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), path("folder", "As its job says"), path("name", "As its job says"),
    )},
    "/api/loads": {"get": operation("loads", "Loads, newest first", answer("Loads"), query("source", "Only of one source"))},
    "/api/loads/{load_id}": {"get": operation("load", "A load with what it refused and changed", answer("Load"), LOAD_ID)},
    "/api/loads/{load_id}/rollback": {"post": operation("rollBack", "A job that takes a load back", answer("Job"), LOAD_ID, body="RollbackRequest")},
    "/api/loads/{load_id}/workbook": {"post": operation("makeWorkbook", "A job that writes refused rows as a workbook", answer("Job"), LOAD_ID, body="WorkbookRequest")},
    "/api/rejects": {"get": operation(
        "rejects", "Refused rows with counts by source and rule", answer("Rejects"), query("source", "Only of one source"), query("rule", "Only of one rule"),
        query("load", "Only of one load", WHOLE), query("text", "Part of value, reason or file"), query("all", "1: of older loads too"),
        query("limit", "Rows at most", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 200}), query("skip", "Rows left out", WHOLE),
    )},
    "/api/data/editions": {
        "get": operation("keptEditions", "Every edition that is kept, drafts too", answer("KeptEditions")),
        "post": operation("newDraft", "A job that scores the register", answer("Job"), body="DraftRequest"),
    },
    "/api/data/editions/{edition}/publication": {"post": operation("publishDraft", "A job that publishes a draft", answer("Job"), EDITION_NUMBER, body="Publication")},
    "/api/data/editions/{edition}/pin": {"put": operation("pinEdition", "Whether an edition is kept", answer("Pinned"), EDITION_NUMBER, body="Pin")},
    "/api/data/rules": {"get": operation("ruleTables", "The rule tables", answer("RuleTables"))},
    "/api/data/rules/{name}": {"get": operation("ruleTable", "One rule table, row by row", answer("RuleTable"), path("name", "Its name"))},
}  # fmt: skip
