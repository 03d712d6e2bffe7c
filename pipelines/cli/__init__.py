"""The command line ``corridor``. Each module holds one group of commands.

``build``, ``ui``, ``data``, ``explain`` and ``admin`` hold the commands, ``options`` what several of them take, and
``output`` how they print. A command imports what it needs when it runs, so that ``corridor --help`` answers at once.
"""

import logging
import os
import sys

import typer

from pipelines.cli import admin, build, data, explain, ui
from pipelines.cli.output import fail, print_error
from warehouse.errors import CorridorError

INTERRUPTED = 130  # the exit status of Typer after Ctrl-C

app = typer.Typer(
    name="corridor",
    help="Build and query a dataset on migration between China and the 27 EU member states, in numbers and in law.",
    epilog="First run: corridor build. Options of a command: corridor COMMAND --help.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (build, ui, data, explain, admin):
    app.add_typer(group.commands)


def main() -> None:
    """Run the command line. Every expected error ends in one sentence on the error stream and exit status 1."""
    try:
        app(prog_name="corridor")
    except CorridorError as error:
        fail(str(error))
    except BrokenPipeError:
        # The reader of the output has gone; Python would report the failed flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except PermissionError as error:
        fail(f"no permission to read or write {error.filename}; choose another folder with --data")
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            logging.disable()  # threads that still make a request log nothing after the last line
            print_error("interrupted; no published release was changed")
        raise
