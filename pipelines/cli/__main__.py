"""``python -m pipelines.cli`` runs the command line."""

from pipelines.cli import main

main()
