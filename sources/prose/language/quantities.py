"""Quantities in prose: a number with its multiplier (万, 亿, million), its bounds (余, 约, 近, 超) and its unit.

A quantity always has a unit. A range (29973~30000万) is a quantity without a figure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:\s\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_BEFORE = (
    r"大约|约为|约有|约|接近|将近|逼近|近|超过了?|超出|超|逾|突破|站上|迈上|跨过|跨越|不足|不到|至少"
    r"|more than|over|nearly|almost|about|around|approximately"
)
_WORDS = r"thousand|million|billion|mln|bln"
_SCALE = r"[百千]万|[十百千]亿|亿|万|千|百"

# A figure: multipliers in descending order (7亿3439万, 3亿8千万, 84万5697), an English scale word, or none.
FIGURE = (
    rf"(?:(?:{_BEFORE})\s?)?-?(?:"
    rf"{_NUMBER}\s?亿\s?{_NUMBER}\s?[余多]?(?:[百千]万|万)(?:\d{{1,4}})?|"
    rf"{_NUMBER}\s?万\d{{1,4}}(?!\d)|{_NUMBER}\s?[余多]?(?:{_SCALE})|{_NUMBER}\s(?:{_WORDS})|{_NUMBER}"
    rf")\s?(?:余|多(?!次))?(?:(?:亿|万)?(?:以上|左右|上下))?"
)

_PARTS = re.compile(rf"(?P<number>{_NUMBER})\s?[余多]?(?P<scale>{_SCALE}|{_WORDS})?")
_SCALES = {
    "": Decimal(1),
    "百": Decimal(100),
    "千": Decimal(1_000),
    "万": Decimal(10_000),
    "百万": Decimal(1_000_000),
    "千万": Decimal(10_000_000),
    "亿": Decimal(100_000_000),
    "十亿": Decimal(1_000_000_000),
    "百亿": Decimal(10_000_000_000),
    "千亿": Decimal(100_000_000_000),
    "thousand": Decimal(1_000),
    "million": Decimal(1_000_000),
    "billion": Decimal(1_000_000_000),
    "mln": Decimal(1_000_000),
    "bln": Decimal(1_000_000_000),
}
_ENGLISH = ("thousand", "million", "billion", "mln", "bln")
_AT_LEAST = re.compile(r"余|多|以上|超|逾|突破|站上|迈上|跨过|跨越|至少|more than|over")
_AT_MOST = re.compile(r"近|不足|不到|nearly|almost")
_ABOUT = re.compile(r"约|左右|上下|about|around|approximately")
_HAN = {char: number for number, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "半": 0}
_CANDIDATE = re.compile(rf"(?<![\d.])(?<!\d,)(?P<figure>{FIGURE})", re.IGNORECASE)
# A note on the currency directly after the unit.
_CURRENCY = re.compile(r"\((?:人民币,?)?(?:下同)?\)")
_BOUND_AFTER = re.compile(r"(?P<bound>以上|左右|上下)|大关|关口")
# What a figure goes on with if it is one end of a range, a malformed number, or a number with other digits.
_GOES_ON = re.compile(r"\s?(?:[~—–-]|至|到)\s?\d|[\d.,:/]\d|\s?[百千十]?[万亿]|\s\d|[xX×*○〇]")
_RANGE = re.compile(rf"(?:\s?(?:[~—–-]|至|到)\s?(?:{FIGURE})|[\d.,:/]+|\s?[百千十]?[万亿]|\s\d+|[xX×*○〇]+)+")


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


@dataclass(frozen=True)
class Quantity:
    """A figure and its unit in a text, with their spans. ``unit`` is "" if no known unit follows the figure."""

    start: int
    end: int
    text: str
    unit: str
    unit_end: int
    is_range: bool = False

    @property
    def scaled(self) -> bool:
        """Return whether the figure has a multiplier."""
        return any(scale in self.text for scale in ("万", "亿"))


def quantities(text: str, units: re.Pattern[str], skipped: list[tuple[int, int]]) -> Iterator[Quantity]:
    """Yield every quantity of a text in order, outside the spans that are ``skipped``. ``units`` matches a unit."""
    at = 0
    while match := _CANDIDATE.search(text, at):
        inside = next((end for start, end in skipped if start < match.end() and match.start() < end), None)
        if inside is not None:
            at = max(inside, match.start() + 1)
            continue
        start, end = match.span("figure")
        written = match["figure"].rstrip()
        end = start + len(written)
        if _GOES_ON.match(text, end) and (more := _RANGE.match(text, end)):
            yield Quantity(start, more.end(), text[start : more.end()], "", more.end(), is_range=True)
            at = more.end()
            continue
        unit = units.match(text, end)
        at = unit.end() if unit else end
        if unit and (bound := _BOUND_AFTER.match(text, at)):  # 6亿人次以上, 6亿人次大关
            at = bound.end()
            end, written = (at, text[start:at]) if bound["bound"] else (end, written)
        if unit and unit["unit"] == "元" and (note := _CURRENCY.match(text, at)):
            at = note.end()
        yield Quantity(start, end, written, unit["unit"] if unit else "", at)


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
    if not decimals and not last["scale"] and not _ABOUT.search(text):
        return Figure(float(value))
    place = _SCALES[last["scale"] or ""] / 10**decimals
    if not decimals and (last["scale"] in _ENGLISH or not last["scale"]):  # 670 million is 6.7亿; about 600
        place *= 10 ** (len(last["number"]) - len(last["number"].rstrip("0")))
    half = place if _ABOUT.search(text) else place / 2
    return Figure(float(value), float(value - half), float(value + half))


def _scaled(part: re.Match[str]) -> Decimal:
    return Decimal(re.sub(r"[,\s]", "", part["number"])) * _SCALES[part["scale"] or ""]


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
