"""Commands of the server's side: serve, check sites in a file, export maps and lists."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import click
from flask.testing import FlaskClient

from app.answer_lines import batch_line, site_line, what_if_lines, where_lines
from app.serving import Listening, serve
from app.texts import LANGUAGES, Text
from layers.errors import AtlasError
from layers.store import Place

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
SHEET_LAYERS = ("water", "roads", "risk_zones", "towns", "park_boundaries", "pipelines", "risk_points")
VIOLATION_COLUMNS = (
    "rule_id", "clause", "subject_name", "object_name", "object_feature_id", "required_m", "actual_m", "shortfall_m",
    "error_m", "certainty", "is_historic", "is_estimated", "town_name",
)
IN_LANGUAGE = click.option("--lang", default="zh", type=click.Choice(LANGUAGES), show_default=True, help="Language of what people read.")


@click.command("serve")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on; 0.0.0.0: every one.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65535), help="Port.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 16), help="Server processes.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64), help="Threads of each process.")
@click.option("--no-worker", is_flag=True, help="Start no worker beside it: jobs wait until `riskatlas worker` runs elsewhere.")
@click.pass_obj
def serve_command(place: Place, host: str, port: int, workers: int, threads: int, no_worker: bool) -> None:
    """Serve the map and the API until Ctrl+C; started by root, it runs as an unprivileged user."""
    serve(Listening(host, port, workers, threads, not no_worker), home=place.home, database_url=place.open_url())


def _client(place: Place) -> FlaskClient:
    """The server's own answers, without a network: a command says what the page says."""
    # Imported here: the other commands start without the server's parts.
    from app import create_app

    return create_app({"HOME": place.home, "DATABASE_URL": place.open_url()}).test_client()


def _answer(response: Any) -> Any:
    """The answer, or the server's own words as an error."""
    if response.status_code >= 400:
        error = response.get_json()["error"]
        raise AtlasError(f"{error['message_zh']} / {error['message_en']}")
    return response


@click.command("site")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--type", "project_type", default="", help="Project type of sites that state none.")
@click.option("--no-keep", is_flag=True, help="Keep no cases: a table only, for thousands of sites.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="With --no-keep: write an Excel workbook.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer of each site, one JSON object a line.")
@IN_LANGUAGE
@click.pass_obj
def site_command(place: Place, file: Path, project_type: str, no_keep: bool, out: Path | None, as_json: bool, lang: str) -> None:
    """Check every site of a FILE: GeoJSON, or CSV (lon, lat or wkt), GPKG, SHP (zip), DXF, TXT.

    Columns or properties: name, project_type (code or name), construction (or is_new), starts_on, ends_on, applicant, n_persons.
    """
    client = _client(place)
    features = _features(client, file)
    if no_keep or out is not None:
        _require_judged(file, _site_table(client, features, project_type, out, as_json=as_json, lang=lang))
        return
    from app.site_batch import batch_body
    from layers.scoring.rules import read_rules

    rules, n_judged = read_rules(), 0
    for number, feature in enumerate(features, start=1):
        body = batch_body(feature, project_type, rules)
        fault = feature.get("fault")
        answer = {"error": _said(fault)} if fault else client.post("/api/site-checks", json=body).get_json()
        n_judged += "verdict" in answer
        if as_json:
            click.echo(json.dumps({"site": number, **answer}, ensure_ascii=False))
        else:
            click.echo(site_line(number, body, answer, lang))
    _require_judged(file, n_judged)


def _require_judged(file: Path, n_judged: int) -> None:
    """Raise `AtlasError` where no site of a file had a verdict: a program sees it from the exit status."""
    if not n_judged:
        raise AtlasError(f"{file}: no site could be judged; each row says why")


def _site_table(
    client: FlaskClient, features: list[dict[str, Any]], project_type: str, out: Path | None, *, as_json: bool, lang: str
) -> int:
    """One verdict a row, told as they are judged, and as a workbook; how many have one."""
    from app.parts import parts
    from app.pinned import pinned_edition
    from app.site_batch import MOST_AT_ONCE, batch_rows, batch_workbook

    rows: list[dict[str, Any]] = []
    sites = [{"row": number, **{key: one[key] for key in ("geometry", "properties", "fault") if key in one}} for number, one in enumerate(features, start=1)]
    with client.application.test_request_context(), pinned_edition() as pinned:
        for start in range(0, len(sites), MOST_AT_ONCE):
            rows += batch_rows(pinned.connection, pinned.facts, parts().surroundings, sites[start : start + MOST_AT_ONCE], project_type)
            click.echo(f"{len(rows)}/{len(sites)}", err=True)
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else batch_line(row, lang))
    if out is not None:
        out.write_bytes(batch_workbook(rows, lang))
    return sum(bool(row.get("verdict")) for row in rows)


