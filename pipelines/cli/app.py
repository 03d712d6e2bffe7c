"""The application of the command line: its commands, the options before a command, and how errors end it."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from pipelines.cli import INTERRUPTED, admin, build, data, explain, operate, ui
from pipelines.cli.options import Data
from pipelines.cli.output import fail, print_error, print_line
from warehouse.errors import CorridorError

app = typer.Typer(
    name="corridor",
    help="Build and query a dataset on migration between China and the 27 EU member states, in numbers and in law.",
    epilog="First run: corridor build. Options of a command: corridor COMMAND --help.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (build, operate, ui, data, explain, admin):
    app.add_typer(group.commands)


def _print_version(wanted: bool) -> None:
    """Print the version and end the process, if that is asked for."""
    if wanted:
        from importlib.metadata import version

        print_line(f"corridor {version('corridor')}")
        raise typer.Exit


@app.callback()
def options_of_all_commands(
    context: typer.Context,
    data: Data = None,
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that may precede a command. A command that also has the option uses its own value."""
    if data is not None:
        names: list[str] = list(getattr(context.command, "commands", {}))
        context.default_map = {name: {"data": str(data)} for name in names}


def run() -> int:
    """Run the command of ``sys.argv`` and return the exit status. An expected error is printed in one sentence."""
    try:
        status = app(prog_name="corridor", standalone_mode=False)
    except typer.TyperException as error:
        return _wrong_use(error)
    except CorridorError as error:
        fail(str(error))
    except BrokenPipeError:
        # The reader of the output has gone; Python would report the failed flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PermissionError as error:
        fail(f"no permission to read or write {error.filename}; choose another folder with --data")
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    if status == INTERRUPTED:
        logging.disable()  # threads that still make a request log nothing after the last line
        print_error("interrupted; no published release was changed")
    return status if isinstance(status, int) else 0


def _wrong_use(error: typer.TyperException) -> int:
    """Print what is wrong with the arguments and where to read about them, and return the exit status."""
    message, context = error.format_message().strip(), getattr(error, "ctx", None)
    if message and context is not None:
        end = "" if message.endswith(("?", ".", ")")) else "."
        message = f"{message}{end} See `{context.command_path} --help`."
    if message:  # there is none if the help was printed because no command was given
        print_error(message)
    return error.exit_code
