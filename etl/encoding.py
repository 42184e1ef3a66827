"""Which encoding a text is in, told from its bytes: for a proposal and for the message of a load that stops, never to load by."""

from __future__ import annotations

from collections import Counter

HEAD_BYTES = 4 * 2**20
"""Bytes from which an encoding is told."""
COMMON_GB, COMMON_BIG5 = range(0xB0, 0xD8), range(0xA4, 0xC7)
"""Lead bytes of the frequent characters: level 1 of GB 2312, and of Big5."""
LEAST_MARGIN = 0.2
LAST_NARROW = 0x2E80
"""Chinese characters and their punctuation come after it."""


def encoding_of(head: bytes, *, is_whole: bool) -> tuple[str, str | None]:
    """Encoding of a text by its first bytes, and a second one where two are about equally likely.

    Where UTF-8 fails, GB18030 and Big5 are told apart by the share of frequent characters that each would give.

    >>> encoding_of("企业名称,地址".encode("gb18030"), is_whole=True), encoding_of("工廠名稱,地址".encode("big5"), is_whole=True)
    (('gb18030', None), ('big5', None))
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return name, None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even or odd:  # only two-byte text holds bytes of zero: its commas and line ends
        return ("utf-16-be" if even > odd else "utf-16-le"), None
    if _decodes(head, "utf-8", is_whole=is_whole):
        return "utf-8-sig", None
    scores = {
        name: _frequent_share(head, codec, levels) if _decodes(head, name, is_whole=is_whole) else -1.0
        for name, codec, levels in (("gb18030", "gb2312", COMMON_GB), ("big5", "big5", COMMON_BIG5))
    }
    best, second = sorted(scores, key=lambda name: -scores[name])
    if scores[best] < 0:
        return "gb18030", None
    return best, second if scores[best] - scores[second] < LEAST_MARGIN and scores[second] >= 0 else None


def _decodes(head: bytes, encoding: str, *, is_whole: bool) -> bool:
    try:
        head.decode(encoding)
    except UnicodeDecodeError as error:
        return not is_whole and error.end >= len(head) - 3
    return True


def _frequent_share(head: bytes, codec: str, levels: range) -> float:
    """Share of the two-byte characters of a text that are frequent ones of its character set."""
    text = head.decode("gb18030" if codec == "gb2312" else codec, errors="ignore")
    counts = {character: n for character, n in Counter(text).items() if ord(character) > LAST_NARROW}
    if not counts:
        return 0.0
    frequent = sum(n for character, n in counts.items() if (encoded := character.encode(codec, "ignore")) and encoded[0] in levels)
    punctuation = sum(n for character, n in counts.items() if "\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uffef")
    return (frequent + punctuation) / sum(counts.values())
