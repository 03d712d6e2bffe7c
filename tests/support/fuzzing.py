"""Fuzzing of the readers: mutated small payloads of each format, read in a process with limits.

``python -m tests.support.fuzzing MINUTES [SEED]`` prints the payloads that fail, and their number as the exit status.
A payload fails if reading it raises anything but a refusal, takes more than 10 seconds or 1 GiB of memory, or if a
changed text in place of a value makes cells disappear. A failing payload is kept in the folder that is printed.
"""

import gzip
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from sources import reading, snapshot
from sources.errors import SourceError
from tests.assets.test_dataset_needs_yaml_only import CASES
from tests.support.paths import ROOT

SECONDS = 10
MEMORY = 1 << 30
# Formats of law and of China: the beginning of a payload of the embedded snapshot of these datasets.
EMBEDDED = (
    *("cellar/acts", "untc/status", "ilo/ratifications", "citations/events", "globalcit/citizenship_law"),
    *("nbs/population", "nia/communique", "eurostat/migr_resfirst", "usstate/tip_tiers"),
)
LONGEST = 20_000
TEXTS = {
    "nbs": "2024年全国农民工总量29973万人，比上年增加220万人。2025年1-3月流动人口3.5亿人，其中外出17871万人。",
    "nia": "国家移民管理局通报：2025年上半年查验出入境人员3.33亿人次，同比上升15.8%，签发普通护照1012.6万本。",
}
TABLE = (
    "数据库：分省年度数据\n指标：年末常住人口(万人)\n"
    "地区,2024年,2023年\n北京市,2183.2,2185.8\n天津市,,1364\n数据来源：国家统计局\n"
)
TOKENS = (
    *(
        b"",
        b",",
        b'"',
        b"\n",
        b"\r",
        b"\r\n",
        b"\t",
        b";",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\xbd",
        b"\\ud83d",
    ),
    *(
        b"null",
        b"true",
        b"{}",
        b"[]",
        b"[",
        b"{",
        b"1e999",
        b"NaN",
        b"-",
        b"9" * 400,
        b"1 234",
        b"1\xc2\xa0234",
        b"5-6",
    ),
    *(b"<", b"<![CDATA[", b"&x;", b"&#0;", b'<?xml version="1.0" encoding="x"?>', b't="e"', b'r="ZZ200000"', b"=1/0"),
    *("万", "亿", "1亿" * 500, "1-13月", "～", "百", "·"),
)


@dataclass(frozen=True)
class Seed:
    """A small payload that a format reads, and the publisher whose prose it may be."""

    name: str
    content: bytes
    publisher: str | None = None


def seeds() -> list[Seed]:
    """One payload of each format at least."""
    given = {name: content for name, (*_, content) in CASES.items()}
    found = [Seed(name, text if isinstance(text, bytes) else text.encode()) for name, text in given.items()]
    found += [Seed(f"prose of {publisher}", text.encode(), publisher) for publisher, text in TEXTS.items()]
    found.append(Seed("table of nbs", TABLE.encode()))
    kept: set[str] = set()
    for entry in snapshot.entries().values():
        name = "/".join(entry.path.parts[-3:-1])
        if name in EMBEDDED and name not in kept:
            kept.add(name)
            raw = entry.path.read_bytes()
            found.append(Seed(name, _shortened(gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw)))
    return found


def _shortened(content: bytes) -> bytes:
    """The beginning of a large payload as a payload of its own."""
    if len(content) <= LONGEST:
        return content
    if content.lstrip().startswith((b"{", b"[")):
        return json.dumps(_few(json.loads(content))).encode()
    return content[: content.rfind(b"\n", 0, LONGEST) + 1] or content[:LONGEST]


def _few(item: object) -> object:
    if isinstance(item, list):
        return list(map(_few, item[:4]))
    return {key: _few(value) for key, value in item.items()} if isinstance(item, dict) else item


def mutated(seed: Seed, chance: random.Random) -> tuple[bytes, bool]:
    """A mutated payload, and whether it must have as many cells as the seed unless it is refused."""
    if seed.content.startswith(b"PK"):
        return _mutated_zip(seed.content, chance), False
    content = seed.content
    if chance.random() < 0.15 and (changed := _changed_value(content, chance)):
        return changed, True
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        content = chance.choice((_spliced, _lines, _fields, _json))(content, chance)
    return content, False


def _changed_value(content: bytes, chance: random.Random) -> bytes | None:
    """The content with one number at the end of a record replaced by a text that is not a number."""
    if content.lstrip().startswith((b"{", b"[", b"<")):
        return None
    numbers = list(re.finditer(rb"(?<=[,\t])\d+(?:\.\d+)?(?=[ \r]*\n)", content))
    if not numbers:
        return None
    at = chance.choice(numbers)
    return content[: at.start()] + b"not a number" + content[at.end() :]


def _spliced(content: bytes, chance: random.Random) -> bytes:
    """The content with a token, or a piece of itself, in place of some of its bytes."""
    at = chance.randrange(len(content) + 1)
    token = chance.choice(TOKENS)
    piece = token.encode() if isinstance(token, str) else token
    if chance.random() < 0.3:
        start = chance.randrange(len(content) + 1)
        piece = content[start : start + chance.randrange(200)] * chance.choice((1, 1, 50))
    return content[:at] + piece + content[at + chance.choice((0, 0, 1, 5, 60)) :]


def _lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    at = chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, chance.choice(lines))
        case 2:
            lines = lines[at:] + lines[:at]
        case _:
            lines[at] = lines[at].rstrip(b"\r\n") + chance.choice((b"\r", b"\n\n", b"", b"\r\r\n"))
    return b"".join(lines)


