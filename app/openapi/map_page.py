"""Addresses and answers of the map: layers, features, tiles, search."""

from __future__ import annotations

from app.first_picture.pictures import STEPS_A_ZOOM
from app.openapi.words import (
    EDITION, FLAG, GEOMETRY, LANG, LAT, LAYER_ID, LEVEL, LON, NUMBER, OBJECT, PAGE, TEXT,
    TILE_NUMBER, WHOLE, Schema, answer, file_of, list_of, operation, or_null, path, query, record,
    ref,
)  # fmt: skip
from app.texts import LANGUAGES
from app.tiles import LARGEST_ZOOM
from basemaps.backgrounds import backgrounds

SCHEMAS: dict[str, Schema] = {
    "Edition": record(
        "edition label data_as_of published_at is_newest",
        edition=WHOLE, label=TEXT, data_as_of=or_null(TEXT), published_at=or_null(TEXT), is_newest=FLAG,
    ),
    "Field": record(
        "name type title_zh title_en unit codes names_layer panel tile",
        name=TEXT, type=TEXT, title_zh=TEXT, title_en=TEXT, unit=or_null(TEXT), names_layer=FLAG, panel=FLAG, tile=FLAG,
        codes=list_of(record("code zh en", code=TEXT, zh=TEXT, en=TEXT)),
    ),
    "Layer": record(
        "id title_zh title_en group geometry kind draw_order min_zoom max_zoom visible n_features n_unplaced fields"
        " style legend sources",
        id=TEXT, title_zh=TEXT, title_en=TEXT, group=TEXT, geometry=TEXT, kind=TEXT, draw_order=WHOLE, min_zoom=WHOLE,
        max_zoom=WHOLE, visible=FLAG, label=or_null(TEXT), n_features=WHOLE, n_unplaced=WHOLE,
        fields=list_of(ref("Field")), style=list_of(OBJECT), legend=list_of(OBJECT), sources=list_of(OBJECT),
    ),
    "Layers": record(
        "area edition editions levels groups layers presets background relief policies policy method secrecy",
        area=OBJECT, edition=ref("Edition"), editions=list_of(ref("Edition")), levels=list_of(OBJECT),
        groups=list_of(OBJECT), presets=list_of(OBJECT), background=OBJECT, relief=or_null(OBJECT), layers=list_of(ref("Layer")), policies=list_of(OBJECT), policy=TEXT, method=OBJECT,
        secrecy=TEXT,
    ),
    "Editions": record("editions", editions=list_of(ref("Edition"))),
    "Feature": record(
        "type id geometry properties edition",
        type={"const": "Feature"}, id=TEXT, geometry=GEOMETRY, edition=WHOLE,
        properties=record(
            "provenance violations risk_point related",
            provenance=ref("Provenance"), violations=list_of(OBJECT), risk_point=or_null(OBJECT), related=list_of(OBJECT),
        ),
        reasons=record("feature place", feature=or_null(ref("Explanation")), place=or_null(ref("Explanation"))),
    ),
    "Provenance": record(
        "source_id title_zh title_en supplier supplier_en file sha256 row load_id as_of delivery loaded_at approved_by confirmed accuracy_m"
        " positioned conversions checks decisions",
        source_id=or_null(TEXT), title_zh=or_null(TEXT), title_en=or_null(TEXT), supplier=or_null(TEXT), supplier_en=or_null(TEXT), file=or_null(TEXT), sha256=or_null(TEXT),
        row=or_null(WHOLE), load_id=or_null(WHOLE), as_of=or_null(TEXT), delivery=or_null(TEXT), loaded_at=or_null(TEXT),
        approved_by=or_null(TEXT), accuracy_m=or_null(NUMBER), positioned=or_null(TEXT),
        confirmed=or_null(record("load_id delivery as_of", load_id=WHOLE, delivery=or_null(TEXT), as_of=or_null(TEXT))),
        conversions=or_null(list_of(record("kind text_zh text_en", kind=TEXT, text_zh=TEXT, text_en=TEXT))),
        checks=list_of(record(
            "load_id rule_id severity field value detail reason_zh reason_en advice_zh advice_en",
            load_id=WHOLE, rule_id=TEXT, severity=or_null(TEXT), field=or_null(TEXT), value=or_null(TEXT), detail=or_null(TEXT),
            reason_zh=or_null(TEXT), reason_en=or_null(TEXT), advice_zh=or_null(TEXT), advice_en=or_null(TEXT),
        )),
        decisions=list_of(record(
            "kind decision by_name at reason_zh reason_en",
            kind=TEXT, decision=TEXT, by_name=TEXT, at=TEXT, reason_zh=TEXT, reason_en=TEXT,
        )),
    ),
    "History": record(
        "layer id states edition",
        layer=TEXT, id=TEXT, edition=WHOLE,
        states=list_of(record(
            "from_load to_load loaded_at delivery as_of source_id title_zh title_en supplier supplier_en file sha256 row values changes moved_m",
            from_load=WHOLE, to_load=or_null(WHOLE), loaded_at=or_null(TEXT), delivery=or_null(TEXT), as_of=or_null(TEXT),
            source_id=TEXT, title_zh=or_null(TEXT), title_en=or_null(TEXT), supplier=or_null(TEXT), supplier_en=or_null(TEXT), file=or_null(TEXT), sha256=or_null(TEXT),
            row=or_null(WHOLE), values=OBJECT, changes={"type": "object", "additionalProperties": list_of({})}, moved_m=or_null(NUMBER),
        )),
    ),
    "SearchResults": record(
        "results edition",
        edition=WHOLE,
        results=list_of(
            record(
                "layer id label sub lon lat",
                layer=or_null(TEXT), id=or_null(TEXT), label=TEXT, sub=TEXT, lon=or_null(LON), lat=or_null(LAT),
                optional={"level": LEVEL, "datum_zh": TEXT, "datum_en": TEXT, "error_m": NUMBER, "is_question": FLAG},
            )
        ),
    ),
    "Dossier": record(
        "layer id title level records comparison links parts violations near history patrol_records edition",
        patrol_records={**or_null(list_of({"$ref": "#/components/schemas/PatrolRecord"})), "description": "the newest first; null: not for this person"},
        layer=TEXT, id=TEXT, title=TEXT, level=or_null(LEVEL), edition=WHOLE, links=list_of(OBJECT), parts=list_of(OBJECT),
        violations=list_of(OBJECT), near=list_of(OBJECT), history=list_of(OBJECT),
        records=list_of(record("layer id label provenance geometry values risk_point", layer=TEXT, id=TEXT, label=TEXT, provenance=OBJECT,
                              geometry=GEOMETRY, values=OBJECT, risk_point=or_null(OBJECT))),
        comparison=list_of(record("name title_zh title_en values differs", name=TEXT, title_zh=TEXT, title_en=TEXT,
                                 values={"type": "array"}, differs=FLAG)),
    ),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/": {"get": operation("mapPage", "The map", PAGE, EDITION, LANG)},
    "/method": {"get": operation("methodPage", "How levels are computed: policies of the edition, rule tables, assumptions", PAGE, EDITION, LANG)},
    "/method/{name}": {"get": operation("methodTablePage", "One rule table, whole", PAGE, path("name", "Its name"), EDITION, LANG)},
    "/help": {"get": operation("helpPage", "Keys, symbols, the five levels, how to ask why", PAGE, EDITION, LANG)},
    "/tiles/{edition}/{view}/{layer_id}/{z}/{x}/{y}.mvt": {"get": operation(
        "tile", "A vector tile; never changes at its address", file_of("application/vnd.mapbox-vector-tile"),
        path("edition", "Number of a published edition", WHOLE), path("view", "What may be seen: `view` of /api/layers"), LAYER_ID,
        path("z", "Zoom", {**TILE_NUMBER, "maximum": LARGEST_ZOOM}), path("x", "Column", TILE_NUMBER), path("y", "Row, 0 in the north", TILE_NUMBER),
        others={"204": "Nothing to draw", "304": "Not changed"},
    )},
    "/pictures/{edition}/{view}/{recipe}/{lang}/{step}.png": {"get": operation(
        "firstPicture", "The map of the first view as the server draws it; never changes at its address", file_of("image/png"),
        path("edition", "Number of a published edition", WHOLE), path("view", "What may be seen: `view` of /api/layers"),
        path("recipe", "All that shapes it: the map page says which", TEXT), path("lang", "Language", {"enum": list(LANGUAGES)}),
        path("step", f"Its zoom times {STEPS_A_ZOOM}", WHOLE), others={"204": "None of this zoom", "304": "Not changed"},
    )},
    "/api/layers": {"get": operation(
        "layers", "Layers, levels, styles, legends", answer("Layers"), EDITION,
        query("bg", "What the map is drawn upon", {"enum": list(backgrounds()), "default": "light"}),
    )},
    "/api/editions": {"get": operation("editions", "Published editions, newest first", answer("Editions"))},
    "/api/features/{layer_id}/{feature_id}": {"get": operation(
        "feature", "A feature with provenance, conflicts and rating, and with the reasons of its colour", answer("Feature"), LAYER_ID,
        path("feature_id", "Its number; may hold slashes"), query("reasons", "Policy by which to tell the reasons; none are told when absent"), EDITION,
    )},
    "/api/features/{layer_id}/{feature_id}/history": {"get": operation(
        "featureHistory", "What became of a feature from delivery to delivery", answer("History"), LAYER_ID,
        path("feature_id", "Its number; may hold slashes"), EDITION,
    )},
    "/features/{layer_id}/{feature_id}": {"get": operation(
        "dossierPage", "Everything known of one place, by every office", PAGE, LAYER_ID, path("feature_id", "Its number; may hold slashes"), EDITION, LANG,
    )},
    "/api/dossiers/{layer_id}/{feature_id}": {"get": operation(
        "dossier", "A feature and the records linked with it, value by value", answer("Dossier"), LAYER_ID,
        path("feature_id", "Its number; may hold slashes"), EDITION,
    )},
    "/api/search": {"get": operation(
        "search", "Features by name or number, first letters of pinyin, chainages (K12+300 name), coordinates of any datum", answer("SearchResults"),
        query("q", "What to look for", {"type": "string", "maxLength": 80}, required=True),
        query("limit", "Results at most", {"type": "integer", "minimum": 1, "maximum": 50, "default": 8}), EDITION,
    )},
}  # fmt: skip
