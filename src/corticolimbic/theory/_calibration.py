"""One parameter set so that a theory gives a declared share of chronic pain."""

from __future__ import annotations

from corticolimbic.foundation import SettingsError
from corticolimbic.theory._integrate import follow
from corticolimbic.theory._parameters import Parameters, parameter_table
from corticolimbic.theory._people import draw_people
from corticolimbic.theory._theories import Theory


def chronic_share(
    parameters: Parameters,
    theory: Theory | str = "full",
    *,
    n: int = 4000,
    seed: int = 1,
    day: int = 365,
    vas: float = 20.0,
) -> float:
    """Return the share of people whose pain, rated without error, is at or above a level on a day.

    Parameters
    ----------
    parameters, theory
        Of the population, and the parts at work.
    n, seed
        How many people are drawn and followed with noise, and from which seed.
    day, vas
        When, and from which rating of 100 on: 100 times pain times the person's scale.
    """
    people = draw_people(parameters, n, seed)
    pain = follow(people, days=day, at=[day], theory=theory, noise=True).values[:, 0, 0]
    return float((100.0 * people.rating * pain >= vas).mean())


def calibrated(
    parameters: Parameters,
    theory: Theory | str,
    name: str,
    *,
    target: float = 0.048,
    low: float | None = None,
    high: float | None = None,
    n: int = 4000,
    seed: int = 1,
    rounds: int = 14,
) -> Parameters:
    """Return parameters of which one is set so that the share of chronic pain is a target.

    The share must rise with the parameter. The same people and noise are used in every round, so that the
    share is a step function of the parameter; halving finds the step that crosses the target.

    Parameters
    ----------
    parameters, theory
        Of the population, and the parts at work.
    name
        The parameter that is set.
    target
        Share that :func:`chronic_share` is to give.
    low, high
        Range in which it is looked for; by default the parameter's allowed range.
    n, seed
        As there.
    rounds
        Halvings.

    Raises
    ------
    SettingsError
        Where the target is not reached within the range.
    """
    rows = [row for row in parameter_table() if row.name == name]
    if not rows:
        raise SettingsError(f"no such parameter: {name}")
    (row,) = rows
    a, b = row.low if low is None else low, row.high if high is None else high
    ends = [chronic_share(parameters.changed(**{name: end}), theory, n=n, seed=seed) for end in (a, b)]
    if not ends[0] <= target <= ends[1]:
        raise SettingsError(
            f"{name} from {a:g} to {b:g} gives shares of {ends[0]:.4g} to {ends[1]:.4g}; {target:g} is not "
            "between them"
        )
    for _ in range(rounds):
        middle = 0.5 * (a + b)
        if chronic_share(parameters.changed(**{name: middle}), theory, n=n, seed=seed) < target:
            a = middle
        else:
            b = middle
    return parameters.changed(**{name: 0.5 * (a + b)})
