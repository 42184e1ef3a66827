"""Addresses and answers of risk: explanations, ratings, changes, what-if, societal risk, patrol."""

from __future__ import annotations

from app.openapi.words import (
    EDITION, FLAG, LANG, LAT, LEVEL, LON, NUMBER, OBJECT, PAGE, TEXT, WHOLE, Schema, answer,
    file_of, list_of, operation, or_null, path, query, record,
)  # fmt: skip

INSTALLATION = query("installation", "What stands, or that with what is planned", {"enum": ["in_service", "new"], "default": "in_service"})

SCHEMAS: dict[str, Schema] = {
    "WhatIfRequest": record(
        "", edits=list_of(record(
            "action", action={"enum": ["amount", "remove", "move", "add"]}, layer={"enum": ["hazard_units", "enterprises"]},
            id=TEXT, chemical=TEXT, amount_t=NUMBER, lon=LON, lat=LAT, name=TEXT, enterprise_id=TEXT,
        )), policy=TEXT, policy_after=TEXT,
    ),
    "WhatIfChoices": record(
        "policies chemicals most_edits actions source_layers",
        policies=list_of(OBJECT), chemicals=list_of(OBJECT), most_edits=WHOLE, actions=list_of(TEXT), source_layers=list_of(TEXT),
    ),
    "WhatIfSource": record(
        "layer id name enterprise_id is_plant units",
        layer=TEXT, id=TEXT, name=or_null(TEXT), enterprise_id=TEXT, is_plant=FLAG, units=list_of(OBJECT),
    ),
    "WhatIf": record(
        "policy policy_after levels sources targets violations zones changes risk societal cells edition edition_label note_zh note_en",
        risk=or_null(record(
            "contours crossed set_aside not_assessed note_zh note_en", contours=list_of(OBJECT), crossed=list_of(OBJECT),
            set_aside=list_of(TEXT), not_assessed=list_of(OBJECT), note_zh=TEXT, note_en=TEXT,
        )),
        societal=or_null(record(
            "enterprises limits not_judged note_zh note_en", limits=list_of(OBJECT), not_judged=list_of(OBJECT), note_zh=TEXT, note_en=TEXT,
            enterprises=list_of(record(
                "enterprise_id before after is_crossed is_above", enterprise_id=TEXT, before=or_null(OBJECT), after=or_null(OBJECT),
                is_crossed=FLAG, is_above=FLAG,
            )),
        )),
        policy=TEXT, policy_after=TEXT, levels=list_of(OBJECT), sources=list_of(OBJECT), targets=list_of(OBJECT), violations=OBJECT,
        zones=OBJECT, changes=OBJECT, cells=OBJECT, edition=WHOLE, edition_label=TEXT, note_zh=TEXT, note_en=TEXT,
    ),
    "Explanation": {
        "description": "Of a place: point, cell, state, footprint_rule, zone, notes besides; of a zone or feature: subject, figure, rules, members",
        **record(
            "policy level contributions would_change data versions edition data_as_of",
            policy=OBJECT, level=or_null(TEXT), contributions=list_of(OBJECT), data=list_of(OBJECT), versions=OBJECT,
            would_change=list_of(record("kind text_zh text_en", kind=TEXT, text_zh=TEXT, text_en=TEXT)),
            edition=WHOLE, data_as_of=or_null(TEXT),
            optional={
                "point": OBJECT, "index": or_null(NUMBER), "cell": or_null(OBJECT), "footprint_rule": or_null(OBJECT),
                "state": {"enum": ["rated", "unrated", "below", "no_source", "outside"]}, "zone": or_null(OBJECT),
                "notes_zh": list_of(TEXT), "notes_en": list_of(TEXT), "subject": OBJECT, "figure": or_null(OBJECT),
                "rules": list_of(OBJECT), "members": list_of(OBJECT), "place": or_null(OBJECT), "method": or_null(OBJECT),
                "scenarios": list_of(record("event criterion_zh distance_m clause", event=TEXT, criterion_zh=TEXT, distance_m=or_null(NUMBER), clause=TEXT)),
            },
        ),
    },
    "Changes": record(
        "from to policy is_same_rules cell_area_m2 area_m2 remainder_m2 pairs causes zones n_zones",
        policy=TEXT, is_same_rules=FLAG, cell_area_m2=NUMBER, area_m2=NUMBER, remainder_m2=NUMBER, n_zones=WHOLE,
        **{"from": OBJECT, "to": OBJECT}, pairs=list_of(OBJECT), causes=list_of(OBJECT), zones=list_of(OBJECT),
    ),
    "Ratings": {"type": "object", "description": "county, industries, towns, parks; or enterprises", "properties": {"edition": WHOLE}},
    "Disagreements": record("disagreements edition", disagreements=or_null(list_of(OBJECT)), edition=WHOLE),
    "Missing": record("missing edition", missing=or_null(list_of(OBJECT)), edition=WHOLE),
    "SocietalRisks": record(
        "enterprises limits together not_covered edition note_zh note_en",
        enterprises=list_of(OBJECT), limits=list_of(OBJECT), together=OBJECT, not_covered=list_of(OBJECT), edition=WHOLE, note_zh=TEXT,
        note_en=TEXT,
    ),
    "SocietalRisk": record(
        "enterprise_id name band times_limit pll_per_year curve limits edition note_zh note_en",
        enterprise_id=TEXT, name=or_null(TEXT), band={"enum": ["unacceptable", "alarp", "acceptable", "unrated"]}, times_limit=NUMBER,
        pll_per_year=NUMBER, curve=list_of(record("n f day night", n=NUMBER, f=NUMBER, day=NUMBER, night=NUMBER)),
        limits=list_of(OBJECT), edition=WHOLE, note_zh=TEXT, note_en=TEXT,
    ),
    "Patrol": record(
        "towns sources n_found edition",
        edition=WHOLE, n_found=WHOLE,
        towns=list_of(record(
            "town_name lon lat counts n_places", town_name=or_null(TEXT), lon=or_null(LON), lat=or_null(LAT),
            counts=OBJECT, n_places=WHOLE,
        )),
        sources=list_of(record(
            "place layer id enterprise_id name kind level town_name responsible_office address lon lat n_sources"
            " reason_zh reason_en reasons n_conflicts open_dangers last_visit",
            place=TEXT, layer=TEXT, id=TEXT, enterprise_id=or_null(TEXT), name=or_null(TEXT), kind=or_null(TEXT),
            level=LEVEL, town_name=or_null(TEXT), responsible_office=or_null(TEXT), address=or_null(TEXT),
            lon=or_null(LON), lat=or_null(LAT), n_sources=WHOLE, reason_zh=or_null(TEXT), reason_en=or_null(TEXT),
            reasons=list_of(OBJECT), n_conflicts=or_null(WHOLE), open_dangers=or_null(list_of(OBJECT)),
            last_visit=or_null(record("at outcome", at=TEXT, outcome={"enum": ["remedied", "not_remedied", "no_access"]})),
        )),
    ),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/patrol": {"get": operation("patrolPage", "Levels by town, the worst places, the list of a day", PAGE, EDITION, LANG)},
    "/patrol/ratings": {"get": operation("ratingsPage", "Ratings of county, towns, parks and industries; disagreements; what is missing", PAGE, EDITION, LANG)},
    "/api/explain": {"get": operation(
        "explain", "Why a place (lon, lat), a zone or a feature has its level, and what would change it", answer("Explanation"),
        query("lon", "Degrees east, storage CRS", LON), query("lat", "Degrees north", LAT),
        query("zone", "Id of a risk zone"), query("feature", "layer/id: a source, town, park or rating"),
        query("policy", "Policy; that of the map when absent"), EDITION,
    )},
    "/api/changes": {"get": operation(
        "changes", "Zones that changed colour between two editions, with causes whose areas add up", answer("Changes"),
        query("from", "Earlier edition; the one before when absent"), query("to", "Later edition; the newest when absent"),
        query("policy", "Policy; that of the map when absent"),
    )},
    "/api/ratings": {"get": operation(
        "ratings", "Ratings of county, towns, parks and industries, or of the enterprises", answer("Ratings"),
        query("policy", "Policy; that of the map when absent"), query("scope", "Which", {"enum": ["groups", "enterprises"]}), EDITION,
    )},
    "/api/disagreements": {"get": operation("disagreements", "Where offices or methods differ on a source", answer("Disagreements"), EDITION)},
    "/api/missing": {"get": operation("missing", "Missing data by field, office and town", answer("Missing"), EDITION)},
    "/api/what-if": {
        "get": operation("whatIfChoices", "What a what-if question may be about", answer("WhatIfChoices"), EDITION),
        "post": operation("whatIf", "What some changes would bring; nothing is kept", answer("WhatIf"), EDITION, body="WhatIfRequest"),
    },
    "/api/what-if/{layer_id}/{feature_id}": {"get": operation(
        "whatIfSource", "An enterprise or unit with the amounts that a question can change", answer("WhatIfSource"),
        path("layer_id", "enterprises or hazard_units"), path("feature_id", "Its number; may hold slashes"), EDITION,
    )},
    "/api/societal-risk": {"get": operation(
        "societalRisks", "F-N curves of enterprises, screening; units of other methods without a number", answer("SocietalRisks"), EDITION,
    )},
    "/api/societal-risk/{enterprise_id}": {"get": operation(
        "societalRisk", "Societal risk of one enterprise", answer("SocietalRisk"), path("enterprise_id", "Its number"), INSTALLATION, EDITION,
    )},
    "/api/societal-risk/{enterprise_id}/diagram.svg": {"get": operation(
        "societalRiskDiagram", "Its F-N diagram", file_of("image/svg+xml"), path("enterprise_id", "Its number"),
        query("lang", "Language of the words", {"enum": ["zh", "en"], "default": "zh"}), INSTALLATION, EDITION,
    )},
    "/api/patrol": {"get": operation(
        "patrol", "Levels by town and the worst places, an enterprise with all its sources once", answer("Patrol"),
        query("town", "Name of the only town that is listed"),
        query("level", "Levels that are listed, with commas between them", {"type": "string", "default": "red,orange"}),
        query("limit", "Places at most", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 200}), EDITION,
    )},
}  # fmt: skip