def _features(client: FlaskClient, file: Path) -> list[dict[str, Any]]:
    if file.suffix.lower() not in (".geojson", ".json"):
        return _sites_of(client, file)
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise AtlasError(f"{file}: no GeoJSON ({error})") from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not features:
        raise AtlasError(f"{file}: a GeoJSON FeatureCollection with at least one site is needed")
    if content.get("crs"):
        return _sites_of(client, file)
    return [_feature(one) for one in features]


def _sites_of(client: FlaskClient, file: Path) -> list[dict[str, Any]]:
    """The sites of a file in the coordinates of the area, whatever CRS the file states."""
    from app.site_files import sites_of_file

    return sites_of_file(file, target=_answer(client.get("/api/site-checks/choices")).get_json()["crs"][0])


def _feature(one: Any) -> dict[str, Any]:
    """A feature as it was sent; what is none becomes a row without a place, which is refused alone."""
    given = one if isinstance(one, dict) else {}
    properties = given.get("properties")
    return {"geometry": given.get("geometry"), "properties": properties if isinstance(properties, dict) else {}}


def _said(fault: dict[str, str]) -> dict[str, str]:
    """A fault of a row of a file as the server tells errors."""
    return {"field": fault["field"], "message_zh": f"{fault['field']}:{fault['zh']}", "message_en": f"{fault['field']}: {fault['en']}"}


@click.command("where")
@click.argument("project_type")
@click.option("--min-area", "min_area_m2", default=0.0, show_default=True, help="Leave out free ground smaller than so many m².")
@click.option("--cell", "cell_m", default=100, show_default=True, type=click.Choice(["50", "100", "200", "500"]), help="Side of a cell, metres.")
@click.option("--by", default="grid", show_default=True, help="grid, or a layer of parcels.")
@click.option("--persons", "n_persons", type=int, help="Most persons at one time.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the free ground to a GeoJSON file.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as one JSON object.")
@IN_LANGUAGE
@click.pass_obj
def where_command(place: Place, project_type: str, cell_m: str, out: Path | None, as_json: bool, lang: str, **asked: Any) -> None:
    """Where in the area a project of PROJECT_TYPE would find nothing against it, and what is against it elsewhere."""
    from app import create_app
    from app.parts import parts
    from app.pinned import pinned_edition
    from app.site_area import area_check, read_area_request

    def step(zh: str, en: str, n_done: int, n_steps: int) -> None:
        click.echo(f"{n_done + 1}/{n_steps}  {zh} {en}", err=True)

    body = {"project_type": project_type, "cell_m": int(cell_m), **{key: value for key, value in asked.items() if value is not None}}
    app = create_app({"HOME": place.home, "DATABASE_URL": place.open_url()})
    with app.test_request_context(), pinned_edition() as pinned:
        question = read_area_request(body, pinned.facts, parts().rules)
        answer = area_check(pinned.connection, pinned.facts, parts().surroundings, asked=question, step=step)
    if out is not None:
        out.write_text(json.dumps(answer["free"], ensure_ascii=False), encoding="utf-8")
    for line in [json.dumps(answer, ensure_ascii=False)] if as_json else where_lines(answer, lang):
        click.echo(line)


