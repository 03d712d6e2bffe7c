"""A real server of the S3 protocol on 127.0.0.1, and the environment variables with its address."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from obstore.store import S3Store
from werkzeug.serving import make_server

from warehouse.storage.s3 import S3Place

CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")


@contextmanager
def serve(*, ignore_conditions: bool = False) -> Iterator[dict[str, str]]:
    """Run a server and yield the environment variables with its address.

    With ``ignore_conditions`` it writes an object even if the condition of the request is not met.
    """
    application = DomainDispatcherApplication(create_backend_app)

    def without_conditions(environ: dict[str, object], start: object) -> object:
        return application({name: value for name, value in environ.items() if name not in CONDITIONS}, start)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, without_conditions if ignore_conditions else application, threaded=True)  # type: ignore[arg-type]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "of this machine",
        }
    finally:
        server.shutdown()


def bucket(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str) -> S3Place:
    """Create a bucket and return a place under a prefix in it, for releases."""
    import boto3

    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    boto3.client("s3").create_bucket(Bucket=name)
    return S3Place.from_address(f"s3://{name}/statistics/corridor")


def names(root: S3Place) -> list[str]:
    """Return the names of all objects under a place."""
    store, key = root.connect()
    return sorted(entry["path"].removeprefix(f"{key}/") for entry in store.list(key).collect())


def store_of(root: S3Place) -> S3Store:
    return root.connect()[0]
