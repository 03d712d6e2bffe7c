"""Releases under a prefix of a bucket, in any object store with the S3 protocol.

A bucket has no renames, and the build lock does not exclude every writer of the bucket. Therefore each object of a
release is created only if it does not exist (``If-None-Match``) and is read back, and the index is replaced only if it
is still the version that was read (``If-Match``). If two publishers work at once, one gets an error that asks for
another build, and neither damages the other's release. Nothing reads objects that the index does not name. Those of a
release that a killed publisher left are removed when they are a day old, because until then another publisher may be
about to add them to the index.

The client is obstore (the extra ``s3``): it is small, maintained, and supports both conditions. Credentials and the
endpoint come from the environment variables that PyArrow, Polars and pandas read as well: ``AWS_ACCESS_KEY_ID``,
``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL`` and ``AWS_ALLOW_HTTP``.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from warehouse.errors import ReleaseError
from warehouse.files import sha256
from warehouse.storage import ENTRY, Content

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, RetryConfig, S3Store

# No publisher needs more time from its first object to the index.
ABANDONED_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class S3Place:
    """An address ``s3://bucket/prefix``."""

    address: str

    @classmethod
    def from_address(cls, address: str) -> "S3Place":
        """The place of an address; ``ReleaseError`` if the address is malformed or the extra ``s3`` is missing."""
        if not address.removeprefix("s3://").strip("/") or not address.startswith("s3://"):
            raise ReleaseError(f"{address} is not an address of releases; it has the form s3://bucket/prefix")
        try:
            import obstore  # noqa: F401
        except ImportError as error:
            raise ReleaseError(
                f"releases at {address} need the extra s3; install the extra of this checkout: pip install -e '.[s3]'"
            ) from error
        return cls(address.rstrip("/"))

    def __truediv__(self, name: str) -> "S3Place":
        return S3Place(f"{self.address}/{name}")

    def __str__(self) -> str:
        return self.address

    @property
    def path(self) -> None:
        """None: nothing here is on the local disk."""

    def connect(self) -> "tuple[S3Store, str]":
        """A client of the bucket, and the key of this place in it."""
        from obstore.store import S3Store

        bucket, _, key = self.address.removeprefix("s3://").partition("/")
        # These options replace those from the environment, so AWS_ALLOW_HTTP must be passed on.
        allow_http = os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true"
        client: ClientConfig = {"timeout": timedelta(minutes=10), "allow_http": allow_http}
        retry: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
        return S3Store(bucket, client_options=client, retry_config=retry), key

    def read(self) -> Content | None:
        """Read this object; None if it does not exist."""
        try:
            with _one_sentence_errors(self):
                store, key = self.connect()
                found = store.get(key)
                return Content(bytes(found.bytes()), found.meta["e_tag"])
        except FileNotFoundError:
            return None

    def swap(self, data: bytes, before: Content | None) -> None:
        """Replace the content of this object in one step; ``ReleaseError`` if it no longer is ``before``."""
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with _one_sentence_errors(self):
            store, key = self.connect()
            try:
                store.put(key, data, mode={"e_tag": before.etag} if before else "create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                # If the response to a successful put is lost, the client retries and the retry fails its condition.
                if (self.read() or Content(b"")).data != data:
                    raise ReleaseError(
                        f"another publisher has changed {self}; nothing was written: build again"
                    ) from None

    def digest(self) -> tuple[int, str]:
        """Read this object and return its size and hexadecimal sha256; ``FileNotFoundError`` if it does not exist."""
        size, hashed = 0, hashlib.sha256()
        with _one_sentence_errors(self):
            store, key = self.connect()
            for chunk in store.get(key):
                size += len(chunk)
                hashed.update(chunk)
        return size, hashed.hexdigest()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty temporary folder, removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=".aside-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path) -> None:
        """Create an object here for each file of ``folder``; ``ReleaseError`` if one exists with other content."""
        # All publishers use the same order: at the first object that differs, one of two stops before it writes more.
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        files.sort(key=lambda path: path != folder / ENTRY)
        for path in files:
            (self / path.relative_to(folder).as_posix())._create(path)
        (self / files[0].relative_to(folder).as_posix())._test_conditions(files[0])

    def size(self) -> int | None:
        """The size of this object in bytes; None if it does not exist."""
        try:
            with _one_sentence_errors(self):
                store, key = self.connect()
                return int(store.head(key)["size"])
        except FileNotFoundError:
            return None

    def folders(self) -> dict[str, bool]:
        """The prefixes here; another publisher may still write those that are less than a day old."""
        with _one_sentence_errors(self):
            store, key = self.connect()
            prefixes = store.list_with_delimiter(key or None)["common_prefixes"]
            names = [prefix.rpartition("/")[2] for prefix in prefixes]
            return {name: (self / name)._is_abandoned() for name in names}

    def files(self) -> list[str]:
        """The objects below this prefix, by the rest of their key."""
        with _one_sentence_errors(self):
            store, key = self.connect()
            return sorted(entry["path"].removeprefix(f"{key}/") for entry in store.list(key).collect())

    def delete(self, names: Sequence[str]) -> None:
        """Remove these objects below this prefix in this order."""
        with _one_sentence_errors(self):
            store, key = self.connect()
            for name in names:
                store.delete(f"{key}/{name}")

    def remove_leftovers(self) -> list[str]:
        """Nothing: a release is written in a temporary folder of the machine."""
        return []

    def _create(self, path: Path) -> None:
        from obstore.exceptions import AlreadyExistsError

        with _one_sentence_errors(self):
            store, key = self.connect()
            with suppress(AlreadyExistsError):
                store.put(key, path, mode="create", use_multipart=False)
            if self.digest() != (path.stat().st_size, sha256(path)):
                raise ReleaseError(f"{self} is from another publisher or was not stored as it was sent: build again")

    def _test_conditions(self, path: Path) -> None:
        """Repeat a put under conditions that must fail, because some servers ignore the conditions."""
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        store, key = self.connect()
        modes: tuple[Literal["create"] | UpdateVersion, ...] = ("create", {"e_tag": '"another"'})
        for mode in modes:
            with _one_sentence_errors(self), suppress(AlreadyExistsError, PreconditionError):
                store.put(key, path, mode=mode, use_multipart=False)
                raise ReleaseError(
                    f"{self} was overwritten against If-Match or If-None-Match; use another object store"
                )

    def _is_abandoned(self) -> bool:
        store, key = self.connect()
        newest = max(entry["last_modified"] for entry in store.list(key).collect())
        return datetime.now(UTC) - newest > ABANDONED_AFTER


@contextmanager
def _one_sentence_errors(place: S3Place) -> Iterator[None]:
    """Turn an error of the object store into a ``ReleaseError`` of one sentence."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        message = re.search("<Message>(.*?)</Message>", str(error))
        reason = message[1] if message else str(error).partition("\n")[0]
        raise ReleaseError(f"{place} cannot be used ({reason}); check the environment variables AWS_…") from error
