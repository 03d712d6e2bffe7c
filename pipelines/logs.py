"""Log lines on the error stream, for a build without a terminal: a cron mail or a service's journal.

Every logger of the project is below ``corridor``. Dagster shows the same lines with the steps of a run. A log line
holds addresses and names of environment variables, never the value of a secret.
"""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(message)s"


def log_to_stderr() -> None:
    """Write the messages of our loggers, from level INFO, as one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT, datefmt="%H:%M:%S"))
    logger = logging.getLogger("corridor")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
