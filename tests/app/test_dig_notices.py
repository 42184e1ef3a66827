"""Dig notices over the API: lines touched, what binds the works, the due date, and what later editions make of it."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
import shapely
import sqlalchemy as sa
from docx import Document
from flask.testing import FlaskClient

from app.notice_letter import FEW, _few_of_each
from app.export.reply_letter import letter_bytes
from app.notice_letter import notice_letter
from app.working_days import WorkingDays
from layers.catalog import load_catalog
from layers.errors import InputError
from layers.scoring.activities import activities
from layers.scoring.works_notices import notice
from layers.scoring.rules import read_rules
from tests.app.test_site_checks import square

TODAY = date(2026, 11, 20)
"""The day on which the notices of these tests come in."""
BESIDE_PIPELINE = {"type": "LineString", "coordinates": [[120.001, 30.0502], [120.0015, 30.0502]]}
"""22 m north of the line P1 near its start, where the straight line of the projection is still the parallel."""
FAR_OFF = square(120.03, 30.2)


class _TodayIsFixed(date):
    """Dates of a server on whose calendar it is always `TODAY`."""

    @classmethod
    def today(cls) -> date:
        return TODAY


@pytest.fixture(autouse=True)
def _fixed_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.views.notices.date", _TodayIsFixed)


def asked(client: FlaskClient, **changes: Any) -> Any:
    body = {
        "applicant": "某电力公司", "phone": "138 0000 0000", "name": "顶管施工", "received_on": TODAY.isoformat(),
        "starts_on": (TODAY + timedelta(days=30)).isoformat(), "ends_on": (TODAY + timedelta(days=60)).isoformat(),
        "activities": ["buried_cable"], "geometry": BESIDE_PIPELINE,
    } | changes  # fmt: skip
    return client.post("/api/dig-notices", json={name: value for name, value in body.items() if value is not None})


def test_cable_beside_a_line_needs_a_permit_with_stretch_and_distance(client: FlaskClient) -> None:
    told = asked(client).json
    assert told["ref"].startswith("G")
    assert told["verdict"]["id"] == "permit_required"
    row = told["touched"][0]
    assert (row["subject"]["id"], row["rule_id"]) == ("P1", "PIPE-L35-2a")
    # 0.0002 degrees of latitude at 30.05 degrees on GRS 80 are 22.17 m.
    assert row["distance_m"] == pytest.approx(22.17, abs=0.15)
    line = told["lines"][0]
    assert line["id"] == "P1"
    assert 1000 <= line["from_m"] < line["to_m"]
    assert (line["operator"], told["operators"]) == (None, [])


def test_works_far_from_every_line_are_told_so(client: FlaskClient) -> None:
    told = asked(client, geometry=FAR_OFF).json
    assert (told["verdict"]["id"], told["touched"], told["lines"]) == ("nothing_found", [], [])
    assert "不代替现场探测" in told["warning_zh"]


def test_what_the_edition_does_not_show_is_named(client: FlaskClient) -> None:
    told = asked(client, activities=["blasting"], geometry=FAR_OFF).json
    missing = {entry["class"]: entry["title_zh"] for entry in told["not_shown"]}
    assert missing["pipeline_tunnel"] == "管道专用隧道" and "未注明" in missing["blasting"]
    by_method = asked(client, activities=["blasting_deep_hole"], geometry=FAR_OFF).json["not_shown"]
    assert {"pipeline_tunnel"} <= {entry["class"] for entry in by_method} and "blasting" not in {entry["class"] for entry in by_method}
    assert "oil_gas_pipeline" not in missing
    letter = Document(io.BytesIO(client.get(f"/pipelines/notices/{told['ref']}/reply.docx").data))
    assert any("未作判断" in paragraph.text and "管道专用隧道" in paragraph.text for paragraph in letter.paragraphs)


@pytest.mark.parametrize(("kind", "open_kind"), [("underwater_blast", "blasting"), ("mining", "mining"), ("open_mining", None), ("blasting_secondary", None)])
def test_works_that_name_no_method_are_told_what_stays_open(client: FlaskClient, kind: str, open_kind: str | None) -> None:
    told = {entry["class"] for entry in asked(client, activities=[kind], geometry=FAR_OFF).json["not_shown"]}
    assert told & {"blasting", "mining"} == ({open_kind} if open_kind else set())


def test_digging_within_five_metres_is_forbidden(client: FlaskClient) -> None:
    told = asked(client, geometry=square(120.03, 30.0499), activities=["mechanical_excavation"]).json
    assert told["verdict"]["id"] in ("prohibited", "possibly_prohibited")


def test_stretch_of_a_line_with_width_is_a_strip_on_it(client: FlaskClient) -> None:
    along = {"pipeline_id": "P1", "from_m": 5000, "to_m": 5200}
    told = asked(client, geometry=None, along=along, width_m=6, activities=["engineering_excavation"]).json
    assert told["lines"][0]["distance_m"] == 0
    assert (told["lines"][0]["from_m"] <= 5000, told["lines"][0]["to_m"] >= 5200) == (True, True)
    assert told["works"]["type"] == "Polygon"


def test_point_with_a_width_takes_ground_all_around(client: FlaskClient) -> None:
    point = {"type": "Point", "coordinates": [120.03, 30.0502]}
    bare, wide = (asked(client, geometry=point, width_m=width).json["touched"][0]["distance_m"] for width in (None, 10))
    assert bare - wide == pytest.approx(5, abs=0.05)


def test_due_date_is_in_working_days_of_the_office(client: FlaskClient) -> None:
    told = asked(client).json
    assert told["due_on"] == WorkingDays("CN").after(TODAY, 20).isoformat()
    first = WorkingDays("CN").after(TODAY, 1)
    assert client.put(f"/api/calendar/{first}", json={"is_working": False, "note": "停电检修"}).status_code == 200
    try:
        later = asked(client).json["due_on"]
    finally:
        days = client.put(f"/api/calendar/{first}", json={"is_working": None}).json["days"]
    assert later == WorkingDays("CN").after(TODAY, 21).isoformat()
    assert days == []


def test_notice_is_kept_and_listed(client: FlaskClient) -> None:
    told = asked(client).json
    kept = client.get(f"/api/dig-notices/{told['ref']}").json
    assert {name: kept[name] for name in told} == told
    assert kept["request"]["applicant"] == "某电力公司"
    assert kept["checks"] == []
    assert told["ref"] in {entry["ref"] for entry in client.get("/api/dig-notices").json["notices"]}


def test_notice_is_judged_again_by_a_later_edition(client: FlaskClient, engine: sa.Engine) -> None:
    ref = asked(client).json["ref"]
    with engine.begin() as connection:  # as if it had been judged before the edition that is served
        connection.execute(sa.text("UPDATE ops.cases SET edition = 0 WHERE ref = :ref"), {"ref": ref})
        connection.execute(
            sa.text("UPDATE ops.cases SET answer = jsonb_set(jsonb_set(answer, '{edition}', '0'), '{touched}', '[]') WHERE ref = :ref"),
            {"ref": ref},
        )
    kept = client.get(f"/api/dig-notices/{ref}").json
    assert [(check["edition"], check["has_changed"]) for check in kept["checks"]] == [(1, True)]
    assert kept["touched"] == []
    assert kept["checks"][0]["answer"]["touched"]
    again = client.get(f"/api/dig-notices/{ref}").json
    assert again["checks"] == kept["checks"]
    assert next(entry for entry in client.get("/api/dig-notices").json["notices"] if entry["ref"] == ref)["has_changed"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"applicant": ""}, "applicant"), ({"phone": " "}, "phone"), ({"activities": []}, "activities"),
        ({"activities": ["dance"]}, "activities"), ({"activities": "road"}, "activities"),
        ({"received_on": "2026-13-01"}, "received_on"), ({"received_on": (TODAY + timedelta(days=1)).isoformat()}, "received_on"),
        ({"starts_on": (TODAY - timedelta(days=1)).isoformat()}, "starts_on"),
        ({"ends_on": TODAY.isoformat()}, "ends_on"),
        ({"received_on": "2020-01-02", "starts_on": "2020-02-01", "ends_on": "2020-03-01"}, "ends_on"),
        ({"geometry": None}, "geometry"), ({"along": {"pipeline_id": "P1", "from_m": 1, "to_m": 2}}, "geometry"),
        ({"geometry": None, "along": {"pipeline_id": "P1", "from_m": 5000, "to_m": 9e6}}, "along.to_m"),
        ({"geometry": None, "along": {"pipeline_id": "P1", "from_m": 5200, "to_m": 5000}}, "along.to_m"),
        ({"geometry": None, "along": {"pipeline_id": "P1"}}, "along"),
        ({"geometry": {"type": "LineString", "coordinates": [[120, 30]]}}, "geometry.coordinates"),
        ({"geometry": square(10, 10)}, "geometry"), ({"width_m": -1}, "width_m"), ({"width_m": 1e9}, "width_m"),
        ({"accuracy_m": 1e4}, "accuracy_m"), ({"colour": 1}, "colour"),
    ],
)  # fmt: skip
def test_wrong_notice_names_the_field_and_keeps_nothing(client: FlaskClient, changes: dict[str, Any], field: str) -> None:
    before = len(client.get("/api/dig-notices").json["notices"])
    answer = asked(client, **changes)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
    assert len(client.get("/api/dig-notices").json["notices"]) == before


def test_unknown_line_is_refused_with_its_field(client: FlaskClient) -> None:
    along = {"pipeline_id": "none", "from_m": 1, "to_m": 2}
    answer = asked(client, geometry=None, along=along)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "along.pipeline_id")


@pytest.mark.parametrize(("day", "body", "field"), [("x", {"is_working": True}, "day"), ("2026-11-23", {"is_working": 1}, "is_working"), ("2026-11-23", {}, "is_working")])
def test_wrong_calendar_day_is_refused(client: FlaskClient, day: str, body: dict[str, Any], field: str) -> None:
    answer = client.put(f"/api/calendar/{day}", json=body)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


def test_every_kind_of_works_is_one_that_the_rules_know() -> None:
    words = set(activities())
    with pytest.raises(InputError) as refused:
        notice(shapely.Point(0, 0), ["no such works"], {}, read_rules(), on=TODAY)
    assert words == set(str(refused.value).split("known: ")[1].split(", "))


def test_kinds_of_works_come_in_groups_with_titles_in_both_languages(client: FlaskClient) -> None:
    told = client.get("/api/activities").json
    assert len(told["activities"]) == len(activities())
    assert {kind["group"] for kind in told["activities"]} == {group["id"] for group in told["groups"]}
    assert all(group["title_zh"] and group["title_en"].isascii() for group in told["groups"])
    sizes = [sum(kind["group"] == group["id"] for kind in told["activities"]) for group in told["groups"]]
    assert max(sizes) <= 10
    by_id = {kind["id"]: kind["group"] for kind in told["activities"]}
    assert by_id["buried_cable"] == by_id["crossing_over_or_under"] != by_id["blasting"]


def test_reply_is_a_word_letter_with_verdict_clause_and_warning(client: FlaskClient) -> None:
    ref = asked(client).json["ref"]
    answer = client.get(f"/pipelines/notices/{ref}/reply.docx")
    assert answer.headers["Content-Disposition"].endswith(f"{ref}.docx")
    letter = Document(io.BytesIO(answer.data))
    text = "\n".join(paragraph.text for paragraph in letter.paragraphs)
    assert "关于顶管施工告知的复函" in text
    assert "某电力公司:" in text
    assert "须按规定提出申请" in text
    assert "《石油天然气管道保护法》(2010)第35条(二)。" in text
    assert "不代替现场探测" in text
    cells = [cell.text for cell in letter.tables[0].rows[1].cells]
    assert (cells[1], cells[5]) == ("东西输气管道", "须申请许可")
    assert client.get("/pipelines/notices/G1900-0001/reply.docx").status_code == 404


def test_reply_in_english_follows_the_address_or_the_language_of_the_page(client: FlaskClient) -> None:
    ref = asked(client, name="Jacking", applicant="Power company").json["ref"]

    def told(address: str) -> list[str]:
        return [paragraph.text for paragraph in Document(io.BytesIO(client.get(address).data)).paragraphs]

    english = told(f"/pipelines/notices/{ref}/reply.docx?lang=en")
    assert english[0] == "Reply to the dig notice: Jacking"
    assert any(line.startswith("Your notice came in on 20 Nov 2026.") for line in english)
    assert "Development and Reform Bureau" in english and "20 Nov 2026" in english
    client.set_cookie("lang", "en")
    assert told(f"/pipelines/notices/{ref}/reply.docx") == english
    client.delete_cookie("lang")
    assert told(f"/pipelines/notices/{ref}/reply.docx")[0] == "关于Jacking施工告知的复函"


def test_letter_names_the_nearest_of_many_alike_and_encloses_all(client: FlaskClient) -> None:
    ref = asked(client, geometry=BESIDE_PIPELINE).json["ref"]
    kept = client.get(f"/api/dig-notices/{ref}").json
    house = kept["touched"][0] | {"verdict": "see_code", "clause": "GB 6722"}
    kept["touched"] = [house | {"subject": {"layer": "buildings", "id": f"H{n}", "name": None}, "distance_m": 40.0 + n} for n in range(49)]
    for lang, words in (("zh", "另有46个建筑物,见清单"), ("en", "46 more: Buildings, see the list")):
        letter = notice_letter(kept, load_catalog(), today=date.today(), lang=lang)
        assert [row[1] for row in letter.rows] == ["H0", "H1", "H2", words]
        assert "43.0" in letter.rows[3][3]
        demands = notice_letter(kept | {"lines": [{"layer": "buildings"}]}, load_catalog(), today=date.today(), lang=lang).sections[2][1]
        assert not any(word in line for line in demands for word in ("现场核实", "on site"))
        assert [row[1] for row in letter.list_rows] == [f"H{n}" for n in range(49)]
        tables = Document(io.BytesIO(letter_bytes(letter))).tables
        assert [len(table.rows) for table in tables] == [5, 50]
    kept["touched"] = kept["touched"][:4]
    assert not notice_letter(kept, load_catalog(), today=date.today(), lang="zh").list_rows


def test_class_without_data_is_not_named_beside_the_wider_one(client: FlaskClient) -> None:
    missing = {entry["class"] for entry in asked(client, activities=["sand_dig"], geometry=FAR_OFF).json["not_shown"]}
    assert {"railway_bridge_500", "railway_bridge_0"} <= missing and not any(name.endswith("_flow") for name in missing)


def test_stretch_of_a_line_that_is_not_there_names_the_field(client: FlaskClient) -> None:
    answer = asked(client, geometry=None, along={"pipeline_id": "nowhere", "from_m": 0, "to_m": 10})
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "along.pipeline_id")


@pytest.mark.parametrize(("layer", "n_rows"), [("pipelines", 7), ("buildings", FEW + 1)])
def test_letter_tells_every_pipe_and_the_nearest_of_many_other_things(layer: str, n_rows: int) -> None:
    said = {"verdict": "permit_required", "verdict_zh": "须申请许可", "verdict_en": "permit required", "clause": "c"}
    touched = [{"subject": {"layer": layer}, "distance_m": float(i), **said} for i in range(7)]
    assert len(_few_of_each(touched, [(str(i),) * 8 for i in range(7)], load_catalog(), "zh")) == n_rows
