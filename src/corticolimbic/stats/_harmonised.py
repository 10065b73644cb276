"""The tables that models are given, harmonised over sites, and what that did (METHODS M-6)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from corticolimbic.features import schema
from corticolimbic.foundation import problem
from corticolimbic.stats._combat import ComBat, FittedComBat
from corticolimbic.stats._combat_covariance import CovBat, FittedCovBat
from corticolimbic.stats._combat_design import site_names
from corticolimbic.stats._combat_longitudinal import FittedLongitudinalComBat, LongitudinalComBat
from corticolimbic.stats._compare_settings import CompareSettings
from corticolimbic.stats._design import LeftOut
from corticolimbic.stats._effect_rows import Found
from corticolimbic.stats._joined_tables import SITE
from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._site_halves import SEED, halves
from corticolimbic.stats._terms import read_term

PERSON = "participant_id"
Estimator = ComBat | CovBat | LongitudinalComBat


@dataclass(frozen=True)
class Harmonised:
    """A table for the models.

    Parameters
    ----------
    values
        As given, or harmonised.
    how
        What was done, for the model's description; empty where nothing was.
    """

    values: pd.DataFrame
    how: str = ""

    def said(self, model: str) -> str:
        """Return a model's description with what was done to its values."""
        return "; ".join(filter(None, (model, self.how)))


def harmonised(
    values: pd.DataFrame, people: pd.DataFrame, place: str, settings: CompareSettings, found: Found
) -> Harmonised | None:
    """Return the features of one visit of each person as declared, or None where sites cannot be told apart.

    Learnt from the people of the model. What the model holds is kept, or what ``harmonise_keep`` names.

    Parameters
    ----------
    values
        One row a person, one column a feature, indexed by participant_id.
    people
        Outcome, covariates and site of the people of the model, and columns named to be kept.
    place
        Name of the set of tests; what follows its first comma names the table.
    settings
        Of the comparison.
    found
        Where problems, notes and site effects are added.
    """
    method = settings.harmonise
    if method == "none":
        return Harmonised(values)
    smooth = (settings.harmonise_smooth,) if settings.harmonise_smooth else ()
    keep = tuple(people) if settings.harmonise_keep is None else settings.harmonise_keep
    # An outcome that is named is kept where it is the question's.
    keep = tuple(name for name in keep if name in people and name not in (SITE, *smooth))
    return _taken(values, people, keep, smooth, method, place, settings, found)


def harmonised_visits(
    values: pd.DataFrame,
    visits: pd.DataFrame,
    terms: tuple[str, ...],
    place: str,
    settings: CompareSettings,
    found: Found,
) -> Harmonised | None:
    """Return the features of all visits, by longitudinal ComBat where that was asked for.

    Parameters
    ----------
    values
        (person, session) in rows, features in columns.
    visits
        Site and terms of the visits of the model.
    terms
        Terms of the model, products among them: all are kept.
    place, settings, found
        As `harmonised` has them.
    """
    if settings.harmonise != "longitudinal":
        return Harmonised(values)
    table = visits.assign(**{PERSON: visits.index.get_level_values(PERSON)})
    return _taken(values, table, terms, (), "longitudinal", place, settings, found)


def _taken(
    values: pd.DataFrame,
    table: pd.DataFrame,
    keep: tuple[str, ...],
    smooth: tuple[str, ...],
    method: str,
    place: str,
    settings: CompareSettings,
    found: Found,
) -> Harmonised | None:
    features = pd.DataFrame(values.to_numpy(dtype=float), index=values.index)  # keys of features: positions
    table = table[table.index.isin(features.index[features.notna().any(axis=1)])]
    names = {name: name.replace(":", " ") for name in table}  # a colon is a product where things are kept
    table = table.rename(columns=names)
    keep, smooth = (tuple(names.get(name, name) for name in chosen) for chosen in (keep, smooth))
    over_visits = PERSON in table
    table = _without_lone(table, place, found)
    if table[SITE].replace("", None).nunique() < 2:
        found.problems.append(problem("CL614", found=place))
        return Harmonised(values)
    try:
        keep = _varying(table, keep, place, found)
        learner = _estimator(method, keep, smooth, over_visits=over_visits)
        fitted = learner.fit(features.loc[table.index], table)
        out = fitted.transform(features.loc[table.index], table)
    except ModelError as error:
        found.problems.append(problem("CL612", found=f"{place}: {error.reason}"))
        return None
    _told(fitted, values.columns, place, settings, names, found)
    halves(features.loc[table.index], table, learner, (*keep, *smooth), _table_name(place, method), found)
    out = out.reindex(values.index)
    out.columns = values.columns
    said = {ComBat: "combat", CovBat: "covbat", LongitudinalComBat: "longitudinal combat"}[type(learner)]
    curve = f", {', '.join(smooth)} as a curve" if smooth else ""
    return Harmonised(out, f"harmonised: {said}, kept: {', '.join(keep) or 'nothing'}{curve}")


