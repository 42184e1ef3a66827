"""Addresses and answers of siting checks."""

from __future__ import annotations

from app.openapi.words import (
    DAY, EDITION, FLAG, GEOMETRY, JOB_ID, LANG, NUMBER, OBJECT, PAGE, REF, TEXT, WHOLE, Schema,
    answer, file_of, list_of, operation, or_null, query, record, ref, with_file,
)  # fmt: skip
from app.parameters import LONGEST_TEXT
from app.site_area import CELLS_M
from app.site_requests import INSTALLATIONS, LONGEST_NOTE, MOST_CHEMICALS, MOST_PARTS
from layers.scoring.siting_terms import CONSTRUCTIONS

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GROUND: Schema = {
    "type": "object",
    "description": "GeoJSON Point, Polygon or MultiPolygon, in `crs`, else in degrees of the area's storage CRS",
    "required": ["type", "coordinates"],
}
KIND: Schema = {"type": "string", "description": "an id of /api/project-types"}
PART = {
    "geometry": GROUND, "project_type": KIND, "n_persons": {"type": "integer", "minimum": 0}, "height_m": {"type": "number", "minimum": 0},
    "chemicals": list_of(record("chemical amount_t", chemical=TEXT, amount_t=NUMBER)) | {"maxItems": MOST_CHEMICALS},
    "installation": {"enum": list(INSTALLATIONS)},
}  # fmt: skip
WHOLE_SITE = {
    "name": {"type": "string", "maxLength": LONGEST_TEXT}, "applicant": {"type": "string", "maxLength": LONGEST_NOTE},
    "note": {"type": "string", "maxLength": LONGEST_NOTE}, "construction": {"enum": list(CONSTRUCTIONS)}, "starts_on": DAY, "ends_on": DAY,
    "is_new": {"type": "boolean", "default": True}, "crs": {"type": "string", "description": "one of the `crs` of /api/site-checks/choices"},
    "parts": list_of({**record("geometry project_type", **PART), "additionalProperties": False}) | {"maxItems": MOST_PARTS},
    "chemical": {"type": "string", "maxLength": LONGEST_TEXT, "description": "of a hazardous project of one part"},
    "amount_t": {"type": "number", "minimum": 0}, "draft": {"type": "string", "description": "number of the draft that becomes this case"},
}  # fmt: skip
VERDICT = record(
    "id rank title_zh title_en",
    id={"enum": ["not_met", "not_enough", "permit", "nothing_found"]},
    rank={"type": "integer", "minimum": 1, "maximum": 4}, title_zh=TEXT, title_en=TEXT,
)  # fmt: skip
TOLD_PART = record(
    "part project_type area_m2 verdict n_reasons share_of_area",
    part=WHOLE, project_type=OBJECT, area_m2=NUMBER, verdict=VERDICT, n_reasons=WHOLE, share_of_area=or_null(NUMBER),
)  # fmt: skip
SHIFT = or_null(record(
    "metres bearing_deg east_m north_m parts", metres=NUMBER, bearing_deg=NUMBER, east_m=NUMBER, north_m=NUMBER, parts=list_of(GEOMETRY),
))  # fmt: skip
FEATURES = record("type features", type={"const": "FeatureCollection"}, features=list_of(OBJECT))
SCHEMAS: dict[str, Schema] = {
    "SiteRequest": {**record("", **PART, **WHOLE_SITE), "additionalProperties": False},
    "SiteCheck": record(
        "ref verdict reasons not_assessed no_rule passed edition rules_version disclaimer_zh disclaimer_en",
        ref=TEXT,
        verdict=VERDICT,
        reasons=list_of(OBJECT), not_assessed=list_of(OBJECT), no_rule=list_of(OBJECT), passed=list_of(OBJECT), edition=WHOLE,
        rules_version=TEXT, disclaimer_zh=TEXT, disclaimer_en=TEXT, optional={"endangers": OBJECT, "parts": list_of(TOLD_PART), "alternatives": list_of(TEXT)},
    ),
    "SiteCheckList": record("cases drafts n_stale", cases=list_of(OBJECT), drafts=list_of(OBJECT), n_stale=WHOLE),
    "SiteChoices": record(
        "project_types installations chemicals crs outline parcel_layers",
        parcel_layers={**list_of(TEXT), "description": "layers whose areas may be picked as a site"},
        project_types=list_of(OBJECT), installations=list_of(TEXT), chemicals=list_of(OBJECT), crs=list_of(TEXT), outline=OBJECT,
    ),
    "Dropped": record("ref", ref=TEXT),
    "Recheck": record("n_checked n_left changed", n_checked=WHOLE, n_left=WHOLE, changed=list_of(TEXT)),
    "Shifts": record(
        "shifts together left n_untried edition note_zh note_en",
        shifts=list_of(record("kind rule_id title_zh title_en gravity object part shift", shift=SHIFT)), together=SHIFT, left=list_of(OBJECT),
        n_untried=WHOLE, edition=WHOLE, note_zh=TEXT, note_en=TEXT,
    ),
    "SiteDraftRequest": {**record("", form=OBJECT, copied_from=TEXT), "additionalProperties": False},
    "SiteDraft": record(
        "ref form copied_from created_at saved_at is_judged",
        ref=TEXT, form=OBJECT, copied_from=or_null(TEXT), created_at=TEXT, saved_at=TEXT, is_judged=FLAG,
    ),
    "SiteGeometries": record("sites", sites=list_of(record("row geometry properties", row=WHOLE, geometry=GEOMETRY, properties=OBJECT))),
    "SiteBatchRequest": {
        **record("sites", sites=list_of(record("geometry", geometry=or_null(GROUND), row=WHOLE, properties=OBJECT, fault=OBJECT)), project_type=KIND),
        "additionalProperties": False,
    },
    "SiteBatch": record("rows edition edition_label", rows=list_of(OBJECT), edition=WHOLE, edition_label=TEXT),
    "SiteBatchJob": record(
        "job_id state edition title",
        job_id=WHOLE, state=TEXT, step_zh=or_null(TEXT), step_en=or_null(TEXT), n_done=or_null(WHOLE), n_total=or_null(WHOLE),
        error_zh=or_null(TEXT), error_en=or_null(TEXT), requested_at=TEXT, finished_at=or_null(TEXT), edition=WHOLE, title=TEXT,
        n=or_null(WHOLE), n_refused=or_null(WHOLE), verdicts=or_null(OBJECT), has_worker=FLAG,
    ),
    "SiteBatchJobs": record("batches has_worker kept_days", batches=list_of(ref("SiteBatchJob")), has_worker=FLAG, kept_days=WHOLE),
    "SiteBatchRows": record("rows n", rows=list_of(OBJECT), n=WHOLE),
    "SiteRows": {**record("rows", rows=list_of(OBJECT), lang={"enum": ["zh", "en"]}), "additionalProperties": False},
    "SiteAreaRequest": {
        **record(
            "project_type", project_type=KIND, construction={"enum": list(CONSTRUCTIONS)}, n_persons={"type": "integer", "minimum": 0},
            states_chemicals={"type": "boolean", "default": True, "description": "whether a hazardous project states chemicals and amounts"},
            by={"type": "string", "default": "grid", "description": "grid, or a layer of parcels"},
            cell_m={"enum": list(CELLS_M)}, min_area_m2={"type": "number", "minimum": 0},
        ),
        "additionalProperties": False,
    },
    "SiteArea": record(
        "project_type by cell_m min_area_m2 n_cells area_m2 county_area_m2 free_area_m2 n_free free verdicts causes closed not_assessed edition"
        " edition_label rules_version n_unplaced note_zh note_en",
        project_type=OBJECT, by=TEXT, cell_m=WHOLE, min_area_m2=NUMBER, n_cells=WHOLE, area_m2=NUMBER, county_area_m2=NUMBER,
        free_area_m2=NUMBER, n_free=WHOLE, free=FEATURES, verdicts=list_of(OBJECT), causes=list_of(OBJECT), closed=FEATURES, not_assessed=list_of(OBJECT),
        edition=WHOLE, edition_label=TEXT, rules_version=TEXT, n_unplaced=WHOLE, note_zh=TEXT, note_en=TEXT,
    ),
    "ProjectTypes": record("project_types", project_types=list_of(record("id title_zh title_en", id=TEXT, title_zh=TEXT, title_en=TEXT))),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/api/project-types": {"get": operation("projectTypes", "Kinds of projects that can be checked", answer("ProjectTypes"))},
    "/api/site-checks": {
        "get": operation("siteChecks", "Kept siting checks and drafts, newest first", answer("SiteCheckList"), EDITION),
        "post": operation("newSiteCheck", "A siting check: verdict with reasons", answer("SiteCheck"), EDITION, body="SiteRequest"),
    },
    "/api/site-checks/choices": {"get": operation("siteChoices", "What the form of a siting check offers", answer("SiteChoices"), EDITION)},
    "/api/site-checks/recheck": {"post": operation(
        "recheckSites", "Judge kept cases by the newest edition, some at a time", answer("Recheck"),
    )},
    "/api/site-checks/{ref}/shifts": {"get": operation(
        "siteShifts", "Smallest shifts that would take the reasons away; trials, not kept", answer("Shifts"), REF, EDITION,
    )},
    "/siting": {"get": operation("sitingPage", "Siting cases", PAGE)},
    "/siting/compare": {"get": operation("sitingComparePage", "Alternatives side by side", PAGE)},
    "/siting/where": {"get": operation("sitingWherePage", "Where a kind of project could go", PAGE)},
    "/siting/batch": {"get": operation("sitingBatchPage", "Many sites from a file", PAGE)},
    "/siting/{ref}": {"get": operation("sitingCasePage", "One siting case, or the steps of a new one", PAGE, REF)},
    "/siting/{ref}/letter": {"get": operation(
        "sitingLetter", "The advice letter of a kept case as a Word document, with its map", file_of(DOCX), REF, LANG,
    )},
    "/siting/{ref}/map.pdf": {"get": operation(
        "sitingMap", "The map of a kept case on a sheet: its ground and the shortest lines of its reasons", file_of("application/pdf"), REF, LANG,
    )},
    "/api/site-drafts": {"post": operation("newSiteDraft", "A draft under a number of its own", answer("SiteDraft"), body="SiteDraftRequest")},
    "/api/site-drafts/{ref}": {
        "get": operation("siteDraft", "A draft with what its form holds", answer("SiteDraft"), REF),
        "put": operation("saveSiteDraft", "Keep what the form of a draft holds", answer("SiteDraft"), REF, body="SiteDraftRequest"),
        "delete": operation("dropSiteDraft", "Forget a draft", answer("Dropped"), REF),
    },
    "/api/site-geometries": {"post": with_file(operation(
        "siteGeometries", "The sites in a file that is sent as the body", answer("SiteGeometries"),
        query("name", "Name of the file; its suffix tells what it is", required=True), query("crs", "CRS of the file where it states none"), EDITION,
    ))},
    "/api/site-batches": {"post": operation(
        "siteBatch", "One verdict for each of some sites; nothing is kept", answer("SiteBatch"), EDITION, body="SiteBatchRequest",
    )},
    "/api/site-batches/jobs": {
        "get": operation("siteBatchJobs", "Batches that were asked for, newest first", answer("SiteBatchJobs")),
        "post": with_file(operation(
            "newSiteBatchJob", "A verdict on every site of a file, by the worker", answer("SiteBatchJob"),
            query("name", "Name of the file; its suffix tells what it is", required=True), query("project_type", "Of sites that state none"),
            query("crs", "CRS of the file where it states none"), EDITION,
        )),
    },
    "/api/site-batches/jobs/{job_id}": {"get": operation("siteBatchJob", "How far a batch is", answer("SiteBatchJob"), JOB_ID)},
    "/api/site-batches/jobs/{job_id}/cancel": {"post": operation("cancelSiteBatch", "Take a batch back", answer("SiteBatchJob"), JOB_ID)},
    "/api/site-batches/jobs/{job_id}/rows": {"get": operation("siteBatchRows", "The first rows of a finished batch", answer("SiteBatchRows"), JOB_ID)},
    "/api/site-batches/jobs/{job_id}/file": {"get": operation(
        "siteBatchFile", "All rows of a finished batch", file_of(XLSX, "text/csv"), JOB_ID,
        query("format", "xlsx or csv"), query("lang", "zh or en"),
    )},
    "/api/site-batches/workbook": {"post": operation("siteBatchWorkbook", "Rows of a batch as a workbook", file_of(XLSX), body="SiteRows")},
    "/api/site-areas": {"post": operation(
        "siteArea", "Where a kind of project would find nothing against it", answer("SiteArea"), EDITION, body="SiteAreaRequest",
    )},
    "/api/site-checks/{ref}": {"get": operation(
        "siteCheck", "A kept siting check", answer("SiteCheck"), REF, EDITION, query("draft", "1: of a number not judged yet, its draft, as `draft`"),
    )},
}  # fmt: skip
