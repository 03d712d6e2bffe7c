"""Why a request failed. The texts of the HTTP libraries are not used: they contain addresses, secrets and objects."""

import ssl

import requests
from urllib3 import exceptions as urllib3_errors

from sources.request import Limits, Response

# What the libraries raise while a request is sent; ``ValueError`` is raised for a malformed address.
LIBRARY_ERRORS = (requests.RequestException, urllib3_errors.HTTPError, ValueError)


class Failure(Exception):  # noqa: N818 - internal: the client makes a FetchError of it
    """One try of a request got no payload.

    ``can_retry`` is true where another try may succeed, ``unreachable`` where no connection could be made, ``silent``
    where no byte came in time, ``foreign_host`` where the host is not one of the publisher's hosts; ``response`` is
    what came back, where something did.
    """

    def __init__(
        self,
        reason: str,
        *,
        can_retry: bool = False,
        unreachable: bool = False,
        silent: bool = False,
        foreign_host: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.can_retry = can_retry
        self.unreachable = unreachable
        self.silent = silent
        self.foreign_host = foreign_host
        self.response: Response | None = None


def failure_of(error: BaseException, limits: Limits) -> Failure:
    """The failure that an error of the libraries means. The libraries have already retried."""
    cause = _cause(error)
    silent = isinstance(cause, urllib3_errors.TimeoutError | TimeoutError)
    return Failure(reason_of(error, limits), unreachable=isinstance(cause, _UNREACHABLE), silent=silent)


def reason_of(error: BaseException, limits: Limits) -> str:
    """Why there is no response, as part of a sentence."""
    cause = _cause(error)
    reason = next((text for kinds, text in _REASONS if isinstance(cause, kinds)), "the connection broke off")
    details = (cause.__cause__, *cause.args)
    reason += next((f", {text}" for kind, text in _DETAILS if any(isinstance(e, kind) for e in details)), "")
    return reason.format(connect=limits.connect_timeout, read=limits.timeout)


def _cause(error: BaseException) -> BaseException:
    """The error that the libraries wrapped."""
    while isinstance(error, requests.RequestException | urllib3_errors.MaxRetryError):
        inner = error.reason if isinstance(error, urllib3_errors.MaxRetryError) else next(iter(error.args), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error


_UNREACHABLE = (urllib3_errors.NewConnectionError, urllib3_errors.ConnectTimeoutError, urllib3_errors.ProxyError)
# The order matters: some of the classes are derived from later ones.
_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((requests.exceptions.InvalidHeader,), "a header of the request contains a character that is not allowed"),
    ((urllib3_errors.SSLError, requests.exceptions.SSLError), "TLS with the host fails"),
    ((urllib3_errors.NameResolutionError,), "the host is not found"),
    ((urllib3_errors.NewConnectionError,), "no connection can be made"),
    ((urllib3_errors.ConnectTimeoutError,), "no connection within {connect:g} seconds"),
    ((urllib3_errors.TimeoutError, TimeoutError), "no byte for {read:g} seconds"),
    ((urllib3_errors.ProxyError,), "the proxy does not connect"),
    ((ValueError,), "the address is malformed"),
)
_DETAILS = (
    (ssl.SSLCertVerificationError, "its certificate is not accepted"),
    (ConnectionRefusedError, "refused by the host"),
    (ConnectionResetError, "reset by the host"),
)
