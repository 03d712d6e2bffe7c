"""The errors of requesting and reading what publishers publish. Each message states in one sentence what happened."""

from sources.request import Response
from warehouse.errors import CorridorError

# Characters of a message that are kept: a payload with a long text in the wrong place must not fill a log.
_LONGEST = 1000


class SourceError(CorridorError):
    """A catalogue entry, a request or a payload is wrong. The message is one line of at most about 1,000 characters."""

    def __init__(self, message: str) -> None:
        line = " ".join(message.splitlines())
        super().__init__(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}… ({len(line):,} characters)")


class CatalogueError(SourceError):
    """A catalogue entry contradicts itself, or names something that does not exist."""


class FetchError(SourceError):
    """A request got no payload, or a payload of another kind than it asked for.

    ``response`` is what came back, with its body; None where nothing came back. ``unreachable`` is true where no
    connection could be made, so that further requests to the host are not worth a try. ``skipped`` is true where the
    request was not sent, because of earlier failures of its host. ``foreign_host`` is true where the address, or that
    of a redirect, is on a host that the catalogue entry does not list.
    """

    def __init__(
        self,
        message: str,
        response: Response | None = None,
        *,
        unreachable: bool = False,
        skipped: bool = False,
        foreign_host: bool = False,
    ) -> None:
        super().__init__(message)
        self.response = response
        self.unreachable = unreachable
        self.skipped = skipped
        self.foreign_host = foreign_host


class NotConfiguredError(FetchError):
    """A request needs a secret, and the environment variable for it is not set."""


class FormatError(SourceError):
    """A payload violates its format."""


class UnknownFormatError(FormatError):
    """No format recognises the payload."""


class StructureError(SourceError):
    """A payload is well formed, but its dimensions or texts differ from those that its catalogue entry declares."""


class UnexpectedCodeError(StructureError):
    """A dimension holds a code that its catalogue entry does not allow."""
