"""The F-N diagram as SVG: an enterprise's curve between the lines of GB 36894-2018, for the page, a dossier or paper."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree

from app.styles import colour
from app.texts import Text, in_language

WIDTH, HEIGHT = 520, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 44, 58
FEWEST_DEATHS, LEAST_MOST_DEATHS = 1.0, 1000.0
HIGHEST_PER_YEAR, LOWEST_PER_YEAR = 1e-2, 1e-9
FONT = "Atlas Sans SC, Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"
WORDS = {
    "deaths": Text("死亡人数 N"), "frequency": Text("累积频率 F (每年)"), "unacceptable": Text("不可接受区"), "alarp": Text("尽可能降低区"),
    "acceptable": Text("可接受区"), "f": Text("全天"), "day": Text("白天"), "night": Text("夜间"), "screening": Text("筛查"), "new": Text("含拟建"),
    "pll": Text("潜在生命损失 {pll} /年"), "nobody": Text("影响范围内没有已知的人口"), "source": Text("{clause},两线之间为尽可能降低区"),
}  # fmt: skip
CURVES = (("day", 1.4, "6 3"), ("night", 1.4, "2 3"), ("f", 2.6, None))


def fn_diagram(row: dict[str, Any], *, lang: str = "zh") -> str:
    """SVG text of one enterprise's diagram.

    Parameters
    ----------
    row : answer of ``/api/societal-risk/<enterprise>``
        ``curve`` of ``n``, ``f``, ``day``, ``night``; ``limits``, ``name``, ``pll_per_year``, ``clause``.
    """
    words, frame = in_language(WORDS, lang), _Frame(max([LEAST_MOST_DEATHS, *(point["n"] for point in row["curve"])]))
    root = ElementTree.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "font-family": FONT,
        "font-size": "12", "fill": colour("interface.text"),
    })  # fmt: skip
    title = " · ".join(filter(None, (row.get("name") or row["enterprise_id"], words["screening"], words.get(row.get("installation", "")))))
    ElementTree.SubElement(root, "title").text = title
    ElementTree.SubElement(root, "rect", {"width": str(WIDTH), "height": str(HEIGHT), "fill": colour("interface.panel")})
    _text(root, LEFT, 20, title, size=14, weight="bold")
    _text(root, LEFT, 36, words["pll"].format(pll=_power(row.get("pll_per_year") or 0.0)), fill="interface.muted")
    _axes(root, frame, words)
    _limit_lines(root, frame, row["limits"], words)
    _curves(root, frame, row["curve"], words)
    _text(root, LEFT, HEIGHT - 8, words["source"].format(clause=row.get("clause") or ""), size=10, fill="interface.muted")
    return ElementTree.tostring(root, encoding="unicode")


class _Frame:
    """From deaths and frequencies to places of the drawing, both axes logarithmic."""

    def __init__(self, most_deaths: float) -> None:
        self.most_deaths = 10.0 ** math.ceil(math.log10(most_deaths) - 1e-9)

    def x(self, deaths: float) -> float:
        share = math.log10(max(deaths, FEWEST_DEATHS)) / math.log10(self.most_deaths)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, per_year: float) -> float:
        span = math.log10(HIGHEST_PER_YEAR / LOWEST_PER_YEAR)
        inside = min(max(per_year, LOWEST_PER_YEAR), HIGHEST_PER_YEAR)
        return TOP + math.log10(HIGHEST_PER_YEAR / inside) / span * (HEIGHT - TOP - BOTTOM)


def _axes(root: ElementTree.Element, frame: _Frame, words: dict[str, str]) -> None:
    for power in range(round(math.log10(LOWEST_PER_YEAR)), round(math.log10(HIGHEST_PER_YEAR)) + 1):
        y = frame.y(10.0**power)
        _line(root, [(LEFT, y), (WIDTH - RIGHT, y)], "interface.hairline", 1)
        _text(root, LEFT - 6, y + 4, f"1E{power}", anchor="end", size=11)
    for power in range(round(math.log10(frame.most_deaths)) + 1):
        x = frame.x(10.0**power)
        _line(root, [(x, TOP), (x, HEIGHT - BOTTOM)], "interface.hairline", 1)
        _text(root, x, HEIGHT - BOTTOM + 16, f"{10**power:,}", anchor="middle", size=11)
    _text(root, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 34, words["deaths"], anchor="middle")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    _text(root, 14, middle, words["frequency"], anchor="middle", turn=f"rotate(-90 14 {middle:.1f})")


def _limit_lines(root: ElementTree.Element, frame: _Frame, limits: list[dict[str, float]], words: dict[str, str]) -> None:
    for name in ("unacceptable_above", "acceptable_below"):
        _line(root, [(frame.x(at["n_deaths"]), frame.y(at[name])) for at in limits], "interface.text", 1.6)
    first = limits[0]
    place = frame.x(first["n_deaths"]) + 8
    upper, lower = frame.y(first["unacceptable_above"]), frame.y(first["acceptable_below"])
    _text(root, place + 120, upper - 8, words["unacceptable"], fill="interface.muted")
    last = limits[-1]
    middle = (frame.y(last["unacceptable_above"]) + frame.y(last["acceptable_below"])) / 2
    _text(root, frame.x(last["n_deaths"]) - 16, middle, words["alarp"], anchor="end", fill="interface.muted")
    _text(root, place, lower + 60, words["acceptable"], fill="interface.muted")


def _curves(root: ElementTree.Element, frame: _Frame, curve: list[dict[str, float]], words: dict[str, str]) -> None:
    if not curve:
        _text(root, (LEFT + WIDTH) / 2, (TOP + HEIGHT - BOTTOM) / 2, words["nobody"], anchor="middle", fill="interface.muted")
        return
    for place, (name, width, dash) in enumerate(CURVES):
        places = [(frame.x(point["n"]), frame.y(point[name])) for point in curve if point[name] > 0]
        _line(root, places, "contour.highest", width, dash=dash)
        y = TOP + 14 + 16 * place
        _line(root, [(WIDTH - RIGHT - 90, y - 4), (WIDTH - RIGHT - 62, y - 4)], "contour.highest", width, dash=dash)
        _text(root, WIDTH - RIGHT - 56, y, words[name], size=11)


def _line(root: ElementTree.Element, places: list[tuple[float, float]], stroke: str, width: float, *, dash: str | None = None) -> None:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    given = {"points": points, "fill": "none", "stroke": colour(stroke), "stroke-width": f"{width:g}"}
    ElementTree.SubElement(root, "polyline", given | ({"stroke-dasharray": dash} if dash else {}))


def _text(
    root: ElementTree.Element, x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "normal",
    fill: str = "interface.text", turn: str = "",
) -> None:
    given = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-size": str(size), "font-weight": weight, "fill": colour(fill)}
    ElementTree.SubElement(root, "text", given | ({"transform": turn} if turn else {})).text = text


def _power(value: float) -> str:
    """A small number as a person writes it.

    >>> _power(0.00203), _power(0.0)
    ('2.0×10⁻³', '0')
    """
    if value <= 0:
        return "0"
    power = math.floor(math.log10(value))
    raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{value / 10.0**power:.1f}×10{raised}"
