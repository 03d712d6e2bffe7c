"""Dagster's event log with kept connections: what a run leaves, and what is left when it is forgotten."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from pipelines.build import forget_runs, instance


@dg.asset
def thing() -> None:
    """Is made, and that is all."""


def test_runs_that_are_forgotten_leave_no_file_and_what_is_known_of_assets_stays(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with instance(tmp_path) as opened:
        first, last = (dg.materialize([thing], instance=opened).run_id for _ in range(2))
    shards = [tmp_path / "dagster" / "events" / f"{run}.db" for run in (first, last)]
    assert all(shard.exists() for shard in shards)
    assert forget_runs(tmp_path, now - timedelta(days=1)) == 0
    assert forget_runs(tmp_path, now + timedelta(days=1)) == 2
    assert not any(shard.exists() for shard in shards)
    with instance(tmp_path) as opened:
        assert opened.get_runs() == []
        assert opened.get_records_for_run(last).records == []
        known = opened.get_latest_materialization_event(thing.key)
        assert known is not None
        assert known.run_id == last
