"""A REST catalog of Iceberg on 127.0.0.1: the routes of its specification that are used here, over a SQL catalog."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, request
from pyiceberg.catalog.rest import CreateTableRequest, TableResponse
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NamespaceAlreadyExistsError, NoSuchTableError
from pyiceberg.table import CommitTableRequest, StagedTable, Table
from werkzeug.serving import make_server

TABLE = "/v1/namespaces/<space>/tables/<name>"
STATUS = {NoSuchTableError: 404, NamespaceAlreadyExistsError: 409, CommitFailedException: 409}


@contextmanager
def serve(folder: Path, token: str) -> Iterator[str]:
    """The URI of a running catalog that lets in who has the token, and keeps what it knows in ``folder``."""
    folder.mkdir()
    kept = SqlCatalog("server", uri=f"sqlite:///{folder}/rest.db", warehouse=f"file://{folder}")
    server = make_server("127.0.0.1", 0, _routes(kept, token), threaded=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        kept.close()


def _routes(kept: SqlCatalog, token: str) -> Flask:
    app = Flask("catalog")
    staged: dict[tuple[str, str], StagedTable] = {}

    @app.before_request
    def admit() -> tuple[dict[str, object], int] | None:
        if request.headers.get("Authorization") == f"Bearer {token}":
            return None
        return _error("NotAuthorizedException", "who are you?", 401)

    @app.errorhandler(Exception)
    def explain(error: Exception) -> tuple[dict[str, object], int]:
        return _error(type(error).__name__, str(error), STATUS.get(type(error), 500))

    @app.get("/v1/config")
    def config() -> dict[str, object]:
        return {"defaults": {}, "overrides": {}}

    @app.post("/v1/namespaces")
    def new_namespace() -> dict[str, object]:
        kept.create_namespace(tuple(request.get_json()["namespace"]))
        return {"namespace": request.get_json()["namespace"], "properties": {}}

    @app.get("/v1/namespaces/<space>/tables")
    def names(space: str) -> dict[str, object]:
        return {"identifiers": [{"namespace": [space], "name": name} for _, name in kept.list_tables(space)]}

    @app.post("/v1/namespaces/<space>/tables")
    def create(space: str) -> Response:
        asked = CreateTableRequest.model_validate({"location": None, **request.get_json()})
        assert asked.stage_create
        table = kept._create_staged_table((space, asked.name), asked.table_schema, properties=asked.properties)
        staged[space, asked.name] = table
        return _table(table, location=None)

    @app.get(TABLE)
    def load(space: str, name: str) -> Response:
        found = kept.load_table((space, name))
        return _table(found, found.metadata_location)

    @app.post(TABLE)
    def commit(space: str, name: str) -> str:
        asked = CommitTableRequest.model_validate_json(request.data)
        table = staged.pop((space, name), None) or kept.load_table((space, name))
        return kept.commit_table(table, asked.requirements, asked.updates).model_dump_json()

    @app.delete(TABLE)
    def drop(space: str, name: str) -> tuple[str, int]:
        kept.drop_table((space, name))
        return "", 204

    return app


def _table(table: Table, location: str | None) -> Response:
    said = TableResponse.model_validate({"metadata-location": location, "metadata": table.metadata})
    return Response(said.model_dump_json(by_alias=True), mimetype="application/json")


def _error(kind: str, message: str, status: int) -> tuple[dict[str, object], int]:
    return {"error": {"message": message, "type": kind, "code": status}}, status
