"""What a body is, judged by its beginning: publishers send maintenance pages and notices with status 200."""

import re
from pathlib import Path

from sources.request import Kind

_BEGINNING = 65_536
_FITTING: dict[Kind, tuple[str, ...]] = {
    "csv": ("text",),
    "tsv": ("text",),
    "json": ("JSON",),
    "xlsx": ("ZIP",),
    # The older form of Word is binary.
    "docx": ("ZIP", "binary data"),
    "zip": ("ZIP",),
    "html": ("HTML", "XML"),
}
# Not only "PK": a table by country may begin with the code of Pakistan.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HTML = re.compile(r"<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_JSON = re.compile(r"""\{\s*["}]|\[\s*(?:[\[{"\]\d-]|null|true|false)""")
_ABOUT = re.compile(r"<(?:title|faultstring)[^>]*>\s*([^<]+)", re.IGNORECASE)
# JSON that holds a message about data, and no data: Eurostat's error and warning, the World Bank's message, the success
# of China's statistics bureau that is none. An "error" that is null or empty is none.
_NOTICE = re.compile(
    r"""\{\s*"(?:error|warning)"\s*:\s*(?:\[\s*[^\]\s]|\{\s*[^}\s]|"[^"])|\[\s*\{\s*"message"\s*:"""
    r"""|\{\s*(?:"data"\s*:\s*(?:null|\[\s*\]|\{\s*\}|"[^"]*")\s*,\s*)?"success"\s*:\s*false"""
)


def objection(head: bytes, accept: Kind) -> str:
    """Why a body that begins with ``head`` is not of the kind asked for; "" if it is."""
    if not text(head):
        return "an empty answer"
    looks = _looks(head)
    if looks not in _FITTING.get(accept, (looks,)):
        return f"{looks} came where {accept.upper()} was asked for: {first_line(head)}"
    if accept == "json" and _NOTICE.match(text(head)):
        return f"a notice came where data was asked for: {first_line(head)}"
    return ""


def text(head: bytes) -> str:
    """The beginning of a body as text, without byte order mark and leading space."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return head.decode("utf-16" if wide else "utf-8-sig", "replace").lstrip("\ufeff \t\r\n")


def beginning(body: Path | None) -> str:
    """The first 64 KiB of a body as UTF-8 text; "" where there is no body."""
    if body is None:
        return ""
    with body.open("rb") as file:
        return file.read(_BEGINNING).decode("utf-8", "replace")


def first_line(head: bytes) -> str:
    """The first line of a body, at most 200 characters, and of a page or a SOAP fault what it is about."""
    whole = text(head)
    line = whole.partition("\n")[0].strip()[:200]
    about = _ABOUT.search(whole)
    if about and (title := " ".join(about[1].split())[:200]) not in line:
        line = f"{line} … {title}"
    return "".join(char if char.isprintable() else "\ufffd" for char in line)


def _looks(head: bytes) -> str:
    """What a body looks like, whatever its headers say."""
    whole = text(head)
    if head.startswith(_ZIP):
        return "ZIP"
    if whole.startswith("<"):
        return "HTML" if _HTML.search(whole[:1000]) else "XML"
    if _JSON.match(whole):
        return "JSON"
    return "binary data" if "\0" in whole or whole.startswith("%PDF") else "text"
