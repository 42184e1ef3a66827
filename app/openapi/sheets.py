"""Addresses and answers of map sheets."""

from __future__ import annotations

from app.export.spec import MARKS
from app.openapi.words import (
    EDITION, FLAG, JOB_ID, LANG, NUMBER, OBJECT, PAGE, TEXT, WHOLE, Schema, answer, file_of,
    list_of, operation, or_null, record, ref,
)  # fmt: skip

LOOKS: dict[str, Schema] = {
    "marks": {"type": "array", "items": {"enum": list(MARKS)}, "description": "furniture; all but graticule when absent"},
    "background": {"enum": ["light", "dark", "grey", "blank"], "default": "light"},
    "colour": {"enum": ["colour", "grey"], "default": "colour"},
    "hatch": {"type": "boolean", "default": True, "description": "always drawn where colour is grey"},
    "secrecy": {"enum": ["内部使用", "公开"], "default": "内部使用", "description": "公开: layers of the public template only"},
    "approval_number": {"type": "string", "maxLength": 40, "description": "审图号; needed for 公开"},
    "watermark": {"type": "boolean", "default": False},
    "organisation": {"type": "string", "maxLength": 60},
    "made_by": {"type": "string", "maxLength": 40, "description": "of the watermark"},
    "date": {"type": "string", "format": "date"},
    "relief": {"type": "boolean", "default": False, "description": "shade the ground by the edition's heights; never in black and white"},
    "flt": {"type": "string", "maxLength": 2000, "description": "filters of the screen, as an address has them; the sheet draws what they leave and says so"},
}

SCHEMAS: dict[str, Schema] = {
    "SheetRequest": {
        **record(
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
            turn_deg={"type": "number", "minimum": -180, "maximum": 180, "default": 0, "description": "clockwise"},
            kind={"enum": ["sheet", "figure"], "default": "sheet", "description": "figure: 156 mm wide, no frame; Sheet-Caption"},
            **LOOKS,
        ),
        "additionalProperties": False,
    },
    "AtlasRequest": {
        **record(
            "title layers", title={"type": "string", "maxLength": 60}, subtitle={"type": "string", "maxLength": 80},
            layers={"type": "array", "items": TEXT, "minItems": 1}, paper={"enum": ["A4", "A3"]},
            orientation={"enum": ["landscape", "portrait"]}, lang={"enum": ["zh", "en"]}, policy=TEXT,
            towns={"type": "array", "items": TEXT, "description": "names or codes; all when absent"},
            rows={"type": "object", "description": "a page a feature instead of a town: {layer, ids}"}, **LOOKS,
        ),
        "additionalProperties": False,
    },
    "SheetCheck": record(
        "scale frame hidden not_public gathered filter caption", gathered=list_of(OBJECT), filter=TEXT, scale=WHOLE, caption=TEXT, frame=OBJECT, hidden=list_of(OBJECT), not_public=list_of(OBJECT),
    ),
    "Atlas": record(
        "job_id state edition title has_file",
        job_id=WHOLE, state=TEXT, step_zh=or_null(TEXT), step_en=or_null(TEXT), n_done=or_null(WHOLE), n_total=or_null(WHOLE),
        error_zh=or_null(TEXT), error_en=or_null(TEXT), requested_at=TEXT, finished_at=or_null(TEXT), edition=WHOLE, title=TEXT,
        towns=or_null(list_of(TEXT)), rows=or_null(OBJECT), has_file=FLAG, n_pages=WHOLE, has_worker=FLAG,
    ),
    "SheetTowns": record("towns", towns=list_of(TEXT)),
    "Atlases": record("atlases has_worker kept_days", atlases=list_of(ref("Atlas")), has_worker=FLAG, kept_days=WHOLE),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/api/sheets": {"post": operation(
        "newSheet", "A map sheet", file_of("application/pdf", "image/png", "image/svg+xml"), EDITION, body="SheetRequest",
    )},
    "/sheets": {"get": operation("sheetsPage", "Sheets, figures and atlases", PAGE, EDITION, LANG)},
    "/api/sheets/check": {"post": operation(
        "checkSheet", "Scale, frame on the ground, layers that would not be drawn", answer("SheetCheck"), EDITION, body="SheetRequest",
    )},
    "/api/sheets/towns": {"get": operation("sheetTowns", "Towns that an atlas may have pages of", answer("SheetTowns"), EDITION)},
    "/api/atlases": {
        "get": operation("atlases", "Atlases that were asked for, newest first", answer("Atlases")),
        "post": operation("newAtlas", "An atlas by town, drawn by the worker", answer("Atlas"), EDITION, body="AtlasRequest"),
    },
    "/api/atlases/{job_id}": {"get": operation("atlas", "One atlas", answer("Atlas"), JOB_ID)},
    "/api/atlases/{job_id}/cancel": {"post": operation("cancelAtlas", "Take an atlas back", answer("Atlas"), JOB_ID)},
    "/api/atlases/{job_id}/again": {"post": operation(
        "atlasAgain", "The same once more, of its own edition or the one named", answer("Atlas"), JOB_ID, EDITION,
    )},
    "/api/atlases/{job_id}/file": {"get": operation("atlasFile", "The finished atlas", file_of("application/pdf"), JOB_ID)},
}  # fmt: skip
