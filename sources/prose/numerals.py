"""Figures as Chinese and English prose writes them: scales 万 and 亿, mixed; million; and 余, 约, 近, 超 as bounds."""

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_BEFORE = r"大约|约|接近|近|超过|超|逾|突破|不足|至少|more than|over|nearly|almost|about|around|approximately"
_WORDS = r"thousand|million|billion"

# A figure: at most three scales from large to small (7亿3439万, 1亿2345.6万, 84万5697), or a word of scale, or none.
FIGURE = (
    rf"(?:(?:{_BEFORE})\s?)?-?(?:"
    rf"{_NUMBER}\s?亿\s?{_NUMBER}\s?[余多]?万(?:\d{{1,4}})?|{_NUMBER}\s?[余多]?亿|"
    rf"{_NUMBER}\s?万\d{{1,4}}(?!\d)|{_NUMBER}\s?[余多]?万|{_NUMBER}\s(?:{_WORDS})|{_NUMBER}"
    rf")\s?(?:余|多(?!次))?(?:(?:亿|万)?以上)?"
)

_PARTS = re.compile(rf"(?P<number>{_NUMBER})\s?[余多]?(?P<scale>亿|万|thousand|million|billion)?")
_SCALES = {
    "": Decimal(1),
    "万": Decimal(10_000),
    "亿": Decimal(100_000_000),
    "thousand": Decimal(1_000),
    "million": Decimal(1_000_000),
    "billion": Decimal(1_000_000_000),
}
_ENGLISH = ("thousand", "million", "billion")
_AT_LEAST = re.compile(r"余|多|以上|超|逾|突破|至少|more than|over")
_AT_MOST = re.compile(r"近|不足|nearly|almost")
_ABOUT = re.compile(r"约|about|around|approximately")
_HAN = {char: number for number, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "半": 0}


@dataclass(frozen=True)
class Figure:
    """A number and the range of true values that its wording allows; no bounds where it is exact."""

    value: float
    least: float | None = None
    most: float | None = None

    @property
    def width(self) -> float:
        """How far apart the bounds are: 0 of an exact figure, and no end where only one is known."""
        low, high = self.range
        return high - low

    def agrees(self, other: "Figure") -> bool:
        """Whether one true value may be behind both."""
        (least, most), (low, high) = self.range, other.range
        return least <= high and low <= most

    def repeats(self, other: "Figure") -> bool:
        """Whether it says what another says of the same thing: the same, or it rounded or before it was rounded."""
        if self.width == other.width:
            return self.value == other.value
        fine, coarse = sorted((self, other), key=lambda each: each.width)
        return coarse.range[0] <= fine.value <= coarse.range[1]

    @property
    def range(self) -> tuple[float, float]:
        """The least and greatest true value; an exact figure has one, and one with a bound below none above."""
        if self.least is None:
            return (self.value, self.value) if self.most is None else (float("-inf"), self.most)
        return self.least, float("inf") if self.most is None else self.most

    def plus(self, other: "Figure") -> "Figure":
        """The sum, as open as the two are together."""
        value = self.value + other.value
        least, most = (one + another for one, another in zip(self.range, other.range, strict=True))
        return Figure(value) if least == most else Figure(value, least, most)

    def times(self, factor: int) -> "Figure":
        """The figure in other units, or with the other sign; it is rounded in its last place then too."""
        if factor == 1:
            return self
        half = 0.5 * factor if factor > 1 and self.least is None and self.most is None else None
        value = self.value * factor
        bounds = [None if bound is None else bound * factor for bound in (self.least, self.most)]
        least, most = bounds if factor > 0 else reversed(bounds)
        return Figure(value, least, most) if half is None else Figure(value, value - half, value + half)


def figure(text: str) -> Figure:
    """What a text that ``FIGURE`` matches says.

    余, 多, 超 and the like make it a least value, 近 and 不足 a greatest. A number of 万 or 亿, or with decimals, is
    rounded in its last place, so half of that place lies open on either side; with 约 the whole of it.
    ``ValueError`` where the text is no figure.
    """
    parts = list(_PARTS.finditer(text))
    if not parts:
        raise ValueError(f"{text!r} is no figure")
    sign = -1 if text[: parts[0].start()].endswith("-") else 1
    value = sum((_scaled(part) for part in parts), Decimal(0)) * sign
    if _AT_LEAST.search(text):
        return Figure(float(value), least=float(value))
    if _AT_MOST.search(text):
        return Figure(float(value), most=float(value))
    last = parts[-1]
    decimals = len(last["number"].partition(".")[2])
    if not decimals and not last["scale"]:
        return Figure(float(value))
    place = _SCALES[last["scale"] or ""] / 10**decimals
    if last["scale"] in _ENGLISH and not decimals:  # 670 million are 6.7 of a hundred million, put into English
        place *= 10 ** (len(last["number"]) - len(last["number"].rstrip("0")))
    half = place if _ABOUT.search(text) else place / 2
    return Figure(float(value), float(value - half), float(value + half))


def _scaled(part: re.Match[str]) -> Decimal:
    return Decimal(part["number"].replace(",", "")) * _SCALES[part["scale"] or ""]


def small(text: str) -> int:
    """A number below a hundred in Arabic or Chinese digits: 3, 三, 十二; ``ValueError`` if it is none."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        tens, ones = "", text
    if any(char not in _HAN for char in (*tens, *ones)) or len(tens) > 1 or len(ones) > 1 or not text:
        raise ValueError(f"{text!r} is no small number")
    return (_HAN[tens] if tens else 1) * 10 * bool(ten) + (_HAN[ones] if ones else 0)
