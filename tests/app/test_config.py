"""Settings: declared once, told in the README, read from the environment, refused when wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import CODE_DIR, SETTINGS, SettingError, settings


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_in_the_readme(setting: object) -> None:
    row = f"| `{setting.name}` |"  # type: ignore[attr-defined]
    assert row in (CODE_DIR / "app" / "README.md").read_text(encoding="utf-8")


def test_given_values_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISKATLAS_POOL_SIZE", "3")
    monkeypatch.setenv("RISKATLAS_HOME", "/somewhere")
    found = settings({"HOME": Path("/elsewhere")})
    assert (found["POOL_SIZE"], found["HOME"]) == (3, Path("/elsewhere"))


def test_value_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISKATLAS_POOL_SIZE", "many")
    with pytest.raises(SettingError, match="RISKATLAS_POOL_SIZE='many'"):
        settings()
    with pytest.raises(SettingError, match="COLOUR"):
        settings({"POOL_SIZE": 1, "COLOUR": "pink"})
