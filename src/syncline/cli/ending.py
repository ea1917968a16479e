"""How a command ends: an exit code for scripts, one sentence with the cure for people, and no traceback."""

from __future__ import annotations

import json as text
import os
import sys
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Never, cast

import typer

#: What click raises when a command line makes no sense, wherever this version of typer keeps it.
_USAGE = cast("tuple[type[Exception], ...]", typer.BadParameter.__bases__)
_STOPPED = (KeyboardInterrupt, typer.Abort)
_INTERRUPTED = "Stopped. Nothing is lost: what was under way is found out and finished by the next `syncline sync`."


class Code(IntEnum):
    """Exit codes: documented in the help, kept for good."""

    FINE = 0  #: done, or in agreement
    ERROR = 1  #: an error, a problem of the configuration, a failed case
    CHANGES = 2  #: a plan has changes
    WAITS = 3  #: done, but something waits: a paused system, a write in doubt or held for approval, unexplained drift
    USAGE = 64  #: the command line makes no sense
    INTERRUPTED = 130  #: by Ctrl-C


EPILOG = """\
Exit codes:
  0   done; everything that was read is in agreement
  1   an error, a problem of the configuration, or a failed case
  2   `plan`: something would change
  3   done, but something waits: a system is paused, a write is in doubt or needs approval, drift is unexplained
  64  the command line makes no sense
  130 stopped by Ctrl-C; nothing is lost"""


class _UsageFault(typer.BadParameter):
    """The command line makes no sense; the message is the whole sentence."""

    def format_message(self) -> str:
        """As it was said."""
        return self.message


def refuse(sentence: str) -> Never:
    """The command line makes no sense; the whole sentence, with the cure."""
    raise _UsageFault(sentence)


def leave(code: Code) -> Never:
    """End the command with this code."""
    raise typer.Exit(code)


def end_with(command: Callable[[], object], *, json: bool, debug: bool) -> Never:
    """Run the command and end the process as it ended."""
    sys.exit(_code(command, json=json, debug=debug))


def _code(command: Callable[[], object], *, json: bool, debug: bool) -> int:
    try:
        given = command()
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        if debug and not isinstance(error, (*_USAGE, *_STOPPED, BrokenPipeError)):
            raise
        return _told(error, json=json)
    return given if isinstance(given, int) else Code.FINE


def _told(error: BaseException, *, json: bool) -> Code:
    """Say what happened; the code that stands for it."""
    from syncline.errors import SynclineError

    if isinstance(error, BrokenPipeError):
        close_quietly()
        return Code.FINE
    if isinstance(error, _USAGE):
        tell_error(_sentence(error), _help_of(error), kind="usage", json=json)
        return Code.USAGE
    if isinstance(error, _STOPPED):
        tell_error(_INTERRUPTED, "", kind="interrupted", json=json)
        return Code.INTERRUPTED
    if isinstance(error, SynclineError):
        _tell(error, json=json)
    elif isinstance(error, OSError):
        what = f"This machine refuses: {error.strerror or error}{_path(error)}."
        tell_error(what, _MACHINE, kind="OSError", json=json)
    else:
        # a foreign exception's text may carry a record's values or an address with its password: --debug shows it
        tell_error(f"Unexpected: {type(error).__name__}.", _REPORT, kind="bug", json=json)
    return Code.ERROR


_MACHINE = "Nothing is lost: make room or give permission, and run it again."
_REPORT = "This is a fault of syncline itself: run the command again with --debug and report what it shows."


def _sentence(error: Exception) -> str:
    told = getattr(error, "format_message", error.__str__)()
    return told if told.endswith((".", "?", "!")) else f"{told}."


def _help_of(error: Exception) -> str:
    """Where the help of this command is; nothing where the sentence has its cure already."""
    context = None if isinstance(error, _UsageFault) else getattr(error, "ctx", None)
    return f"See `{context.command_path} --help`." if context is not None else ""


def _path(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""


def _tell(error: Exception, *, json: bool) -> None:
    from syncline.errors import ConfigError, SynclineError

    if isinstance(error, ConfigError):
        if json:
            problems = [one._asdict() for one in error.problems]
            body = {"kind": "ConfigError", "what": f"{len(problems)} problems", "cure": "", "problems": problems}
            _write(text.dumps({"error": body}, ensure_ascii=False))
            return
        for problem in error.problems:
            _write(f"{problem.file}:{problem.line}:{problem.column}  {problem.what}")
            if problem.cure:
                _write(f"    {problem.cure}")
        _write("1 problem" if len(error.problems) == 1 else f"{len(error.problems)} problems")
    elif isinstance(error, SynclineError):
        tell_error(error.what, error.cure, kind=type(error).__name__, json=json)


def tell_error(what: str, cure: str, *, kind: str, json: bool) -> None:
    """One error on stderr: what and cure for a person, one JSON document for a script."""
    if json:
        _write(text.dumps({"error": {"kind": kind, "what": what, "cure": cure}}, ensure_ascii=False))
        return
    for line in (*_wrapped(what), *_wrapped(cure)):
        _write(line)


def _wrapped(sentence: str) -> Iterator[str]:
    """The lines of a sentence; a log is searched by line, so only a terminal breaks them."""
    from textwrap import wrap

    for line in sentence.splitlines():
        if not sys.stderr.isatty():
            yield line
            continue
        yield from wrap(line, 100, break_long_words=False, break_on_hyphens=False) or [""]


def _write(line: str) -> None:
    from syncline.cli.plain import plain

    try:
        sys.stderr.write(f"{plain(line)}\n")
    except BrokenPipeError:
        close_quietly()


def close_quietly() -> None:
    """Whoever read our output is gone; let the interpreter flush into nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):
            continue
