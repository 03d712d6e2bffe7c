"""Where releases lie: in a folder of the local disk, or under an address of an object store that speaks S3.

This is the one module that knows the difference. Both keep the same promise: a release is visible whole or not at all,
and what is visible is never written over.

In a folder, a release is renamed into place and a rename replaces the index; the lock of the data folder keeps a second
builder away. A bucket has no renames, and that lock does not reach everyone who may write to it. There every object of
a release is put only where there is none (``If-None-Match``) and read back, and the index is put only in place of the
one that was read before (``If-Match``). Of two publishers one is so told to build again, and none can harm the other.
Objects that no index names are not read by anybody; they are removed when they are a day old, because until then
another publisher may be about to name them.

The client is obstore, the extra ``s3``: of those that are kept, it is the small one that puts on both conditions.
Credentials and endpoint come from the environment alone, by the names that pyarrow, polars and pandas read as well:
``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``, and ``AWS_ALLOW_HTTP``.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from warehouse.errors import ReleaseError
from warehouse.files import sha256, sync

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, RetryConfig, S3Store

# No publisher takes longer from its first object to the index.
ABANDONED = timedelta(days=1)


@dataclass(frozen=True)
class Bucket:
    """A place in an object store, as ``s3://bucket/prefix``. As of a path, ``/`` is what lies below it."""

    address: str

    def __truediv__(self, name: str) -> "Bucket":
        return Bucket(f"{self.address}/{name}")

    def __str__(self) -> str:
        return self.address

    def opened(self) -> "tuple[S3Store, str]":
        """The bucket itself, and the name in it of this place."""
        from obstore.store import S3Store

        bucket, _, key = self.address.removeprefix("s3://").partition("/")
        # Options given here take the place of the one that the environment gives.
        plain = os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true"
        client: ClientConfig = {"timeout": timedelta(minutes=10), "allow_http": plain}
        retry: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
        return S3Store(bucket, client_options=client, retry_config=retry), key


Place = Path | Bucket


@dataclass(frozen=True)
class Content:
    """What was read of a file, and the mark of that state, by which ``swap`` knows whether it is still so."""

    data: bytes
    mark: str | None


def place(address: str) -> Bucket:
    """The place of an address; ``ReleaseError`` where it is none, or the extra for it is missing."""
    if not address.removeprefix("s3://").strip("/") or not address.startswith("s3://"):
        raise ReleaseError(f"{address} is no address of releases; it has the form s3://bucket/prefix")
    try:
        import obstore  # noqa: F401
    except ImportError as error:
        raise ReleaseError(f"releases at {address} need the extra s3: pip install 'corridor[s3]'") from error
    return Bucket(address.rstrip("/"))


def read(file: Place) -> Content | None:
    """A file whole; None where there is none."""
    try:
        if isinstance(file, Path):
            return Content(file.read_bytes(), None)
        with _explained(file):
            store, key = file.opened()
            found = store.get(key)
            return Content(bytes(found.bytes()), found.meta["e_tag"])
    except FileNotFoundError:
        return None


def swap(file: Place, data: bytes, before: Content | None) -> None:
    """Put ``data`` in place of ``before`` in one step; ``ReleaseError`` if that is not what is there now."""
    if isinstance(file, Path):
        _replace(file, data)
        return
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    with _explained(file):
        store, key = file.opened()
        try:
            store.put(key, data, mode={"e_tag": before.mark} if before else "create", use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            # A put whose answer was lost is tried again, and then refused because of itself.
            if (read(file) or Content(b"", None)).data != data:
                raise ReleaseError(
                    f"another publisher has changed {file} meanwhile; nothing of it was touched, build again"
                ) from None


def put(folder: Path, target: Place) -> None:
    """Let all files of a local folder be at ``target``, whole and lasting; ``ReleaseError`` if others are there."""
    if isinstance(target, Path):
        _flush(folder)
        folder.chmod(0o755)
        folder.rename(target)
        sync(target.parent)
        return
    # One after the other in one order: where two publishers differ first, one of them has nothing of the other's yet.
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        _create(path, target / path.relative_to(folder).as_posix())
    _try_conditions(files[0], target / files[0].relative_to(folder).as_posix())


def _create(path: Path, target: Bucket) -> None:
    from obstore.exceptions import AlreadyExistsError

    with _explained(target):
        store, key = target.opened()
        with suppress(AlreadyExistsError):
            store.put(key, path, mode="create", use_multipart=False)
        if digest(target) != digest(path):
            raise ReleaseError(f"{target} is of another publisher, or was not kept as it was sent; build again")


def _try_conditions(path: Path, target: Bucket) -> None:
    """Put once more, on conditions that are not met, what is there already: not every server of the protocol looks."""
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    store, key = target.opened()
    modes: tuple[Literal["create"] | UpdateVersion, ...] = ("create", {"e_tag": '"another"'})
    for mode in modes:
        with _explained(target), suppress(AlreadyExistsError, PreconditionError):
            store.put(key, path, mode=mode, use_multipart=False)
            raise ReleaseError(f"{target} was written over against If-Match or If-None-Match; use another object store")


def digest(file: Place) -> tuple[int, str]:
    """Size and hexadecimal sha256 of a file as it is read back; ``FileNotFoundError`` where there is none."""
    if isinstance(file, Path):
        return file.stat().st_size, sha256(file)
    size, hashed = 0, hashlib.sha256()
    with _explained(file):
        store, key = file.opened()
        for chunk in store.get(key):
            size += len(chunk)
            hashed.update(chunk)
    return size, hashed.hexdigest()


def strays(root: Place, known: Collection[str]) -> dict[str, bool]:
    """What is under ``root`` and not known, and whether it may be removed: nobody is at work on it."""
    if isinstance(root, Path):
        found = root.iterdir() if root.is_dir() else ()
        left = [path.name for path in found if path.is_dir() or path.name.startswith(".index-")]
        return {name: True for name in left if name not in known}
    with _explained(root):
        store, key = root.opened()
        prefixes = [prefix.rpartition("/")[2] for prefix in store.list_with_delimiter(key or None)["common_prefixes"]]
        return {name: _abandoned(root / name) for name in prefixes if name not in known}


def _abandoned(folder: Bucket) -> bool:
    store, key = folder.opened()
    newest = max(entry["last_modified"] for entry in store.list(key).collect())
    return datetime.now(UTC) - newest > ABANDONED


def remove(folder: Place) -> None:
    """Remove a folder with all that is in it, or a file that was left half written."""
    if isinstance(folder, Path):
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink()
        return
    with _explained(folder):
        store, key = folder.opened()
        names = [entry["path"] for entry in store.list(key).collect()]
        if names:
            store.delete(names)


@contextmanager
def aside(root: Place) -> Iterator[Path]:
    """A local folder to make a release in, from which ``put`` takes it."""
    within = root if isinstance(root, Path) else None
    if within:
        within.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".aside-", dir=within))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _explained(where: Bucket) -> Iterator[None]:
    """Say in one sentence why an object store cannot be used."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        said = re.search("<Message>(.*?)</Message>", str(error))
        reason = said[1] if said else str(error).partition("\n")[0]
        raise ReleaseError(f"{where} cannot be used ({reason}); is the environment right, AWS_…?") from error


def _replace(file: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.stem}-", dir=file.parent)
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(file)
    sync(file.parent)


def _flush(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            sync(path)
    sync(folder)
