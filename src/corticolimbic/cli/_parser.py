"""The command line: names, arguments and help. Imports nothing heavy, so that --help answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path

STEP_HELP = {
    "run": "validate, measure, cohort, compare, predict and report: from a dataset to a page",
    "measure": "measure every session's files",
    "cohort": "derive outcomes and populations from the clinical tables",
    "compare": "test every circuit edge against the outcome",
    "predict": "score and judge published markers",
}
"""Commands that take a dataset to a step; each brings OUT up to date as far as that step, and no further."""

_EXIT = (
    "exit codes: 0 done, 1 nothing usable or internal error, 2 usage or settings, "
    "3 done but some inputs unreadable"
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="corticolimbic",
        description="Measure the brain's corticolimbic circuit from MRI derivatives, follow people from "
        "acute to chronic pain, and test the published predictors. Research software, not a medical device.",
        epilog=_EXIT,
    )
    top.add_argument(
        "--version", action="store_true", help="print the version and the environment, for bug reports"
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _demo(commands)
    for name, words in STEP_HELP.items():
        _step(commands, name, words)
    _report(commands)
    _person(commands)
    _pool(commands)
    _validate(commands)
    _fetch(commands)
    _simulate(commands)
    _evidence(commands)
    _markers(commands)
    _register(commands)
    _protocol(commands)
    return top


def _add(commands: argparse._SubParsersAction, name: str, words: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=words, description=words[0].upper() + words[1:] + ".", epilog=_EXIT
    )
    return made


def _demo(commands: argparse._SubParsersAction) -> None:
    command = _add(
        commands, "demo", "simulate a small study with images, run on it, and say where the page is"
    )
    command.add_argument(
        "out", type=_path, metavar="OUT", help="folder for the study (OUT/dataset) and results (OUT/results)"
    )
    command.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one a core)")
    command.add_argument("--quiet", action="store_true", help="no progress")


def _step(commands: argparse._SubParsersAction, name: str, words: str) -> None:
    command = _add(commands, name, words)
    command.add_argument(
        "dataset",
        type=_path,
        metavar="DATASET",
        help="folder of BIDS derivatives: preprocessed images or region series",
    )
    command.add_argument(
        "out", type=_path, metavar="OUT", help="folder for the results: new, empty, or of an earlier run"
    )
    command.add_argument(
        "--config",
        type=_path,
        metavar="FILE",
        help="settings in YAML (default: OUT/config.yaml of an earlier run, else the built-in defaults)",
    )
    command.add_argument(
        "--dry-run", action="store_true", help="say what would be done and why, and do nothing"
    )
    command.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one a core)")
    command.add_argument(
        "--verify",
        action="store_true",
        help="hash all inputs and outputs again instead of trusting sizes and times",
    )
    command.add_argument("--quiet", action="store_true", help="no progress")


def _report(commands: argparse._SubParsersAction) -> None:
    command = _add(commands, "report", "draw the page again from the tables of an earlier run")
    command.add_argument("out", type=_path, metavar="OUT", help="folder of an earlier run")


def _person(commands: argparse._SubParsersAction) -> None:
    command = _add(
        commands,
        "person",
        "write the page of single people of a finished run, for research only: not a diagnosis",
    )
    command.add_argument("out", type=_path, metavar="OUT", help="folder of a finished run")
    command.add_argument("people", nargs="*", metavar="ID", help="participants, for example sub-01")
    command.add_argument("--all", action="store_true", dest="everybody", help="everybody of the run")
    command.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one a core)")
    command.add_argument("--quiet", action="store_true", help="no progress")


def _pool(commands: argparse._SubParsersAction) -> None:
    command = _add(commands, "pool", "pool what several sites found, from files that hold no people")
    command.add_argument(
        "files",
        type=_path,
        nargs="+",
        metavar="FILE",
        help="a site's compare/site_summaries.tsv, or the results folder that holds it",
    )
    command.add_argument(
        "out", type=_path, metavar="OUT", help="folder for the result: new, empty, or of an earlier pooling"
    )


def _validate(commands: argparse._SubParsersAction) -> None:
    command = _add(
        commands, "validate", "read every file and list every problem at once, with file, row and remedy"
    )
    command.add_argument("dataset", type=_path, metavar="DATASET", help="folder of BIDS derivatives")
    command.add_argument("--config", type=_path, metavar="FILE", help="settings in YAML")
    command.add_argument("--tsv", action="store_true", help="print problems.tsv instead of sentences")
    command.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one a core)")


def _fetch(commands: argparse._SubParsersAction) -> None:
    command = _add(commands, "fetch", "fetch REDCap exports into the files that the settings name")
    command.add_argument(
        "--config", type=_path, metavar="FILE", required=True, help="settings in YAML, with cohort.sources"
    )


def _simulate(commands: argparse._SubParsersAction) -> None:
    command = _add(commands, "simulate", "write a study of simulated people, with its truth")
    command.add_argument(
        "out", type=_path, metavar="OUT", help="folder: new, empty, or of a simulation that was cut short"
    )
    command.add_argument(
        "--scenario",
        choices=("figure-1c", "null", "markers", "marker-inputs"),
        help="figure-1c and null: a named study of 90 people over 0, 3, 6 and 12 months; markers: tables of "
        "600 people in which one published marker works and others seem to; marker-inputs: tables of a few "
        "people with the inputs of every marker; other options change it",
    )
    for name, kind, sign, words in (
        ("people", int, "N", "people in the study (default: 36)"),
        ("sites", int, "N", "centres, each with one scanner (default: 3)"),
        ("visits", int, "N", "visits with imaging over twelve months (default: 2)"),
        ("seed", int, "N", "seed of every random stream"),
        ("volumes", int, "N", "volumes of a run (default: 150)"),
    ):
        command.add_argument(f"--{name}", type=kind, metavar=sign, help=words)
    command.add_argument(
        "--grid", type=float, metavar="MM", dest="grid_mm", help="edge of a voxel in mm (default: 4)"
    )
    command.add_argument(
        "--null",
        action="store_false",
        default=None,
        dest="effect",
        help="plant no difference; all that disturbs stays",
    )
    command.add_argument(
        "--tables-only",
        action="store_false",
        default=None,
        dest="images",
        help="write cleaned region series instead of images: seconds",
    )
    command.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one a core)")
    command.add_argument("--quiet", action="store_true", help="no progress")


def _evidence(commands: argparse._SubParsersAction) -> None:
    command = _add(
        commands,
        "evidence",
        "what is published: findings, effects (marked where not verified), stylised facts",
    )
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = _add(actions, "list", "list findings, effects or facts")
    listing.add_argument(
        "--table", choices=("findings", "effects", "facts"), default="findings", help="which table"
    )
    for name, words in (
        ("region", "findings that name this region (mPFC, NAc, ...)"),
        ("measure", "findings or effects of this measure"),
        ("condition", "findings in this condition (CBP, SBP, FM, ...)"),
        ("state", "findings or effects of this state (rest, rating, evoked, structure, ...)"),
    ):
        listing.add_argument(f"--{name}", metavar="TEXT", help=words)
    shown = _add(actions, "show", "show one finding, effect or fact with its source")
    shown.add_argument("id", metavar="ID", help="for example F001, E001 or M01")
    checked = _add(actions, "check", "say how effects over people agree with the published findings")
    checked.add_argument(
        "effects", type=_path, metavar="OUT_OR_EFFECTS_TSV", help="results folder, or a table of effects"
    )
    checked.add_argument("--table", type=_path, metavar="FILE", help="also write it as a table (TSV)")
    checked.add_argument(
        "--condition", action="append", default=[], metavar="NAME", help="the patients' condition (CBP, ...)"
    )


def _markers(commands: argparse._SubParsersAction) -> None:
    command = _add(commands, "markers", "published predictors as data")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add(actions, "list", "list the markers")
    shown = _add(actions, "show", "show one marker: what it is, what it needs, where it failed")
    shown.add_argument("id", metavar="ID", help="for example spisak2020_rpn")
    _markers_score(actions)


def _markers_score(actions: argparse._SubParsersAction) -> None:
    scored = _add(actions, "score", "score markers on a finished run or a table of features")
    scored.add_argument(
        "source",
        type=_path,
        metavar="OUT|FEATURES",
        help="results folder of a run, or a table of features (.parquet, or .tsv or .csv with "
        "participant_id, measure, target and value)",
    )
    scored.add_argument(
        "--marker", action="append", metavar="ID", help="score this marker; may be repeated (default: all)"
    )
    scored.add_argument("--table", type=_path, metavar="FILE", help="write the scores (.tsv)")
    scored.add_argument(
        "--people", type=_path, metavar="FILE", help="participants table, for markers relative to others"
    )
    scored.add_argument(
        "--config", type=_path, metavar="FILE", help="settings in YAML (default: OUT/config.yaml)"
    )


def _register(commands: argparse._SubParsersAction) -> None:
    command = _add(
        commands, "register", "declare a validation before its data, and hold a run against the declaration"
    )
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    made = _add(actions, "declare", "freeze markers, settings, outcome, population and criterion in a file")
    made.add_argument("file", type=_path, metavar="FILE", help="the declaration: a file that does not exist")
    made.add_argument(
        "--config", type=_path, metavar="CONFIG", required=True, help="settings that the run will have"
    )
    made.add_argument(
        "--people", type=_count, metavar="N", required=True, help="people below whom nothing is concluded"
    )
    made.add_argument(
        "--marker",
        action="append",
        default=[],
        metavar="ID",
        help="declare this marker (again for more; default: all of the settings)",
    )
    for name, sign, words in (
        ("outcome", "NAME", "the primary outcome (default: the first that the metric belongs to)"),
        ("population", "NAME", "the primary population (needed where the settings have several)"),
        ("metric", "NAME", "the primary metric (default: auc of a class, pearson_r of a number)"),
    ):
        made.add_argument(f"--{name}", metavar=sign, help=words)
    made.add_argument(
        "--direction",
        choices=("greater", "less"),
        default="greater",
        help="side of the bound on which the whole interval must lie (default: greater)",
    )
    made.add_argument(
        "--bound", type=float, metavar="VALUE", help="the bound (default: the metric without any effect)"
    )
    made.add_argument(
        "--expected",
        type=float,
        metavar="VALUE",
        help="the value that was published, said beside the verdict",
    )
    made.add_argument(
        "--deposited", default="", metavar="WHERE", help="where a copy will lie, for example an OSF address"
    )
    made.add_argument(
        "--seen", type=_path, metavar="OUT", help="results folder whose people have been scored already"
    )
    checked = _add(actions, "check", "say whether a run is as declared, and whether it confirms the marker")
    checked.add_argument("file", type=_path, metavar="FILE", help="the declaration")
    checked.add_argument("out", type=_path, metavar="OUT", help="results folder of a run")


def _protocol(commands: argparse._SubParsersAction) -> None:
    command = _add(commands, "protocol", "a ready scheme for a multi-centre study")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    made = _add(
        actions,
        "init",
        "write visits, a REDCap dictionary, BIDS phenotype templates and settings",
    )
    made.add_argument("folder", type=_path, metavar="DIR", help="folder for the protocol")
    made.add_argument(
        "--design",
        choices=("subacute", "surgical"),
        default="subacute",
        help="subacute: pain of 4 to 12 weeks at entry, followed for 3 years; surgical: before surgery and "
        "12 months after it",
    )
    made.add_argument(
        "--lang", choices=("en", "zh"), default="en", help="language of labels and README (English, Chinese)"
    )
    made.add_argument(
        "--force", action="store_true", help="replace the files of an earlier protocol in the folder"
    )


def _path(text: str) -> Path:
    if not text.strip():  # a variable of the shell that is not set would stand for the folder one is in
        raise argparse.ArgumentTypeError("an empty path")
    return Path(text)


def _count(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text!r}")
    return int(text)
