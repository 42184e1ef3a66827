"""Every notebook runs from top to bottom on the reduced sample, and is kept without output."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
CELL_TIMEOUT_S = 300


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def with_parameters(path: Path, source: str) -> nbformat.NotebookNode:
    """The notebook with the cell tagged `parameters` replaced."""
    notebook = nbformat.read(path, as_version=4)
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    cell.source = source
    return notebook


def shown(notebook: nbformat.NotebookNode) -> str:
    """All text and HTML that the cells gave."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(str(output.get("text", "")) + str(output.get("data", "")) for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_output(path):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_defines_no_function_and_no_class(path):
    trees = [ast.parse(cell.source) for cell in code_cells(path)]
    kept = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    assert not [node for tree in trees for node in ast.walk(tree) if isinstance(node, kept)]


def test_first_atlas_runs_to_a_map_and_a_file(tiny_sample):
    source = (
        f'from pathlib import Path\nSAMPLE, SCALE, DELIVERY = Path({str(tiny_sample)!r}), "tiny", "2026Q1"'
    )
    notebook = with_parameters(PROJECT / "notebooks" / "01_first_atlas.ipynb", source)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(PROJECT)}},
    )
    try:
        client.execute()
        text = shown(notebook)
        assert "folium-map" in text
        assert "红 重大" in text
        assert "合成数据" in text
        assert "指数" in text
        assert (tiny_sample / "first_atlas.html").stat().st_size > 1_000_000
    finally:
        (tiny_sample / "first_atlas.html").unlink(missing_ok=True)
