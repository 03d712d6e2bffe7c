"""How commands print: text and tables for people, JSON for programs, errors and progress on the error stream."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NoReturn

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    import polars as pl

# A pipe has no width. A fixed width keeps the output from being cut to that of a narrow terminal.
out = Console(width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True)

SECONDS_BETWEEN_LINES = 10


def fail(message: str) -> NoReturn:
    """Print an error and end the process with exit status 1."""
    print_error(message)
    sys.exit(1)


def print_error(message: str) -> None:
    """Print one line with the label "error:" on the error stream."""
    print_problem("error", message, "bold red")


def print_problem(label: str, message: str, style: str = "yellow") -> None:
    """Print one line with a coloured label on the error stream."""
    err.print(f"[{style}]{label}:[/] {escape(message)}", highlight=False, soft_wrap=True)


def print_line(text: str) -> None:
    """Print one line of text. Markup of rich in ``text`` is applied."""
    out.print(text, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print a value as JSON. Dates and paths become strings."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str))


def new_table(*columns: str) -> Table:
    """An empty table without borders."""
    return Table(*columns, box=None, pad_edge=False)


@contextmanager
def progress(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on the error stream, or print lines if that is not a terminal.

    Yields a function that takes the name of a step, the number of steps that are done and the number of all steps.
    """
    if not err.is_terminal:
        yield _lines(what)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=step[:60], completed=done, total=total)

        yield show


def _lines(what: str) -> Callable[[str, int, int], None]:
    """Print one line now and one every ten seconds, for the log of a service or a cron mail."""
    err.print(what, highlight=False, markup=False)
    printed = monotonic()

    def show(step: str, done: int, total: int) -> None:
        nonlocal printed
        if monotonic() - printed >= SECONDS_BETWEEN_LINES:
            printed = monotonic()
            err.print(f"{what}: {step} ({done:,} of {total:,})", highlight=False, markup=False, soft_wrap=True)

    return show


def write_parquet(frame: pl.LazyFrame, target: Path) -> None:
    """Write a frame as Parquet. If writing fails, the target stays as it was."""
    require_folder(target)
    part = unfinished(target)
    try:
        frame.sink_parquet(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def require_folder(target: Path) -> None:
    """Fail with a sentence if the folder of a file that is to be written does not exist."""
    if not target.parent.is_dir():
        fail(f"{target} cannot be written: there is no folder {target.parent}; create it, or name another file")


def unfinished(target: Path) -> Path:
    """The file that is written before it becomes ``target``."""
    return target.with_name(f".{target.name}.part")
