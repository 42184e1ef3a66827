"""One root for every error the atlas raises on purpose, so that a command or a view can tell them from faults."""

from __future__ import annotations


class AtlasError(Exception):
    """Something the person who asked can act on; the message says what was found and what would be right."""


class CatalogError(AtlasError):
    """A declaration (layer.toml, area.toml, a manifest) is not as it must be."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


class UnknownLayerError(AtlasError):
    """A layer that the catalog does not have was asked for."""

    def __init__(self, layer_id: str, known: object = ()) -> None:
        names = ", ".join(sorted(map(str, known)))  # type: ignore[call-overload]
        super().__init__(f"unknown layer {layer_id!r}; known: {names}" if names else f"unknown layer {layer_id!r}")


class CrsMismatchError(AtlasError):
    """Coordinates are in another reference system than the step needs."""


class NoRuleError(AtlasError):
    """Pairs of classes for which no rule exists; this never means that no distance is required."""

    def __init__(self, pairs: object) -> None:
        self.pairs = list(pairs)  # type: ignore[call-overload]
        super().__init__("no rule for: " + "; ".join(" against ".join(map(str, pair)) for pair in self.pairs))


class RuleTableError(AtlasError):
    """A rule table contradicts itself or names what does not exist; no part of it is used."""


class SourceFileError(AtlasError):
    """A delivered file cannot be read as its manifest says: file, what was found, what was expected."""

    def __init__(self, path: object, found: str, expected: str) -> None:
        self.path, self.found, self.expected = path, found, expected
        super().__init__(f"{path}: found {found}; expected {expected}")


class TooManyRefusedError(AtlasError):
    """More rows of a source were refused than its manifest allows; nothing of it was loaded."""


class ApprovalNeededError(AtlasError):
    """A load would do what a person has to agree to first; nothing of the source was loaded."""

    def __init__(self, source_id: str, asked: list[str]) -> None:
        self.source_id, self.asked = source_id, asked
        told = "; ".join(asked)
        super().__init__(f"{source_id}: {told}. 请先用 --dry-run 查看差异,同意后加 --accept {source_id} 重新入库 "
                         f"(look at the difference with --dry-run; where it is right, load with --accept {source_id})")


class EditionError(AtlasError):
    """An edition is missing, not a draft, or was made by another area."""


class InputError(AtlasError):
    """A request has a value that cannot be used; `field` names it."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.words = problem
        super().__init__(f"{field}: {problem}")


class ChainageError(InputError):
    """A chainage that a line does not have: beyond its ends, not rising, or leapt over by a chainage equation."""

    def __init__(self, field: str, chainage_m: float, bounds_m: tuple[float, float], *, is_leap: bool = False) -> None:
        low, high = (f"K{value / 1000:.3f}".replace(".", "+") for value in bounds_m)
        asked = f"K{chainage_m / 1000:.3f}".replace(".", "+")
        en = f"the chainage equation leaps from {low} to {high}" if is_leap else f"must lie within {low} to {high} and rise"
        zh = f"断链处由 {low} 跳至 {high},无此桩号" if is_leap else f"应在 {low} 至 {high} 之内且前小后大"
        super().__init__(field, f"{asked}: {en}")
        self.message_zh = f"{field}:{asked} {zh}"
        self.problem = {"zh": f"{asked} {zh}", "en": f"{asked}: {en}"}


class EditError(InputError):
    """An assumed change that cannot be; said in both languages."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(field, en)
        self.message_zh = f"{field}:{zh}"


class NotFoundError(AtlasError):
    """What was asked for does not exist in this edition."""


class WorkersError(AtlasError):
    """Processes that were to share the work cannot, or were lost."""


class CancelledError(AtlasError):
    """A person took back a run that was under way; nothing of it stays."""
