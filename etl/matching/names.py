"""Names of enterprises taken apart: the word that tells firms apart, and the plant that tells its places apart."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from etl.places.folding import NUMBER, folded, number_of

LEGAL_FORMS = (
    "股份有限公司", "有限责任公司", "集团有限公司", "(股)公司", "股份公司", "有限公司", "(有)公司", "(股)有限公司", "总公司", "公司",
    "企业社", "企业行", "实业社", "工业社", "个体工商户", "合作社", "合伙企业", "个人独资企业", "(有限合伙)", "(普通合伙)",
)  # fmt: skip
LEGAL_FORM = re.compile("|".join(re.escape(form) for form in sorted(LEGAL_FORMS, key=len, reverse=True)))
GROUP_WORD = re.compile(r"\(?集团\)?$")
NUMBERED_PLANT = re.compile(rf"第?({NUMBER})(?:号)?(分厂|厂|分公司|分店|店|站|库|车间|工场|工厂|场)$")
NAMED_PLANT = re.compile(r"(?<=[^\d])([^\d()]{2,4}(?:分厂|分公司|分店|工厂|分社|厂区|厂|营业所|门市部))$")
"""A plant named behind the firm, such as 高雄厂 behind 股份有限公司."""
NUMERAL = re.compile(NUMBER)
BRACKETS = re.compile(r"[()\[\]【】〔〕「」·・.,、]")
REMARK = re.compile(r"\((?:合成数据|停业|停工|歇业|注销|已注销|原名?[^)]*|曾用名[^)]*)\)")
SUBJECTS = ("县", "市", "区", "省", "镇", "乡")


@dataclass(frozen=True)
class Name:
    """A name in parts, folded.

    `core` is what is left without place, legal form and plant; `form` the legal form; `plant` the plant as
    named (``大发厂``); `plant_number` the n of ``一厂``: plants of one firm that must never be folded together.
    """

    core: str
    form: str = ""
    plant: str = ""
    plant_number: int | None = None

    @property
    def grams(self) -> list[str]:
        """Pairs of neighbouring characters of the core, each once; a single character is itself."""
        if len(self.core) < 2:
            return [self.core] if self.core else []
        return sorted({self.core[at : at + 2] for at in range(len(self.core) - 1)})


@dataclass(frozen=True)
class Names:
    """Takes names apart; `places` are words of the area that many firms begin with (云沧, 高雄)."""

    places: Collection[str] = ()

    @cached_property
    def _parsed(self) -> dict[str, Name]:
        """What is parsed already: several lists name one firm."""
        return {}

    @cached_property
    def _prefixes(self) -> tuple[str, ...]:
        """What a name may begin with before its core, the longest places first."""
        words = sorted((folded(place) for place in self.places), key=len, reverse=True)
        return tuple(prefix for word in words for prefix in (*(word + subject for subject in SUBJECTS), word))

    def parse(self, text: str | None) -> Name:
        """The parts of a name.

        >>> names = Names(["高雄"])
        >>> names.parse("臺灣巴斯夫股份有限公司高雄廠")
        Name(core='台湾巴斯夫', form='股份有限公司', plant='高雄厂', plant_number=None)
        >>> names.parse("長賡（股）公司第二廠").plant_number, names.parse("长赓股份有限公司一厂").plant_number
        (2, 1)
        """
        found = self._parsed.get(text or "")
        if found is None:
            found = self._parsed[text or ""] = self._parse(text)
        return found

    def _parse(self, text: str | None) -> Name:
        plain = REMARK.sub("", folded(text))
        found = LEGAL_FORM.search(plain)
        head, form, tail = (plain[: found.start()], found.group(), plain[found.end() :]) if found else (plain, "", "")
        head, tail = BRACKETS.sub("", GROUP_WORD.sub("", head)), BRACKETS.sub("", tail)
        if form and not head:
            head, tail = tail, ""
        if not found:
            head, tail = _without_plant(head)
        core = self._without_place(head)
        number = NUMBERED_PLANT.search(tail)
        return Name(core, _form(form), tail, number_of(number.group(1)) if number else None)

    def _without_place(self, head: str) -> str:
        for prefix in self._prefixes:
            if head.startswith(prefix) and len(head) >= len(prefix) + 2:
                return head[len(prefix) :]
        return head


def _without_plant(head: str) -> tuple[str, str]:
    """Split a numbered plant off a name without legal form: 新光工厂二厂, not 第一化工厂."""
    found = NUMBERED_PLANT.search(head)
    if found and found.start() >= 2:
        return head[: found.start()], found.group()
    return head, ""


def _form(form: str) -> str:
    """One spelling of a legal form."""
    return {"(股)公司": "股份有限公司", "(股)有限公司": "股份有限公司", "股份公司": "股份有限公司", "(有)公司": "有限公司"}.get(form, form)
