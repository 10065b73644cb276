"""Published markers as data: what they are, what they need, where they failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict

Kind = Literal["linear", "feature", "change", "relative", "weights", "clinical"]
"""``linear``: published weights. ``feature``: one feature, or several made into one. ``change``: over
sessions. ``relative``: against other people. ``weights``: weights that the user supplies. ``clinical``: a
score or rating."""
Role = Literal["prognostic", "state", "susceptibility"]
"""Foretells the course, goes with a condition that is there, or belongs to sensitivity to pain."""
MarkerState = Literal["rest", "rating", "evoked", "task", "structure", "not_imaging"]
Over = Literal["session", "change", "person_mean", "deviation"]
"""Each session by itself; later minus first; the mean of a person's sessions; a session minus that mean."""
Combine = Literal["mean", "sum"]
Transform = Literal["none", "fisher_z"]
Estimator = Literal["hub_disruption", "z_normative", "head_size_residual"]

ANY = "*"
"""Among atlases: whichever there is."""

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Key:
    """Which feature rows an input is: its measure and, where the marker fixes them, estimator and atlas.

    Parameters
    ----------
    measure
        As in table ``features``.
    statistic
        Estimator; empty takes the one that there is.
    atlases
        Accepted atlases, the preferred first: the first of which the table has any row is used, for
        everybody. ``*`` stands for any other, as long as there is only one.
    """

    __pydantic_config__ = _STRICT

    measure: str
    statistic: str = ""
    atlases: tuple[str, ...] = (ANY,)


@dataclass(frozen=True)
class Term:
    """One input of a formula: weight * (value - center) / scale.

    Parameters
    ----------
    targets
        Rows whose values make the input's value, found by name.
    key
        Which feature rows.
    weight, center, scale
        The formula's constants.
    combine
        How several targets make one value; both hemispheres: ``sum`` of volumes, ``mean`` of connectivity.
    whole
        Target that is this already (both hemispheres in one row): taken where nobody has the parts.
    """

    __pydantic_config__ = _STRICT

    targets: tuple[str, ...]
    key: Key
    weight: float = 1.0
    center: float = 0.0
    scale: float = 1.0
    combine: Combine = "mean"
    whole: str = ""

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every target that it can be made of."""
        return (*self.targets, self.whole) if self.whole else self.targets


@dataclass(frozen=True)
class Published:
    """A published performance.

    Parameters
    ----------
    what
        The number in words.
    value
        The number.
    n
        People; None where the source does not say.
    effect
        Its row in the table of effects (`corticolimbic.evidence.effects`), None where it has none.
    source
        Where it was read, where the table of effects does not say.
    """

    __pydantic_config__ = _STRICT

    what: str
    value: float
    n: int | None
    effect: str | None = None
    source: str = ""


@dataclass(frozen=True)
class Relative:
    """How a score places a person against a reference, which the study declares.

    Parameters
    ----------
    estimator
        ``hub_disruption``: slope over the targets of the differences from the reference's mean.
        ``z_normative``: z of the formula given age, covariates and site. ``head_size_residual``: residual of
        the formula for intracranial volume.
    """

    __pydantic_config__ = _STRICT

    estimator: Estimator


@dataclass(frozen=True)
class WeightsForm:
    """What weights a user must supply.

    Parameters
    ----------
    form
        ``image``: a NIfTI image, multiplied with a map of the person. ``table``: a table of targets and
        weights.
    applied_to
        In words: the map or the features that the weights belong to.
    key
        The feature rows that the weights of a table belong to; None for an image.
    similarity
        How weights and values become a score; ``dot`` (plus the intercept) or, of images, ``cosine`` or
        ``correlation``.
    """

    __pydantic_config__ = _STRICT

    form: Literal["image", "table"]
    applied_to: str
    key: Key | None = None
    similarity: Literal["dot", "cosine", "correlation"] = "dot"


@dataclass(frozen=True)
class ClinicalInput:
    """Which clinical value is the score.

    Parameters
    ----------
    rating
        ``pain``: the study's own rating of pain, as its outcome is defined; else empty.
    variables
        Names under which the value may stand among the visits, the preferred first.
    instruments
        Questionnaires that give it, the preferred first, each ``INSTRUMENT: SUBSCALE``.
    """

    __pydantic_config__ = _STRICT

    rating: Literal["", "pain"] = ""
    variables: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reliability:
    """How well a score repeats, and where that was measured."""

    __pydantic_config__ = _STRICT

    icc: float
    source: str


@dataclass(frozen=True)
class Marker:
    """A published marker.

    Parameters
    ----------
    id, name, citation, doi
        What it is and where it was published.
    kind
        How it is computed.
    role
        Whether it foretells the course (``prognostic``), goes with a condition that is there (``state``) or
        belongs to sensitivity to pain (``susceptibility``).
    state
        State of the brain it was learned in; scored on no other.
    sign
        1 where a higher score means the worse outcome, -1 where a lower one does, 0 where that is not stated.
    predicts, direction, unit
        What a score means.
    population, threshold
        Whom it was learned from, and what counted as recovery there.
    recipe, recipe_fd_threshold
        How its inputs were made, in words, and the recipe's censoring in mm; a score from another recipe is
        a variant.
    verified, unverified
        Published performance: read in its source, or known from memory only.
    failures
        Where it failed to replicate, or is contradicted.
    needs
        Files that the user must have.
    source
        Where what stands here was read.
    intercept, terms
        The formula: intercept + sum of the terms.
    transform
        Of each value before it enters the formula.
    over
        How the sessions of a person make scores.
    cut_off
        Published threshold of the score, None where there is none.
    relative, weights, clinical
        What the kinds of these names need.
    reliability
        Of the score, None where nobody has published one.
    """

    __pydantic_config__ = _STRICT

    id: str
    name: str
    citation: str
    doi: str
    kind: Kind
    role: Role
    state: MarkerState
    sign: Literal[-1, 0, 1]
    predicts: str
    direction: str
    unit: str
    population: str
    threshold: str
    recipe: str
    verified: tuple[Published, ...]
    failures: tuple[str, ...]
    needs: tuple[str, ...]
    source: str
    unverified: tuple[Published, ...] = ()
    recipe_fd_threshold: float | None = None
    intercept: float = 0.0
    terms: tuple[Term, ...] = ()
    transform: Transform = "none"
    over: Over = "session"
    cut_off: float | None = None
    relative: Relative | None = None
    weights: WeightsForm | None = None
    clinical: ClinicalInput | None = None
    reliability: Reliability | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that it needs, in the order of its terms."""
        return tuple(dict.fromkeys(target for term in self.terms for target in term.targets))

    @property
    def best(self) -> Published | None:
        """The verified figure to show where there is room for one: the first, None where there is none."""
        return self.verified[0] if self.verified else None

    @property
    def keys(self) -> tuple[Key, ...]:
        """The kinds of feature rows that it needs."""
        return tuple(dict.fromkeys(term.key for term in self.terms))