@click.command("what-if")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer with its zones as one JSON object.")
@IN_LANGUAGE
@click.pass_obj
def what_if_command(place: Place, file: Path, as_json: bool, lang: str) -> None:
    """What would change by the edits of a JSON FILE, as POST /api/what-if takes them; nothing is stored."""
    try:
        body = json.loads(file.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise AtlasError(f"{file}: no JSON ({error})") from error
    answer = _answer(_client(place).post("/api/what-if", json=body)).get_json()
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for line in what_if_lines(answer, lang):
        click.echo(line)


@click.group("export")
def export_group() -> None:
    """Write a map sheet or a list of the served edition to a file."""


@export_group.command("map")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--title", default="", help="Title; default: the area's four-colour map.")
@click.option("--subtitle", default="")
@click.option("--paper", default="A4", type=click.Choice(["A4", "A3"]), show_default=True)
@click.option("--orientation", default="landscape", type=click.Choice(["landscape", "portrait"]), show_default=True)
@click.option("--scale", type=int, help="Denominator; default: the next round scale that holds the area.")
@click.option("--dpi", type=click.IntRange(72, 600), default=300, show_default=True, help="Dots per inch of a PNG.")
@click.option("--extent", type=float, nargs=4, help="West south east north in degrees; default: the whole area.")
@click.option("--layers", default=",".join(SHEET_LAYERS), help="Layer ids, comma separated, bottom to top.")
@IN_LANGUAGE
@click.option("--relief", is_flag=True, help="Shade the ground by the edition's heights.")
@click.pass_obj
def export_map(place: Place, file: Path, title: str, layers: str, extent: tuple[float, ...], scale: int | None, **options: Any) -> None:
    """A map sheet; the suffix of FILE (.pdf, .png, .svg) is its format."""
    client = _client(place)
    area = _answer(client.get("/api/layers")).get_json()["area"]
    named = Text("{area}安全风险四色图", area=area[f"title_{options['lang']}"])[options["lang"]]
    body = {"title": title or named, "layers": layers.split(","),
            "extent": list(extent or area["home"]), "format": file.suffix.lstrip("."), **options}
    response = _answer(client.post("/api/sheets", json=body | ({"scale": scale} if scale else {})))
    file.write_bytes(response.data)
    click.echo(f"{file}  {len(response.data)} bytes", err=True)


@export_group.command("atlas")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--title", default="", help="Title; default: the area's atlas.")
@click.option("--paper", default="A3", type=click.Choice(["A4", "A3"]), show_default=True)
@click.option("--orientation", default="landscape", type=click.Choice(["landscape", "portrait"]), show_default=True)
@click.option("--town", "towns", multiple=True, help="A town by name or code; several times for several; default: all.")
@click.option("--layers", default=",".join(SHEET_LAYERS), help="Layer ids, comma separated, bottom to top.")
@IN_LANGUAGE
@click.option("--colour", default="colour", type=click.Choice(["colour", "grey"]), show_default=True)
@click.option("--relief", is_flag=True, help="Shade the ground by the edition's heights.")
@click.option("--edition", default="", help="Edition by number or label; default: the newest.")
@click.pass_obj
def export_atlas(place: Place, file: Path, title: str, layers: str, towns: tuple[str, ...], edition: str, **options: Any) -> None:
    """An atlas as PDF: cover, index, figures by town, a page a town, method and what is not rated."""
    from app import create_app
    from app.atlas import Given, make_atlas
    from app.parts import parts
    from app.pinned import pinned_edition

    app = create_app({"HOME": place.home, "DATABASE_URL": place.open_url()})
    with app.test_request_context(), pinned_edition(edition or None) as pinned:
        area = pinned.facts.area
        named = Text("{area}安全风险四色图图册", area=area[f"title_{options['lang']}"])[options["lang"]]
        request = {"title": title or named, "layers": layers.split(","), **options}
        sheet = make_atlas(
            Given(pinned.connection, pinned.facts, parts().catalog, parts().frames, place.home),
            request | ({"towns": list(towns)} if towns else {}), rules_version=parts().rules.version,
            told=lambda done, of: click.echo(f"  {done + 1}/{of}", err=True),
        )  # fmt: skip
    file.write_bytes(sheet.content)
    click.echo(f"{file}  {len(sheet.content)} bytes", err=True)


@export_group.command("violations")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def export_violations(place: Place, file: Path) -> None:
    """All safe-distance conflicts as CSV (UTF-8 with BOM, so that spreadsheets read it)."""
    from app import create_app
    from app.parts import parts
    from app.pinned import pinned_edition
    from app.sheets import whole_area

    app = create_app({"HOME": place.home, "DATABASE_URL": place.open_url()})
    with app.test_request_context(), pinned_edition() as pinned:
        layer = "distance_violations"
        frame = parts().frames.within(pinned.connection, pinned.facts, [layer], [whole_area(pinned.facts)])[layer]
        file.write_text("\ufeff" + _as_csv(frame[list(VIOLATION_COLUMNS)].to_dict("records")), encoding="utf-8", newline="")
    click.echo(f"{file}  {len(frame)} rows", err=True)


def _as_csv(rows: list[dict[str, Any]]) -> str:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, VIOLATION_COLUMNS)
    writer.writeheader()
    writer.writerows({key: "" if value is None or value != value else value for key, value in row.items()} for row in rows)
    return sink.getvalue()
