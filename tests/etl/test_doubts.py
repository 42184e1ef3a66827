"""What another source held first is not lost unseen: a row folded into it is told where its content differs."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from etl.commands.doubts import warnings_told
from etl.load import load_area_data
from layers.catalog import load_catalog
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, HEAD, write_area, write_enterprises

SECOND = ENTERPRISES_TOML.replace('id = "enterprises"', 'id = "enterprises_second"').replace("enterprises.csv", "second.csv")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (GOOD, None),
        (GOOD.replace("2001-05-06", ""), None),
        (GOOD.replace(",12,", ",13,"), ("n_persons", "13", "enterprises: 12")),
        (GOOD.replace("105.05,", "105.0506,"), ("geometry", "POINT (105.0506 29.05)", "enterprises: 58 m")),
        (GOOD.replace("105.05,", "105.0504,"), None),
    ],
)
def test_number_held_by_another_source_with_other_content_is_told(
    engine: sa.Engine, tmp_path: Path, home: Path, row: str, told: tuple[str, str, str] | None
) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE ops.loads, ops.area, ops.deliveries CASCADE"))
        connection.execute(sa.text("DROP TABLE IF EXISTS register.enterprises"))
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML, enterprises_second=SECOND)
    write_enterprises(data, GOOD)
    (data / "second.csv").write_text(f"{HEAD}\n{row}\n", encoding="gb18030")
    results = load_area_data(engine, load_catalog(), sources, data, home=home)
    assert results[1].counts["n_merged"] == 1
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT field, value, detail FROM ops.warnings WHERE rule_id = 'RC16'")).all()
        listed = warnings_told(connection, rule_id="RC16")
        assert warnings_told(connection, source_id="enterprises") == warnings_told(connection, load_id=0) == []
    assert [tuple(found) for found in rows] == ([told] if told else [])
    assert [(row["source_id"], row["feature_id"], row["row"], row["detail"], bool(row["advice_zh"])) for row in listed] == (
        [("enterprises_second", "E1", 2, told[2], True)] if told else []
    )
