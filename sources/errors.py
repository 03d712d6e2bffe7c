"""The errors of reading what the world publishes. Each says in one sentence what happened and where."""

from sources.request import Response


class SourceError(Exception):
    """Something about a publisher, a request or a payload is not as it must be."""


class CatalogueError(SourceError):
    """A catalogue entry contradicts itself or names something that does not exist."""


class FetchError(SourceError):
    """A request got no payload, or not the kind of payload that was asked for.

    ``answer`` is what came instead, with its body, where something came. ``unreachable`` says that not even a
    connection came about, so that another request to the host is idle now.
    """

    def __init__(self, message: str, answer: Response | None = None, *, unreachable: bool = False) -> None:
        super().__init__(message)
        self.answer = answer
        self.unreachable = unreachable


class NotConfiguredError(FetchError):
    """A request needs a secret, and the environment variable that should hold it is not set."""


class FormatError(SourceError):
    """A payload is not in the format it claims, or holds what the format does not allow."""


class UnknownFormatError(FormatError):
    """No format recognises the payload."""
