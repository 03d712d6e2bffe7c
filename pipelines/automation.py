"""The schedules: the nightly build, and one a publisher where its cadence asks for another hour."""

import dagster as dg

from pipelines.jobs import NIGHTLY, publisher_job_name
from sources.catalogue import publishers


def schedules() -> list[dg.ScheduleDefinition]:
    """Every schedule. They are off until an engineer turns them on."""
    nightly = dg.ScheduleDefinition(
        name="nightly",
        job=NIGHTLY,
        cron_schedule="0 2 * * *",
        execution_timezone="Europe/Brussels",
        description="Everything, each night at 02:00 in Brussels.",
    )
    return [nightly] + [
        dg.ScheduleDefinition(
            name=publisher_job_name(publisher.publisher),
            job_name=publisher_job_name(publisher.publisher),
            cron_schedule=publisher.cron,
            execution_timezone=publisher.timezone,
            description=f"{publisher.name['en']}: {publisher.cadence}.",
        )
        for publisher in publishers().values()
        if publisher.cron
    ]
