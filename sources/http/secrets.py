"""Secrets of a request: read from the environment when it is sent, and removed from every text about it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
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
        for name, value in self.values.items():
            for written in (value, quote(value), quote(value, safe="")):
                text = text.replace(written, f"env:{name}")
        return text


def names_secret(value: str) -> bool:
    """Whether the value of a parameter or header names a secret."""
    return bool(_VARIABLE.search(value))
