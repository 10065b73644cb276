"""Parse, call, print: the only place that turns results and errors into exit codes."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from corticolimbic.cli._parser import STEP_HELP, parser

USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    arguments
        Words after the program's name; those of this process by default.
    """
    try:
        return _answer(arguments)
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        _silence()
        return 0
    finally:
        _flush()


def _answer(arguments: Sequence[str] | None) -> int:
    options = parser().parse_args(arguments)
    if options.version:
        return _version()
    if options.command is None:
        parser().print_help()
        return USAGE
    # One thread a process: there are as many processes as cores, and results must not depend on threads.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    return _guarded(options)


def _guarded(options: Namespace) -> int:
    from corticolimbic.foundation import CorticolimbicError, InputError

    try:
        return _call(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except CorticolimbicError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("stopped; what is finished is kept, and the same command goes on from there", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:  # a full disk, a folder that went away
        print(
            f"error: {error}; what is finished is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return 1


def _flush() -> None:
    """Write out what is printed, here where a closed pipe can still be met in peace."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _silence()


def _silence() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _call(options: Namespace) -> int:
    from corticolimbic.cli import _look_up, _marker_commands, _register_commands, _run_commands

    if options.command in STEP_HELP:
        return _run_commands.step(options)
    if options.command == "evidence":
        return _look_up.look_up(options)
    if options.command == "markers":
        return _marker_commands.markers(options)
    return {
        "demo": _run_commands.demo,
        "fetch": _run_commands.fetch,
        "person": _run_commands.person,
        "pool": _run_commands.pool,
        "protocol": _run_commands.protocol,
        "register": _register_commands.register,
        "report": _run_commands.report,
        "simulate": _run_commands.simulate,
        "validate": _run_commands.validate,
    }[options.command](options)


def _version() -> int:
    from corticolimbic.foundation import environment

    for name, number in environment().items():
        print(f"{name} {number}")
    return 0
