"""Covariances of people in the tangent space at the geometric mean of a reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from corticolimbic.stats._refusals import ModelError
from corticolimbic.stats._stored import StoredEstimator, check_people, reference_id, stored

Mean = Literal["riemannian", "log_euclidean"]
_KIND = "tangent_space"


@dataclass(eq=False)
class TangentSpace:
    r"""How each person's covariance deviates from the geometric mean of a reference.

    The mean M is the point of least summed squared affine-invariant distance to the reference's covariances
    (Pennec, Fillard & Ayache 2006, algorithm 3 of Fletcher & Joshi 2007 as in nilearn), and a person is
    :math:`\log(M^{-1/2} C M^{-1/2})` (Varoquaux et al. 2010, MICCAI; compared with others in Pervaiz et al.
    2020, NeuroImage 211:116604). With ``log_euclidean`` M is :math:`\exp(\mathrm{mean} \log C)` and a person
    :math:`\log C - \log M` (Arsigny et al. 2006): in closed form, but not invariant to linear mixing.
    The reference may be the people's first visits only; whoever else is transformed changes nothing of it.

    Parameters
    ----------
    mean
        Which geometric mean, and its projection.
    shrinkage
        Share (0 to 1) of the average variance: (1 - a) C + a tr(C)/p I, in fit and transform alike.
        Covariances of fewer volumes than nodes have no logarithm without it. 0 leaves them as they are.
    tolerance
        The mean has converged when the norm of its gradient divided by the number of its cells is below.
    iterations
        At most so many steps.

    Attributes
    ----------
    mean_
        The geometric mean, of the nodes used.
    nodes_
        Which nodes are used: those that at least one person of the reference has.
    people_
        Keys of the reference.
    left_out_
        Key to the reason, of people given to `fit` who are not in the reference.
    reference_id_
        Name of the reference.
    steps_
        Steps until the mean converged.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> series = rng.normal(size=(20, 100, 3))
    >>> covariances = np.einsum("pti,ptj->pij", series, series) / 100
    >>> fitted = TangentSpace().fit(covariances, [f"sub-{at:02d}" for at in range(20)])
    >>> tangents, _ = fitted.transform(covariances, fitted.people_)
    >>> bool(np.abs(tangents.mean(axis=0)).max() < 1e-8)
    True
    """

    mean: Mean = "riemannian"
    shrinkage: float = 0.0
    tolerance: float = 1e-11
    iterations: int = 200

    def fit(
        self, covariances: Float[np.ndarray, "people nodes nodes"], people: Sequence[str]
    ) -> TangentSpace:
        """Find the mean of the reference.

        Parameters
        ----------
        covariances
            One a person; rows and columns of nodes without a series are NaN. A person who lacks a node that
            others have is left out, as is one whose matrix is not positive definite.
        people
            Their keys.

        Raises
        ------
        ModelError
            Nobody is left, shrinkage is no share, or the mean did not converge.
        """
        if not 0 <= self.shrinkage <= 1:
            raise ModelError(f"shrinkage is a share from 0 to 1, not {self.shrinkage:g}")
        keys = check_people(people, len(covariances))
        self.nodes_ = np.isfinite(np.diagonal(covariances, axis1=1, axis2=2)).any(axis=0)
        usable, reasons = self._usable(covariances)
        self.left_out_ = {key: reason for key, reason in zip(keys, reasons, strict=True) if reason}
        self.people_ = tuple(key for key, reason in zip(keys, reasons, strict=True) if not reason)
        if not self.people_:
            raise ModelError(
                "nobody of the reference has a positive definite covariance of every node: "
                + "; ".join(sorted(set(reasons)))
            )
        if self.mean == "riemannian":
            self.mean_, self.steps_ = _riemannian(usable, self.tolerance, self.iterations)
        else:
            self.mean_, self.steps_ = _apply(_apply(usable, np.log).mean(axis=0), np.exp), 1
        self.reference_id_ = reference_id(_KIND, self._settings(), self.people_, usable)
        self._prepare()
        return self

    def transform(
        self, covariances: Float[np.ndarray, "people nodes nodes"], people: Sequence[str]
    ) -> tuple[Float[np.ndarray, "people used used"], dict[str, str]]:
        """Project people's covariances.

        Parameters
        ----------
        covariances, people
            As in `fit`; the nodes in the same order.

        Returns
        -------
        tangents
            One symmetric matrix a person over the nodes used, all NaN for who has none.
        reasons
            Key to the reason, of those.
        """
        if covariances.shape[1] != self.nodes_.size:
            raise ModelError(f"the reference has {self.nodes_.size} nodes, not {covariances.shape[1]}")
        keys = check_people(people, len(covariances))
        usable, reasons = self._usable(covariances)
        projected = np.full((len(keys), *self.mean_.shape), np.nan)
        rows = np.array([not reason for reason in reasons], dtype=bool)
        if rows.any() and self.mean == "riemannian":
            projected[rows] = _apply(_symmetric(self._whitening @ usable @ self._whitening), np.log)
        elif rows.any():
            projected[rows] = _apply(usable, np.log) - self._log_mean
        return projected, {key: reason for key, reason in zip(keys, reasons, strict=True) if reason}

    def to_plain(self) -> StoredEstimator:
        """Return the fitted estimator as plain text and arrays."""
        facts = {"people": list(self.people_), "left_out": self.left_out_, "steps": self.steps_}
        arrays = {"mean": self.mean_, "nodes": self.nodes_}
        return stored(_KIND, self.reference_id_, self._settings(), facts, arrays)

    @classmethod
    def from_plain(cls, plain: StoredEstimator) -> TangentSpace:
        """Return the estimator that `to_plain` wrote."""
        model, arrays = plain.checked(_KIND).model, plain.arrays
        made = cls(**model["settings"])
        made.mean_, made.nodes_ = arrays["mean"], arrays["nodes"].astype(bool)
        made.people_, made.left_out_ = tuple(model["people"]), dict(model["left_out"])
        made.reference_id_, made.steps_ = model["reference_id"], int(model["steps"])
        made._prepare()
        return made

    def _settings(self) -> dict[str, object]:
        return {
            "mean": self.mean,
            "shrinkage": self.shrinkage,
            "tolerance": self.tolerance,
            "iterations": self.iterations,
        }

    def _prepare(self) -> None:
        self._whitening = _apply(self.mean_, lambda values: values**-0.5)
        self._log_mean = _apply(self.mean_, np.log)

    def _usable(
        self, covariances: Float[np.ndarray, "people nodes nodes"]
    ) -> tuple[Float[np.ndarray, "usable used used"], list[str]]:
        used = _symmetric(covariances[:, self.nodes_][:, :, self.nodes_].astype(float))
        finite = np.isfinite(used).all(axis=(1, 2))
        if used.shape[1] == 0:
            return used[:0], ["no node has a covariance"] * len(used)
        trace = np.trace(used, axis1=1, axis2=2) / used.shape[1]
        diagonal = np.eye(used.shape[1]) * np.where(finite, trace, 0.0)[:, None, None]
        shrunk = (1 - self.shrinkage) * used + self.shrinkage * diagonal
        positive = np.zeros(len(used), dtype=bool)
        positive[finite] = _positive(shrunk[finite])
        reasons = [
            "a node has no covariance, or an infinite one"
            if not known
            else ("" if good else "the covariance is not positive definite; shrinkage would help")
            for known, good in zip(finite, positive, strict=True)
        ]
        return shrunk[positive], reasons


def tangent_vectors(tangents: Float[np.ndarray, "people nodes nodes"]) -> Float[np.ndarray, "people cells"]:
    """Return upper triangles with the diagonal, other cells times the root of 2, which keeps norms."""
    rows, columns = np.triu_indices(tangents.shape[1])
    return tangents[:, rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2.0))


def _symmetric(matrices: Float[np.ndarray, "people nodes nodes"]) -> Float[np.ndarray, "people nodes nodes"]:
    return 0.5 * (matrices + matrices.swapaxes(1, 2))


def _positive(matrices: Float[np.ndarray, "people nodes nodes"]) -> Bool[np.ndarray, " people"]:
    """Tell whose smallest eigenvalue stands above rounding of the stored 32-bit numbers."""
    values = np.linalg.eigvalsh(matrices)
    return values[:, 0] > np.finfo(np.float32).eps * np.maximum(values[:, -1], 0.0)


def _apply(
    matrices: Float[np.ndarray, "*people nodes nodes"], function: Callable[[np.ndarray], np.ndarray]
) -> Float[np.ndarray, "*people nodes nodes"]:
    """Apply a function to the eigenvalues."""
    values, vectors = np.linalg.eigh(matrices)
    return (vectors * function(values)[..., None, :]) @ vectors.swapaxes(-1, -2)


def _riemannian(
    matrices: Float[np.ndarray, "people nodes nodes"], tolerance: float, iterations: int
) -> tuple[Float[np.ndarray, "nodes nodes"], int]:
    """Descend along the gradient at the current mean; a step that makes it longer is halved from then on."""
    mean = _apply(_apply(matrices, np.log).mean(axis=0), np.exp)
    step, before = 1.0, np.inf
    for count in range(1, iterations + 1):
        root = _apply(mean, np.sqrt)
        inverse = _apply(mean, lambda values: values**-0.5)
        gradient = _apply(_symmetric(inverse @ matrices @ inverse), np.log).mean(axis=0)
        size = float(np.linalg.norm(gradient)) / gradient.size
        if size <= tolerance:
            return mean, count
        if size > before:
            step /= 2
        before = size
        mean = root @ _apply(step * gradient, np.exp) @ root
        mean = 0.5 * (mean + mean.T)
    raise ModelError(
        f"the geometric mean did not converge in {iterations} steps; its covariances are near singular and "
        "want shrinkage"
    )
