"""The two jobs of a night, and the weekly check of the publishers. When they run is declared in ``automation``.

``receive`` requests every dataset. ``rebuild`` makes what depends on them and publishes; it runs only for the assets
that the new payloads change, so that an unchanged night costs little time and few events.
"""

import dagster as dg

from pipelines.doctor_live import ask, summary

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
