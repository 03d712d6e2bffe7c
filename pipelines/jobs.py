"""The two jobs of a night, the weekly check of the publishers, and the weekly retention.

When they run is declared in ``automation``.

``receive`` requests every dataset. ``rebuild`` makes what depends on them and publishes; it runs only for the assets
that the new payloads change, so that an unchanged night costs little time and few events.
"""

from datetime import UTC, datetime

import dagster as dg

from assets.core.workspace import Workspace
from assets.publish.pruning import UNUSED
from assets.publish.pruning import prune as prune_releases
from pipelines.doctor_live import ask, summary
from pipelines.instance import forget_runs

PAYLOADS = dg.AssetSelection.key_prefixes("payload")

RECEIVE = dg.define_asset_job(
    "receive",
    selection=PAYLOADS,
    description="Requests every dataset from its publisher. Then the sensor rebuild_changed starts job rebuild.",
)
REBUILD = dg.define_asset_job(
    "rebuild",
    selection=dg.AssetSelection.all() - PAYLOADS,
    description="Reads payloads, makes and checks tables, and publishes a release if anything is new.",
)


@dg.op(
    name="ask_publishers",
    description="Asks every publisher for the smallest part of each dataset, and compares it with the catalogue.",
)
def ask_publishers(context: dg.OpExecutionContext) -> None:
    """Log one line for each dataset. Fail, and so write an alert, if one is not as expected."""
    answers = []
    for answer in ask():
        answers.append(answer)
        log = context.log.info if answer.ok else context.log.error
        log(f"{answer.state}: {answer.dataset}{answer.explanation}")
    wrong = [f"{answer.dataset} is {answer.state}" for answer in answers if not answer.ok]
    if wrong:
        raise dg.Failure(f"{summary(answers)} {'; '.join(wrong)}", allow_retries=False)


@dg.job(
    name="check_publishers",
    description="Compares what each publisher answers now with the catalogue. A difference is an alert.",
)
def CHECK_PUBLISHERS() -> None:  # noqa: N802 - a job, named as the others are
    """Ask every publisher."""
    ask_publishers()


@dg.op(
    name="remove_what_is_old",
    description="Removes old releases, and results and runs that were not used for 90 days, as `corridor prune` does.",
)
def remove_what_is_old(context: dg.OpExecutionContext, workspace: dg.ResourceParam[Workspace]) -> None:
    """Log each release with the reason why it stays or that it was removed. Payloads are never removed."""
    now = datetime.now(UTC)
    for name, reason in prune_releases(workspace, now).items():
        context.log.info(f"{name}: {reason or 'removed'}")
    context.log.info(f"{forget_runs(context.instance, now - UNUSED)} old runs forgotten")


@dg.job(
    name="retention",
    description="Removes releases, stored results and runs that are old. Releases that a person keeps stay.",
)
def RETENTION() -> None:  # noqa: N802 - a job, named as the others are
    """Remove what is old."""
    remove_what_is_old()
