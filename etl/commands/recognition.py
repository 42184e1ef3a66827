"""The command that says what a delivered file is, and keeps what a person confirmed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from etl.commands.output import AS_JSON, emit, say
from etl.manifest import load_manifests
from etl.recognise import RecognisedDataset, Recognition, keep_manifest, manifest_text, recognise
from etl.recognise_manifest import draft_text
from layers.catalog import load_catalog
from layers.errors import InputError
from layers.store import Place


@click.command("recognise")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--area", "area_dir", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder of the area: area.toml and its manifests.")
@click.option("--dataset", "name", help="Sheet or layer, where the file has several.")
@click.option("-o", "--output", "target", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the proposal as a draft manifest to be completed by hand.")
@click.option("--confirm", is_flag=True,
              help="Accept the new column names of a known source: keeps its manifest under them in this installation.")
@click.option("--ignore", "ignored", multiple=True, help="With --confirm: a new column that is not used.")
@click.option("--without-database", is_flag=True, help="Do not look into the register for evidence on the datum.")
@click.option("--untrusted", is_flag=True, help="Look at the file in a child process with limits of memory and time.")
@AS_JSON
@click.pass_obj
def recognise_command(
    place: Place, file: Path, area_dir: Path, name: str | None, target: Path | None, confirm: bool, ignored: tuple[str, ...],
    without_database: bool, untrusted: bool, as_json: bool,
) -> None:
    """Say what a delivered file is: layer, columns, units, codes, datum, and what only people know. Nothing is loaded."""
    catalog = load_catalog()
    area, manifests = load_manifests(area_dir, catalog, home=place.home)
    engine: sa.Engine | None = None if without_database else place.engine
    found = recognise(file, area=area, catalog=catalog, manifests=manifests, engine=engine, is_untrusted=untrusted)
    emit(found.as_dict()) if as_json else click.echo(described(found))
    if target is not None:
        chosen = _chosen(found, name)
        target.write_text(draft_text(found, chosen), encoding="utf-8")
        say(f"草稿 draft: {target}({len(chosen.questions)} 个问题待定 questions open)")
    if confirm:
        chosen = _chosen(found, name)
        if chosen.known is None:
            raise InputError("confirm", "no known source: complete a draft (-o) and put it into the folder of the area")
        text = manifest_text(found, chosen.name, {"ignore": list(ignored)}, catalog=catalog)
        path = keep_manifest(place.home, area, catalog, text, chosen.known.manifest.id)
        say(f"已确认 confirmed: {dict(chosen.known.renamed)} -> {path}")


def _chosen(found: Recognition, name: str | None) -> RecognisedDataset:
    if name is None and len(found.datasets) > 1:
        raise InputError("dataset", f"choose one with --dataset: {', '.join(entry.name for entry in found.datasets)}")
    return found[name] if name is not None else found.datasets[0]


def described(found: Recognition) -> str:
    """What was recognised, for people."""
    head = f"{found.file}  {found.found.reader}" + (f"  {found.found.encoding}" if found.found.encoding else "")
    return "\n".join([head, *(line for entry in found.datasets for line in _lines(entry))])


def _lines(entry: RecognisedDataset) -> list[str]:
    values: dict[str, Any] = entry.as_dict()
    lines = [f"【{entry.name}】 {values['n_rows'] if values['n_rows'] is not None else ''} 行 rows {values['geometry_type'] or ''} {values['crs_found'] or ''}".rstrip()]
    known = {"exact": "列名相符 same columns", "renamed": "列名有改动 renamed columns", "new columns": "有新列 new columns"}.get(values["known_fit"], "")
    lines.append(f"  来源 known source: {values['known_source'] or '未知 unknown'} {known}")
    lines.append("  图层 layer: " + "  ".join(f"{layer['title_zh']} {layer['layer']} {layer['score']:.2f}" for layer in values["layers"][:3]))
    for row in values["mapping"]:
        unit = f" [{row['unit']}]" if row["unit"] else ""
        lines.append(f"  {row['column']} -> {row['field']}{unit}  {row['score']:.2f}  {row['reason_zh']} {row['reason_en']}")
    if values["unmapped_columns"]:
        lines.append(f"  未用列 unused: {', '.join(values['unmapped_columns'])}")
    lines += [f"  坐标系 datum: {row['crs']} {row['axis_order']} {row['score']:.2f}  {row['evidence_zh']} {row['evidence_en']}" for row in values["datums"]]
    return lines + [f"  ? {row['zh']} {row['en']}" for row in values["questions"]] + [f"  ! {row['zh']} {row['en']}" for row in values["warnings"]]