def _fields(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    at = chance.randrange(len(lines))
    separator = chance.choice((b",", b"\t"))
    fields = lines[at].split(separator)
    number = chance.randrange(len(fields))
    match chance.randrange(3):
        case 0:
            del fields[number]
        case 1:
            fields.insert(number, chance.choice(fields))
        case _:
            token = chance.choice(TOKENS)
            fields[number] = token.encode() if isinstance(token, str) else token
    lines[at] = separator.join(fields)
    return b"\n".join(lines)


def _json(content: bytes, chance: random.Random) -> bytes:
    """The content with another value in one place of its JSON; other content unchanged."""
    try:
        document = json.loads(content)
    except ValueError:
        return content
    places = list(_places(document))
    if places:
        node, key = chance.choice(places)
        others: tuple[Any, ...] = (
            None,
            True,
            [],
            {},
            "",
            "x",
            "1 234",
            -1,
            1.5,
            10**30,
            [[]] * 3,
            {"a": None},
            "\ud83d",
            document,
        )
        node[key] = chance.choice(others)
    try:
        return json.dumps(document).encode()
    except ValueError:
        return content


def _places(item: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - parsed JSON
    pairs: Any = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    for key, value in pairs:
        yield item, key
        yield from _places(value)


def _mutated_zip(content: bytes, chance: random.Random) -> bytes:
    """A zip with one of its parts mutated; sometimes the bytes of the zip itself."""
    if chance.random() < 0.1:
        return _spliced(content, chance)
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        sheets = [name for name in names if "sheet" in name or "document" in name or "Strings" in name]
        chosen = chance.choice(sheets or names)
        for name in names:
            part = old.read(name)
            new.writestr(name, _spliced(part, chance) if name == chosen else part)
    return buffer.getvalue()


def _count(path: Path, publisher: str | None) -> int:
    """Read a payload and the text of its first cell; the number of its cells."""
    with reading.opened(path, max_unpacked=50 << 20) as plain:
        form = reading.recognise(plain, publisher)
        cells = reading.read(plain, publisher)
        frame = cells.frame.collect()
        if frame.height:
            reading.describe_locator(form, frame["locator"][0])
            form.finder(plain)(frame["locator"][0])
    return frame.height


def worker(folder: Path, seed: int, until: float) -> None:
    """Read mutated payloads until a moment; write the present payload to ``folder`` before it is read."""
    chance, given = random.Random(seed), seeds()
    sizes: dict[str, int] = {}
    for one in given:
        (folder / "payload").write_bytes(one.content)
        sizes[one.name] = _count(folder / "payload", one.publisher)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    number = 0
    while time.time() < until:
        one = chance.choice(given)
        content, same_cells = mutated(one, chance)
        (folder / "payload").write_bytes(content)
        (folder / "name").write_text(f"{number} {one.name}")
        begun, problem = time.monotonic(), ""
        try:
            found = _count(folder / "payload", one.publisher)
            problem = f"{sizes[one.name] - found} cells are lost" if same_cells and found < sizes[one.name] else ""
        except SourceError as error:
            problem = "the message has several lines or is long" if len(str(error)) > 2000 or "\n" in str(error) else ""
        except Exception as error:  # every error is reported
            problem = f"{type(error).__name__}: {str(error).splitlines()[:1]}"
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        if time.monotonic() - begun > SECONDS:
            problem = f"{time.monotonic() - begun:.0f} seconds"
        if memory > MEMORY:
            problem = f"{memory >> 20:,} MiB"
        if problem:
            sys.stdout.write(
                json.dumps({"seed": one.name, "problem": problem, "payload": _kept(folder, content)}) + "\n"
            )
            sys.stdout.flush()
        if memory > MEMORY:
            return
        number += 1
    sys.stdout.write(json.dumps({"read": number}) + "\n")


def _kept(folder: Path, content: bytes) -> str:
    kept = folder / f"failing-{abs(hash(content)):x}"
    kept.write_bytes(content)
    return str(kept)


def fuzz(minutes: float, seed: int, report: Callable[[str], None]) -> list[dict[str, str]]:
    """Run workers one after the other for some minutes; the failures. A worker that ends early is one, too."""
    folder = Path(tempfile.mkdtemp(prefix="corridor-fuzz-"))
    end, failures, read = time.time() + minutes * 60, [], 0
    while time.time() < end:
        command = [sys.executable, "-m", "tests.support.fuzzing", "--worker", str(folder), str(seed), str(end)]
        limit = end - time.time() + 120
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=limit, cwd=ROOT, check=False, env={**os.environ}
            )
            lines, code = done.stdout.splitlines(), done.returncode
        except subprocess.TimeoutExpired as error:
            lines, code = (error.stdout or b"").decode().splitlines(), -1
        results = [json.loads(line) for line in lines]
        failures += [result for result in results if "problem" in result]
        read += sum(int(result.get("read", 0)) for result in results)
        if code:
            name = (folder / "name").read_text() if (folder / "name").exists() else "a seed"
            content = (folder / "payload").read_bytes()
            failures.append(
                {"seed": name, "problem": f"the process ended with {code}", "payload": _kept(folder, content)}
            )
        seed += 1
    report(f"{read:,} payloads read, {len(failures)} failures, in {folder}")
    return failures


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        worker(Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    else:
        chosen = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
        found = fuzz(float(sys.argv[1]), chosen, lambda line: print(f"seed {chosen}: {line}"))  # noqa: T201
        for failure in found:
            print(failure["seed"], failure["problem"], failure["payload"])  # noqa: T201
        sys.exit(min(len(found), 100))
