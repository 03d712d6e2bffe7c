"""Quantities in Chinese and English prose: scales (万, 亿, million), also mixed, and bounds (余, 约, 近, 超)."""

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_BEFORE = r"大约|约|接近|近|超过|超|逾|突破|不足|至少|more than|over|nearly|almost|about|around|approximately"
_WORDS = r"thousand|million|billion"

# A figure: at most three scales in descending order (7亿3439万, 1亿2345.6万, 84万5697), an English scale word, or none.
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
    """A number and the range of true values that its wording allows. An exact number has no bounds."""

    value: float
    least: float | None = None
    most: float | None = None

    @property
    def width(self) -> float:
        """Return the distance between the bounds: 0 for an exact figure, infinity if only one bound is known."""
        low, high = self.range
        return high - low

    def agrees(self, other: "Figure") -> bool:
        """Return whether one true value is possible for both figures."""
        (least, most), (low, high) = self.range, other.range
        return least <= high and low <= most

    def repeats(self, other: "Figure") -> bool:
        """Return whether two figures of the same thing are equal, or one is the other rounded."""
        if self.width == other.width:
            return self.value == other.value
        fine, coarse = sorted((self, other), key=lambda each: each.width)
        return coarse.range[0] <= fine.value <= coarse.range[1]

    @property
    def range(self) -> tuple[float, float]:
        """Return the least and the greatest possible true value."""
        if self.least is None:
            return (self.value, self.value) if self.most is None else (float("-inf"), self.most)
        return self.least, float("inf") if self.most is None else self.most

    def plus(self, other: "Figure") -> "Figure":
        """Return the sum, with the sums of the bounds."""
        value = self.value + other.value
        least, most = (one + another for one, another in zip(self.range, other.range, strict=True))
        return Figure(value) if least == most else Figure(value, least, most)

    def times(self, factor: int) -> "Figure":
        """Return the figure times a factor; a figure in larger units is rounded in its last place."""
        if factor == 1:
            return self
        half = 0.5 * factor if factor > 1 and self.least is None and self.most is None else None
        value = self.value * factor
        bounds = [None if bound is None else bound * factor for bound in (self.least, self.most)]
        least, most = bounds if factor > 0 else reversed(bounds)
        return Figure(value, least, most) if half is None else Figure(value, value - half, value + half)


def figure(text: str) -> Figure:
    """Return the figure of a text that ``FIGURE`` matches.

    余, 多 and 超 make it a lower bound, 近 and 不足 an upper bound. A number in 万 or 亿, or with decimals, is rounded
    in its last place, so its bounds are half of that place away on either side; with 约 they are the whole place away.
    ``ValueError`` if the text is not a figure.
    """
    parts = list(_PARTS.finditer(text))
    if not parts:
        raise ValueError(f"{text!r} is not a figure")
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
    if last["scale"] in _ENGLISH and not decimals:  # 670 million is 6.7亿 translated into English
        place *= 10 ** (len(last["number"]) - len(last["number"].rstrip("0")))
    half = place if _ABOUT.search(text) else place / 2
    return Figure(float(value), float(value - half), float(value + half))


def _scaled(part: re.Match[str]) -> Decimal:
    return Decimal(part["number"].replace(",", "")) * _SCALES[part["scale"] or ""]


def small(text: str) -> int:
    """Return a number below a hundred in Arabic or Chinese digits (3, 三, 十二); ``ValueError`` if it is not one."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        tens, ones = "", text
    if any(char not in _HAN for char in (*tens, *ones)) or len(tens) > 1 or len(ones) > 1 or not text:
        raise ValueError(f"{text!r} is not a small number")
    return (_HAN[tens] if tens else 1) * 10 * bool(ten) + (_HAN[ones] if ones else 0)
