"""What a person does with a page in a real browser, and what can be read from it."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio.io
from playwright.sync_api import Page

PROJECT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
DESKTOP = {"width": 1440, "height": 900}
TABLET = {"width": 1024, "height": 768}
PHONE = {"width": 390, "height": 844}
CHINESE = re.compile(r"[\u3400-\u9fff]")
PATIENCE_MS = 120_000
AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"

WEAR = "ground => { document.documentElement.dataset.ground = ground; }"
VIOLATIONS = """async ({ ground, rules }) => {
  document.documentElement.dataset.ground = ground;
  return (await axe.run(document, { runOnly: rules })).violations;
}"""
WCAG = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]

OpenPage = Callable[..., Page]
"""Opens a page; what it takes is said by the fixture."""


def watch(page: Page, server: str, faults: list[str]) -> None:
    """Note every error of the console, uncaught exception and request to anywhere but the server."""
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: _note_foreign(request.url, server, faults))


def _note_foreign(url: str, server: str, faults: list[str]) -> None:
    if not url.startswith((server + "/", "blob:", "data:")):
        faults.append(f"foreign request: {url}")


def wait_for_map(page: Page) -> None:
    """Until everything in view is drawn, and on the map page its tools have come, which it fetches after that."""
    page.wait_for_selector('#map-area[data-state="idle"]')
    page.wait_for_selector("html[data-tools-ms], html:not(:has(#tree))", state="attached")


def answer(server: str, path: str, **parameters: Any) -> Any:
    """The JSON of an address of the server."""
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"{server}{path}?{query}", timeout=30) as response:
        return json.load(response)


def at(source: dict[str, Any], zoom: float = 16) -> str:
    """Address of the map with a source in its middle."""
    return f"?v={zoom}/{source['lat']:.6f}/{source['lon']:.6f}"


def click_middle(page: Page) -> None:
    box = page.locator("#map-canvas").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def pixels(page: Page, selector: str) -> np.ndarray:
    """Colours of an element as shown, rows x columns x 3."""
    with rasterio.io.MemoryFile(page.locator(selector).screenshot()) as file, file.open() as picture:
        return np.moveaxis(picture.read([1, 2, 3]), 0, -1)


def query_of(page: Page) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).query))


def wait_for_address(page: Page, part: str) -> None:
    page.wait_for_function("part => location.search.includes(part)", arg=part)


def chinese_words(page: Page, selector: str) -> list[str]:
    """Texts, labels and titles with Chinese characters or untranslated keys; the name of the language itself is left out."""
    texts = page.locator(selector).evaluate_all("""nodes => nodes.flatMap(root => {
        const all = [root, ...root.querySelectorAll('*')].filter(node => !node.closest('[lang="zh-CN"], script, noscript'));
        const own = node => [...node.childNodes].filter(child => child.nodeType === 3).map(child => child.textContent);
        return all.flatMap(node => [...own(node), node.title, node.getAttribute('aria-label'), node.placeholder].filter(Boolean));
    })""")
    return [text for text in texts if CHINESE.search(text) or re.search(r"\[\w+\]", text)]


def broken_rules(page: Page, grounds: tuple[str, ...] = ("light", "dark")) -> list[tuple[str, str, str]]:
    """What axe-core finds against WCAG 2.2 AA upon each ground: the ground, the rule, the first node at fault.

    The page must be opened with ``bypass_csp=True``; it is left upon the ground on which it was.
    """
    page.add_script_tag(path=AXE)
    before = page.locator("html").get_attribute("data-ground") or "light"
    found = [(ground, entry) for ground in grounds for entry in page.evaluate(VIOLATIONS, {"ground": ground, "rules": WCAG})]
    page.evaluate(WEAR, before)
    return [(ground, entry["id"], entry["nodes"][0]["html"][:160]) for ground, entry in found]