def _table_name(place: str, method: str) -> tuple[str, str]:
    """Return the name of a table, whatever question is asked of it, and of the method."""
    over, colon, rest = place.rpartition(": ")
    return f"{over}{colon}{rest.partition(', ')[2]}", method


def _estimator(
    method: str, keep: tuple[str, ...], smooth: tuple[str, ...], *, over_visits: bool
) -> Estimator:
    if over_visits:
        return LongitudinalComBat(keep=keep, person=PERSON, site=SITE)
    combat = ComBat(keep=keep, smooth=smooth, site=SITE)
    return CovBat(combat) if method == "covbat" else combat


def _without_lone(table: pd.DataFrame, place: str, found: Found) -> pd.DataFrame:
    """Leave out who is alone at a site: the spread there cannot be known."""
    names = site_names(table, SITE)
    counts = Counter(names)
    alone = [bool(name) and counts[name] == 1 for name in names]
    for key in table.index[alone]:
        person = str(key[0] if isinstance(key, tuple) else key)
        found.problems.append(problem("CL611", participant_id=person, found=place))
    return table[[not gone for gone in alone]]


def _varying(table: pd.DataFrame, keep: tuple[str, ...], place: str, found: Found) -> tuple[str, ...]:
    """Leave out what does not vary among those who have everything: it has no effect that could be kept."""
    plain = [part for name in keep for part in name.split(":")]
    terms = {name: read_term(table, name).missing for name in dict.fromkeys(plain)}
    whole = ~pd.DataFrame(terms, index=table.index).any(axis=1)
    still = {name for name in terms if table.loc[whole, name].nunique() < 2} if whole.any() else set()
    if still:
        found.notes.append(f"{place}: {', '.join(sorted(still))} does not vary; there is nothing to keep")
    return tuple(name for name in keep if not still & set(name.split(":")))


def _told(
    fitted: FittedComBat | FittedCovBat | FittedLongitudinalComBat,
    columns: pd.Index,
    place: str,
    settings: CompareSettings,
    names: dict[str, str],
    found: Found,
) -> None:
    """Say which features were passed through, and who was left out for what the model itself does not ask."""
    if isinstance(fitted, FittedLongitudinalComBat):
        why = {at: text for at, text in enumerate(fitted.reason) if text}
        left_out = fitted.left_out
    else:
        first = fitted.first if isinstance(fitted, FittedCovBat) else fitted
        why = {int(str(at)): text for at, text in first.unchanged.items()}
        left_out = first.left_out
    targets = columns.get_level_values("target")
    for at, text in sorted(why.items()):
        found.problems.append(problem("CL613", found=f"{place}, {targets[at]}: {text}"))
    asked = {names.get(name, name) for name in settings.harmonise_columns}
    found.problems += [
        problem("CL616", participant_id=_person(item), found=f"{place}: {item.reason}")
        for item in left_out
        if asked & set(item.reason.removeprefix("missing: ").split(", "))
    ]


def _person(item: LeftOut) -> str:
    return str(item.person[0] if isinstance(item.person, tuple) else item.person)


def declared_harmonisation(settings: CompareSettings) -> dict[str, Any]:
    """Return what ``declared.json`` says."""
    if settings.harmonise == "none":
        return {"method": "none"}
    return {
        "method": settings.harmonise,
        "kept": "what each model holds" if settings.harmonise_keep is None else list(settings.harmonise_keep),
        "smooth": settings.harmonise_smooth or "",
        "tested": f"in half of each site's people, learnt from the other half (seed {SEED})",
        "learnt_from": "the people of each model; the site stays in the model",
    }


def site_rows(found: Found) -> pd.DataFrame:
    """Return site effects of all tables (schema ``harmonisation``)."""
    rows = [row for part in found.site_effects for row in part.to_dict("records")]
    return schema("harmonisation").table(rows)
