"""Leaks, ignition, weather and wind: what the tables hold, bounds, and what is refused."""

import shutil

import numpy as np
import pandas as pd
import pytest

from layers.errors import InputError, RuleTableError
from layers.scoring import frequencies
from layers.scoring.rule_tables import RULES_DIR


def rose(**changes):
    table = pd.DataFrame({"from_deg": np.arange(16) * 22.5, "share": 1 / 16})
    return table.assign(**changes)


@pytest.mark.parametrize(
    ("equipment", "source", "leak", "frequency"),
    [
        ("pressure_vessel", "CPR18E-1999", "instantaneous", 5e-7),
        ("atmospheric_tank_single", "CPR18E-1999", "hole_10_mm", 1e-4),
        ("pipe_gt_150mm", "CPR18E-1999", "leak_10pct_diameter_max_50mm", 5e-7),
        ("pipe_gt_150", "HJ169-2018", "leak_10pct_diameter_max_50mm", 2.4e-6),
    ],
)
def test_both_sets_of_leak_frequencies_are_kept(equipment, source, leak, frequency):
    assert frequencies.leak_frequencies(equipment, source=source)[leak] == frequency


def test_the_middle_band_of_direct_ignition_holds_both_bounds():
    found = [
        frequencies.direct_ignition("gas_high", "instantaneous", kg) for kg in (999, 1000, 10_000, 10_001)
    ]
    assert found == [0.2, 0.5, 0.5, 0.7]
    assert frequencies.band_ends("continuous") == (10.0, 100.0)


def test_delayed_ignition_grows_with_time():
    assert frequencies.delayed_ignition("motor_vehicle") == pytest.approx(0.4)
    assert frequencies.delayed_ignition("motor_vehicle", 120) == pytest.approx(1 - 0.6**2)
    assert frequencies.delayed_ignition("motor_vehicle", 0) == 0


def test_what_the_tables_do_not_know_is_refused():
    with pytest.raises(InputError, match="teapot"):
        frequencies.leak_frequencies("teapot")
    with pytest.raises(InputError, match="candle"):
        frequencies.delayed_ignition("candle")
    with pytest.raises(InputError, match="solid"):
        frequencies.direct_ignition("solid", "continuous", 1.0)


def test_the_default_weather_and_wind_are_whole_years():
    weather = frequencies.default_weather()
    assert len(weather) == 6 and sum(w.share for w in weather) == pytest.approx(1)
    assert frequencies.default_wind_rose().of("D5").tolist() == [1 / 16] * 16


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (rose().iloc[:0], "empty"),
        (rose().iloc[:15], "337.5"),
        (rose(share=0.1), "1.6"),
        (rose(share=[-1 / 16, *[1 / 16] * 15]), "from_deg 0"),
        (rose(share=[*[1 / 16] * 15, np.nan]), "from_deg 337.5"),
        (rose(from_deg=np.arange(16) * 20.0), "from_deg 20"),
    ],
)
def test_a_wind_rose_that_cannot_be_is_refused_with_its_row(table, named):
    with pytest.raises(InputError, match=named):
        frequencies.wind_rose(table)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"stability": "G"}, "stability"),
        ({"wind_m_s": 0}, "wind_m_s"),
        ({"share": np.nan}, "share"),
        ({"share": 0.9}, "1.8"),
    ],
)
def test_weather_that_cannot_be_is_refused_with_its_row(change, named):
    row = {"weather_id": "D5", "stability": "D", "wind_m_s": 5.0, "share": 0.5}
    other = {**row, "weather_id": "F1.5"}
    with pytest.raises(InputError, match=named):
        frequencies.weather_classes(pd.DataFrame([row | change, other | change]))


@pytest.mark.parametrize(
    ("name", "old", "new", "read"),
    [
        ("leak_frequencies.csv", "5e-07", "-5e-07", frequencies.load_leak_frequencies),
        ("leak_frequencies.csv", "CPR18E-1999", "CPR-0", frequencies.load_leak_frequencies),
        ("ignition.csv", ",0.6,", ",0.7,", frequencies.load_ignition),
        ("ignition.csv", "continuous,10,100", "continuous,20,100", frequencies.load_ignition),
    ],
)
def test_a_faulty_table_is_not_used(tmp_path, name, old, new, read):
    shutil.copy(RULES_DIR / name, tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleTableError, match=name):
        read(tmp_path)


def weather_rows(**changes):
    rows = pd.DataFrame(
        [
            {"weather_id": name, "stability": name[0], "wind_m_s": float(name[1:]), "from_deg": 22.5 * sector,
             "share_pct": 100 * share * (2 if sector == 4 else 14 / 15) / 16}
            for name, share in (("D5", 0.75), ("F2", 0.25))
            for sector in range(16)
        ]
    )  # fmt: skip
    return rows.assign(**changes)


def test_weather_of_the_county_gives_classes_and_a_rose_for_each():
    classes, rose = frequencies.weather_of(weather_rows())
    assert [(entry.weather_id, entry.share) for entry in classes] == [("D5", pytest.approx(0.75)), ("F2", pytest.approx(0.25))]
    assert rose.of("F2")[4] == pytest.approx(1 / 8) and rose.of("D5").sum() == pytest.approx(1)
    assert frequencies.weather_of(None) is None and frequencies.weather_of(weather_rows().iloc[:0]) is None


@pytest.mark.parametrize(
    "rows",
    [weather_rows(share_pct=1.0), weather_rows(share_pct=-1.0), weather_rows(share_pct=np.nan), weather_rows().iloc[1:],
     weather_rows(wind_m_s=range(1, 33)), weather_rows(stability="G"), weather_rows(from_deg=10.0)],
)  # fmt: skip
def test_weather_that_is_no_whole_year_or_contradicts_itself_is_refused(rows):
    with pytest.raises(InputError):
        frequencies.weather_of(rows)
