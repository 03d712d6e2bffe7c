"""Secrets of a request: read from the environment when it is sent, and removed from every text about it."""

import base64
import hashlib
import html
import json
import mmap
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from sources.errors import NotConfiguredError
from sources.request import Request

_VARIABLE = re.compile(r"(?:^|(?<=\s))env:(\w+)$", re.ASCII)


@dataclass(frozen=True)
class Secrets:
    """The values of the environment variables that a request names as ``env:NAME``."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, request: Request) -> Self:
        """The secrets of a request; ``NotConfiguredError`` if a variable is not set."""
        found = [_VARIABLE.search(value) for _, value in (*request.params, *request.headers)]
        values = {match[1]: os.environ.get(match[1], "").strip() for match in found if match}
        for name, value in values.items():
            if not value:
                raise NotConfiguredError(f"{request.name} needs the environment variable {name}")
        return cls(values)

    def insert(self, text: str) -> str:
        """``text`` with the value of its variable, where it names one of these variables."""
        return _VARIABLE.sub(lambda match: self.values.get(match[1], match[0]), text)

    def remove(self, text: str) -> str:
        """``text`` with ``env:NAME`` in place of each secret, also where a publisher's response repeats the secret."""
        for written, name in self._written():
            text = text.replace(written, f"env:{name}")
        return text

    def remove_from(self, path: Path) -> tuple[int, str] | None:
        """Write ``env:NAME`` in place of each secret in the file of a body.

        Return its new size and sha256; None where it has no secret.
        """
        written = [(text.encode(), name.encode()) for text, name in self._written()]
        if not written or not path.stat().st_size:
            return None
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if all(content.find(text) < 0 for text, _ in written):
                return None
            changed = content[:]
        for text, name in written:
            changed = changed.replace(text, b"env:" + name)
        path.write_bytes(changed)
        return len(changed), hashlib.sha256(changed).hexdigest()

    def occur_in(self, pieces: Iterable[bytes]) -> bool:
        """Whether a content, given in pieces, has a secret."""
        written = [text.encode() for text, _ in self._written()]
        longest, tail = max(map(len, written), default=0), b""
        for piece in pieces:
            seen = tail + piece
            if any(text in seen for text in written):
                return True
            tail = seen[-longest:]
        return False

    def _written(self) -> list[tuple[str, str]]:
        """Each form in which a text may hold a secret, longest first, and the name of its variable."""
        found: dict[str, str] = {}
        for name, value in self.values.items():
            quoted = (quote(value), quote(value, safe=""))
            in_json = (json.dumps(value)[1:-1], json.dumps(value)[1:-1].replace("/", "\\/"))
            encoded = base64.b64encode(value.encode()).decode()
            lower = (re.sub("%..", lambda code: code[0].lower(), text) for text in quoted)
            forms = (value, *quoted, *lower, *in_json, html.escape(value), encoded)
            found |= dict.fromkeys(forms, name)
        return sorted(found.items(), key=lambda pair: -len(pair[0]))


def names_secret(value: str) -> bool:
    """Whether the value of a parameter or header names a secret."""
    return bool(_VARIABLE.search(value))
