"""A place of releases on the local disk and one in an object store keep the same promises."""

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import object_store
from warehouse.errors import ReleaseError
from warehouse.storage import Content, Place
from warehouse.storage.local import LocalPlace


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with object_store.serve() as environment:
        yield environment


@pytest.fixture(params=["local", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Place:
    if request.param == "local":
        return LocalPlace(tmp_path / "releases")
    return object_store.bucket(server, monkeypatch, f"bucket-{uuid.uuid4()}")


def publish(place: Place, name: str, content: bytes) -> None:
    with place.staging() as folder:
        (folder / "tables").mkdir()
        (folder / "tables" / "x").write_bytes(content)
        (place / name).publish(folder)
        published = folder
    assert not published.exists()


def data(file: Place) -> bytes | None:
    content = file.read()
    return content.data if content else None


def test_a_published_folder_is_read_back_and_removed(place: Place) -> None:
    publish(place, "a", b"abc")
    file = place / "a" / "tables" / "x"
    assert data(file) == b"abc"
    assert file.digest() == (3, hashlib.sha256(b"abc").hexdigest())
    assert file.size() == 3
    assert (place / "a").files() == ["tables/x"]
    (place / "a").delete(["tables/x"])
    assert (place / "a").files() == []
    assert file.size() is None
    assert file.read() is None
    with pytest.raises(FileNotFoundError):
        file.digest()


def test_a_published_folder_is_not_overwritten(place: Place) -> None:
    publish(place, "a", b"abc")
    with pytest.raises((ReleaseError, OSError)):
        publish(place, "a", b"xyz")
    assert data(place / "a" / "tables" / "x") == b"abc"


def test_a_file_is_replaced_only_if_it_still_holds_what_was_read(place: Place) -> None:
    publish(place, "a", b"abc")
    index = place / "index.json"
    assert index.read() is None
    index.swap(b"1", None)
    first = index.read()
    assert first is not None
    assert first.data == b"1"
    index.swap(b"2", first)
    for outdated in (None, first, Content(b"3", '"another"')):
        with pytest.raises(ReleaseError, match=r"has changed .*index.json; nothing was written: build again"):
            index.swap(b"4", outdated)
    assert data(index) == b"2"


def test_folders_are_listed_with_whether_another_process_may_write_them(place: Place) -> None:
    assert place.folders() == {}
    for name in ("a", "b"):
        publish(place, name, b"abc")
    (place / "index.json").swap(b"1", None)
    # In an object store another publisher may still be at work on a new folder.
    assert place.folders() == dict.fromkeys(["a", "b"], place.path is not None)


def test_only_what_a_killed_process_of_corridor_left_is_a_leftover(tmp_path: Path) -> None:
    (tmp_path / ".index-corridor-x").touch()
    (tmp_path / ".aside-x" / "release").mkdir(parents=True)
    (tmp_path / ".aside-of-a-person" / "notes").mkdir(parents=True)
    (tmp_path / ".aside-link").symlink_to(tmp_path / ".aside-of-a-person")
    (tmp_path / ".index-of-a-person").touch()
    (tmp_path / "notes.txt").touch()
    assert LocalPlace(tmp_path).remove_leftovers() == [".aside-x", ".index-corridor-x"]
    left = [".aside-link", ".aside-of-a-person", ".index-of-a-person", "notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == left
    assert (tmp_path / ".aside-of-a-person" / "notes").is_dir()
