"""The settings: environment variables, read here and checked. An unknown name or value is an error.

Two kinds of variables are read elsewhere, since they are not ours: the variables of AWS and of PyIceberg, and the keys
that the catalogue names for a publisher.
"""

import os
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from assets.core.workspace import EngineName, Mode, Workspace
from warehouse.errors import CorridorError
from warehouse.storage.s3 import S3Place

PREFIX = "CORRIDOR_"
SECRET = ("CORRIDOR_ALERT_WEBHOOK", "CORRIDOR_SMTP", "CORRIDOR_SMTP_PASSWORD")  # no message shows their values
LAST_SECOND = 253_402_300_799  # the end of the year 9999; a datetime can hold no later time


class SettingsError(CorridorError):
    """An environment variable has a name or a value that is not known."""


class Settings(BaseSettings):
    """Every environment variable of Corridor. An empty variable counts as not set."""

    model_config = SettingsConfigDict(case_sensitive=True, env_ignore_empty=True, frozen=True)

    data: Annotated[Path, Field(validation_alias="CORRIDOR_DATA", description="Data folder.")] = Path("data")
    mode: Annotated[
        Mode | None, Field(validation_alias="CORRIDOR_MODE", description="Where a build gets its payloads from.")
    ] = None
    releases: Annotated[
        str | None,
        Field(validation_alias="CORRIDOR_RELEASES", description="Bucket for releases, for example s3://bucket/prefix."),
    ] = None
    catalog: Annotated[
        str | None, Field(validation_alias="CORRIDOR_CATALOG", description="URI of the Iceberg catalog.")
    ] = None
    engine: Annotated[
        EngineName,
        Field(validation_alias="CORRIDOR_ENGINE", description="What computes the comparison."),
    ] = "polars"
    budget_minutes: Annotated[
        int,
        Field(
            validation_alias="CORRIDOR_BUDGET_MINUTES",
            gt=0,
            description="Minutes for all requests of a live build. What is left is requested in the next build.",
        ),
    ] = 180
    alert_mail: Annotated[
        str | None,
        Field(validation_alias="CORRIDOR_ALERT_MAIL", description="Who gets alerts by e-mail: addresses with commas."),
    ] = None
    alert_sender: Annotated[
        str | None,
        Field(validation_alias="CORRIDOR_ALERT_SENDER", description="Sender of the e-mails; else corridor@HOST."),
    ] = None
    alert_webhook: Annotated[
        SecretStr | None,
        Field(validation_alias="CORRIDOR_ALERT_WEBHOOK", description="Address to which alerts are posted as JSON."),
    ] = None
    smtp: Annotated[
        str,
        Field(
            validation_alias="CORRIDOR_SMTP",
            pattern=r"^smtps?://[^/@]+$",
            description="Mail server: smtp://host:25 (STARTTLS if there is a password) or smtps://host:465 (TLS).",
        ),
    ] = "smtp://localhost:25"
    smtp_user: Annotated[
        str | None, Field(validation_alias="CORRIDOR_SMTP_USER", description="Name of the account on the mail server.")
    ] = None
    smtp_password: Annotated[
        SecretStr | None,
        Field(validation_alias="CORRIDOR_SMTP_PASSWORD", description="Its password; it is sent over TLS only."),
    ] = None
    source_date_epoch: Annotated[
        int | None,
        Field(
            validation_alias="SOURCE_DATE_EPOCH",
            ge=0,
            le=LAST_SECOND,
            description="Fixed time of a build in seconds since 1970, so that a build can be repeated.",
        ),
    ] = None

    @classmethod
    def names(cls) -> list[str]:
        """The names of the variables."""
        return [str(field.validation_alias) for field in cls.model_fields.values()]

    @field_validator("alert_webhook")
    @classmethod
    def _is_web_address(cls, address: SecretStr | None) -> SecretStr | None:
        """The address of the webhook. Raises ``ValueError`` if it has another scheme or no host."""
        parts = urlsplit(address.get_secret_value()) if address else None
        if parts and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError("it must be an address of the web, for example https://host/path")
        return address

    @field_validator("catalog")
    @classmethod
    def _with_absolute_path(cls, uri: str | None) -> str | None:
        """The URI; a relative path of SQLite would name another file in a process with another working directory."""
        scheme, found, path = (uri or "").partition("sqlite:///")
        return f"sqlite:///{Path(path).resolve()}" if found and not scheme else uri

    @property
    def build_time(self) -> datetime | None:
        """The fixed time of a build, in UTC. None if builds use the clock."""
        return None if self.source_date_epoch is None else datetime.fromtimestamp(self.source_date_epoch, UTC)


def settings() -> Settings:
    """The settings of this process. Raises ``SettingsError`` with one sentence on the first wrong variable."""
    known = Settings.names()
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name not in known:
            near = get_close_matches(name.upper(), known, n=1, cutoff=0.9)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise SettingsError(f"the environment variable {name} is not known; {hint}")
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_sentence(error.errors()[0])) from None


def _sentence(error: ErrorDetails) -> str:
    """What is wrong with the value of a variable."""
    name = str(error["loc"][0])
    allowed = error.get("ctx", {}).get("expected")
    message = error["msg"].removeprefix("Value error, ")
    reason = f"it must be {allowed}" if allowed else message[0].lower() + message[1:]
    if name in SECRET:
        return f"the environment variable {name} has a wrong value; {reason}"
    return f"the environment variable {name} has the value {error['input']!r}; {reason}"


def workspace(data: Path | None = None, mode: Mode | None = None) -> Workspace:
    """The workspace of the environment. An argument that is not None takes the place of the setting.

    Raises ``SettingsError`` if the data folder is a file.
    """
    found = settings()
    folder = (data or found.data).resolve()
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is a file and no data folder; choose another with --data")
    return Workspace(
        data=folder,
        mode=mode or found.mode or "snapshot",
        elsewhere=S3Place.from_address(found.releases) if found.releases else None,
        catalog=found.catalog,
        engine=found.engine,
        build_time=found.build_time,
        budget=found.budget_minutes * 60.0,
    )


def existing(found: Workspace) -> Workspace:
    """The workspace itself. Raises ``SettingsError`` if its folder is missing or holds no data of Corridor.

    Releases in a bucket can be read without a data folder.
    """
    if found.elsewhere is None and not any((found.data / name).is_dir() for name in ("archive", "releases")):
        state = "has no data of Corridor" if found.data.exists() else "does not exist"
        raise SettingsError(
            f"the data folder {found.data} {state}; `corridor build` fills it; --data or $CORRIDOR_DATA names another"
        )
    return found
