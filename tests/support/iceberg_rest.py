"""A REST catalog of Iceberg on 127.0.0.1: the routes that the project uses, on top of a SQL catalog."""

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
    """Yield the URI of a running catalog that requires ``token`` and stores its data in ``folder``."""
    folder.mkdir()
    catalog = SqlCatalog("server", uri=f"sqlite:///{folder}/rest.db", warehouse=f"file://{folder}")
    server = make_server("127.0.0.1", 0, _routes(catalog, token), threaded=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        catalog.close()


def _routes(catalog: SqlCatalog, token: str) -> Flask:
    app = Flask("catalog")
    staged: dict[tuple[str, str], StagedTable] = {}

    @app.before_request
    def admit() -> tuple[dict[str, object], int] | None:
        if request.headers.get("Authorization") == f"Bearer {token}":
            return None
        return _error("NotAuthorizedException", "the token is missing or wrong", 401)

    @app.errorhandler(Exception)
    def explain(error: Exception) -> tuple[dict[str, object], int]:
        return _error(type(error).__name__, str(error), STATUS.get(type(error), 500))

    @app.get("/v1/config")
    def config() -> dict[str, object]:
        return {"defaults": {}, "overrides": {}}

    @app.post("/v1/namespaces")
    def new_namespace() -> dict[str, object]:
        catalog.create_namespace(tuple(request.get_json()["namespace"]))
        return {"namespace": request.get_json()["namespace"], "properties": {}}

    @app.get("/v1/namespaces/<space>/tables")
    def names(space: str) -> dict[str, object]:
        return {"identifiers": [{"namespace": [space], "name": name} for _, name in catalog.list_tables(space)]}

    @app.post("/v1/namespaces/<space>/tables")
    def create(space: str) -> Response:
        body = CreateTableRequest.model_validate({"location": None, **request.get_json()})
        assert body.stage_create
        table = catalog._create_staged_table((space, body.name), body.table_schema, properties=body.properties)
        staged[space, body.name] = table
        return _table(table, location=None)

    @app.get(TABLE)
    def load(space: str, name: str) -> Response:
        table = catalog.load_table((space, name))
        return _table(table, table.metadata_location)

    @app.post(TABLE)
    def commit(space: str, name: str) -> str:
        body = CommitTableRequest.model_validate_json(request.data)
        table = staged.pop((space, name), None) or catalog.load_table((space, name))
        return catalog.commit_table(table, body.requirements, body.updates).model_dump_json()

    @app.delete(TABLE)
    def drop(space: str, name: str) -> tuple[str, int]:
        catalog.drop_table((space, name))
        return "", 204

    return app


def _table(table: Table, location: str | None) -> Response:
    response = TableResponse.model_validate({"metadata-location": location, "metadata": table.metadata})
    return Response(response.model_dump_json(by_alias=True), mimetype="application/json")


def _error(kind: str, message: str, status: int) -> tuple[dict[str, object], int]:
    return {"error": {"message": message, "type": kind, "code": status}}, status
