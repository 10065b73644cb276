"""Commands about registered validations."""

from __future__ import annotations

import math
from argparse import Namespace

from corticolimbic.predict import Checked, Declaration
from corticolimbic.workflow import REGISTERED, Wanted, check_registered, declare, read_config


def register(options: Namespace) -> int:
    """Declare a validation, or check a run against one."""
    return _check(options) if options.action == "check" else _declare(options)


def _declare(options: Namespace) -> int:
    wanted = Wanted(
        minimum_people=options.people,
        markers=tuple(dict.fromkeys(options.marker)),
        outcome=options.outcome,
        population=options.population,
        metric=options.metric,
        direction=options.direction,
        bound=options.bound,
        expected=options.expected,
        deposited=options.deposited,
        seen=options.seen,
    )
    declaration, own = declare(options.file, read_config(options.config), wanted)
    names = ", ".join(item.id for item in declaration.markers)
    print(f"Declared at {declaration.declared.isoformat()}: {names}")
    print(f"  outcome {declaration.outcome.name}, population {declaration.population.name}")
    print(f"  confirmed where {_criterion(declaration)}, with at least {declaration.minimum_people} people")
    if options.seen is not None:
        print(f"  people who have been scored already: {len(declaration.seen)}")
    print(f"Hash: {own}")
    print("Deposit the file where others keep its date. When the data are there:")
    print(f"  corticolimbic register check {options.file} OUT")
    return 0


def _check(options: Namespace) -> int:
    from corticolimbic.report import render

    declaration, checked = check_registered(options.file, options.out)
    print(f"Declared at {declaration.declared.isoformat()}, {declaration.deposited or 'deposited nowhere'}")
    for item in checked:
        print("\n".join(_lines(item, declaration)))
    print(f"Written: {options.out / REGISTERED}")
    print(f"Page: {render(options.out)}")
    return 0


def _lines(item: Checked, declaration: Declaration) -> list[str]:
    figure = item.figure
    where = f"{declaration.outcome.name}, {declaration.population.name}"
    if math.isfinite(figure.value):
        told = f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}], n {figure.n}, {figure.site}"
    else:
        told = "no figure"
    return [
        f"{item.marker}: {item.verdict}",
        f"  {declaration.criterion.metric} ({where}): {told}",
        f"  declared: {_criterion(declaration)}, at least {declaration.minimum_people} people",
        f"  dates are known of {item.n_dated} of {item.n_people} people",
        *(f"  deviation: {deviation}" for deviation in item.deviations),
    ]


def _criterion(declaration: Declaration) -> str:
    rule = declaration.criterion
    end = "lower end above" if rule.direction == "greater" else "upper end below"
    expected = "" if rule.expected is None else f" (expected {rule.expected:g})"
    return f"the 95 % interval of {rule.metric} has its {end} {rule.bound:g}{expected}"
