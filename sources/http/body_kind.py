"""The kind of a body, judged by its beginning: publishers return maintenance pages and messages with status 200."""

import re
from pathlib import Path

from sources.request import Kind

_BEGINNING_BYTES = 65_536
_ALLOWED: dict[Kind, tuple[str, ...]] = {
    "csv": ("text",),
    "tsv": ("text",),
    "json": ("JSON",),
    # The older formats of Excel and Word are binary.
    "xlsx": ("ZIP", "an older Office file"),
    "docx": ("ZIP", "an older Office file", "binary data"),
    "zip": ("ZIP",),
    "html": ("HTML", "XML"),
}
# Not only "PK": a table by country may begin with the code of Pakistan.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLDER_OFFICE = b"\xd0\xcf\x11\xe0"
_HTML = re.compile(r"<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_JSON = re.compile(r"""\{\s*["}]|\[\s*(?:[\[{"\]\d-]|null|true|false)""")
_TITLE = re.compile(r"<(?:title|faultstring)[^>]*>\s*([^<]+)", re.IGNORECASE)
# JSON with a message and no data: Eurostat's error and warning, the World Bank's message, and "success": false of
# China's statistics bureau. An "error" that is null or empty is not a message.
_MESSAGE = re.compile(
    r"""\{\s*"(?:error|warning)"\s*:\s*(?:\[\s*[^\]\s]|\{\s*[^}\s]|"[^"])|\[\s*\{\s*"message"\s*:"""
    r"""|\{\s*(?:"data"\s*:\s*(?:null|\[\s*\]|\{\s*\}|"[^"]*")\s*,\s*)?"success"\s*:\s*false"""
)


def objection(head: bytes, accept: Kind) -> str:
    """Why a body that begins with ``head`` is not of the requested kind; "" if it is."""
    if not text(head):
        return "the response is empty"
    kind = _kind(head)
    if kind not in _ALLOWED.get(accept, (kind,)):
        return f"the response is {kind} instead of {accept.upper()}: {first_line(head)}"
    if accept == "json" and _MESSAGE.match(text(head)):
        return f"the response is a message instead of data: {first_line(head)}"
    return ""


def text(head: bytes) -> str:
    """The beginning of a body as text, without byte order mark and leading white space."""
    utf_16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return head.decode("utf-16" if utf_16 else "utf-8-sig", "replace").lstrip("\ufeff \t\r\n")


def beginning(body: Path | None) -> str:
    """The first 64 KiB of a body as UTF-8 text; "" where there is no body."""
    if body is None:
        return ""
    with body.open("rb") as file:
        return file.read(_BEGINNING_BYTES).decode("utf-8", "replace")


def first_line(head: bytes) -> str:
    """The first line of a body, at most 200 characters, and the title of a page or of a SOAP fault."""
    whole = text(head)
    line = whole.partition("\n")[0].strip()[:200]
    found = _TITLE.search(whole)
    if found and (title := " ".join(found[1].split())[:200]) not in line:
        line = f"{line} … {title}"
    return "".join(char if char.isprintable() else "\ufffd" for char in line)


def _kind(head: bytes) -> str:
    """The kind of a body, independent of its headers."""
    whole = text(head)
    if head.startswith(_ZIP):
        return "ZIP"
    if head.startswith(_OLDER_OFFICE):
        return "an older Office file"
    if whole.startswith("<"):
        return "HTML" if _HTML.search(whole[:1000]) else "XML"
    if _JSON.match(whole):
        return "JSON"
    return "binary data" if "\0" in whole or whole.startswith("%PDF") else "text"
