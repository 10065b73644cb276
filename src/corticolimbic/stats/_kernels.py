"""Compiled loops over features: algebra of small matrices, and random intercepts.

No annotations: checking shapes at run time breaks compiled functions.

The callers (`corticolimbic.stats._mixed_fit`) check shapes. Symmetric matrices are the lower triangle, row by
row, in one dimension; the response stands in the last row. What the letters mean is said in
`corticolimbic.stats._mixed_fit`.
"""

import inspect

import numba
import numpy as np

CONVERGED, SINGULAR, EXACT, NO_RESIDUAL, STUCK = 0, 1, 2, 3, 4
"""How a fit ended: STUCK has no estimate that can be trusted, EXACT and NO_RESIDUAL none at all."""

ITERATIONS = 100
HIGHEST = 1 - 1e-9
"""Largest share of the variance between people that is tried."""
ZERO = 1e-4
"""Relative standard deviations below this are zero (as lme4 has it)."""
NOTHING = 1e-12
"""Share of the sum of squares that counts as rounding."""


_OPTIONS = {"nogil": True, "error_model": "numpy"}


def compiled(function):
    """Compile on first use, and keep the result where the package or the user's cache can be written."""
    plain = inspect.unwrap(function)  # tests wrap every function in a check of its annotations
    try:
        return numba.njit(cache=True, **_OPTIONS)(plain)
    except RuntimeError:  # no folder to keep it in: compile in every process
        return numba.njit(**_OPTIONS)(plain)


@compiled
def rotate(values, starts, unit, means, level, trend, within):
    """Split each person's values into level, trend over time and what is left.

    ``values`` (rows, features), rows sorted by person, ``starts`` (people + 1), ``unit`` (rows): time's
    deviation from the person's mean with norm 1, or 0. The feature's mean is taken from ``values`` and put
    into ``means`` (features). Fills ``level`` and ``trend`` (people, features): products with the person's
    unit vectors, and ``within`` (features): sum of squares of what is left.
    """
    n_rows, n_features = values.shape
    means[:] = 0
    for row in range(n_rows):
        for f in range(n_features):
            means[f] += values[row, f]
    for f in range(n_features):
        means[f] /= n_rows
    within[:] = 0
    for person in range(starts.size - 1):
        rows = slice(starts[person], starts[person + 1])
        _rotate_person(values[rows], unit[rows], means, level[person], trend[person], within)


@compiled
def _rotate_person(values, unit, means, level, trend, within):
    n_rows, n_features = values.shape
    level[:] = 0
    trend[:] = 0
    for row in range(n_rows):
        for f in range(n_features):
            values[row, f] -= means[f]
            level[f] += values[row, f] / n_rows
    for row in range(n_rows):
        if unit[row] != 0:
            for f in range(n_features):
                trend[f] += unit[row] * (values[row, f] - level[f])
    for row in range(n_rows):
        for f in range(n_features):
            left = values[row, f] - level[f] - unit[row] * trend[f]
            within[f] += left * left
    root = np.sqrt(n_rows)
    for f in range(n_features):
        level[f] *= root


@compiled
def join(one, n_one, two, n_two, out):
    """Fill ``out`` with the first elements of one and those of two."""
    for i in range(n_one):
        out[i] = one[i]
    for i in range(n_two):
        out[n_one + i] = two[i]


@compiled
def dot(one, two):
    total = 0.0
    for i in range(one.size):
        total += one[i] * two[i]
    return total


@compiled
def factor(packed, p, lower):
    """Cholesky factor of the first ``p`` rows, its diagonal inverted; return the log determinant."""
    logs = 1.0
    total = 0.0
    for i in range(p):
        start = i * (i + 1) // 2
        for j in range(i + 1):
            value = packed[start + j]
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            if i == j:
                if not value > 0:
                    return np.nan
                logs *= value
                if logs < 1e-100 or logs > 1e100:
                    total += np.log(logs)
                    logs = 1.0
                lower[i, i] = 1 / np.sqrt(value)
            else:
                lower[i, j] = value * lower[j, j]
    return total + np.log(logs)


@compiled
def invert(lower, p, inverse):
    """Inverse of a factor."""
    for j in range(p):
        inverse[j, j] = lower[j, j]
        for i in range(j + 1, p):
            value = 0.0
            for k in range(j, i):
                value -= lower[i, k] * inverse[k, j]
            inverse[i, j] = value * lower[i, i]


@compiled
def solution(packed, p, inverse, coefficients):
    """Fill the coefficients of the response on the columns and return the residual sum of squares."""
    start = p * (p + 1) // 2
    left = packed[start + p]
    coefficients[:p] = 0
    for i in range(p):
        value = 0.0
        for k in range(i + 1):
            value += inverse[i, k] * packed[start + k]
        left -= value * value
        for k in range(i + 1):
            coefficients[k] += inverse[i, k] * value
    return left


@compiled
def times_residual(packed, p, coefficients, out):
    """Fill ``out[:p]`` with the columns' part of M v, v = (-coefficients, 1); return v' M v."""
    start = p * (p + 1) // 2
    total = packed[start + p]
    for i in range(p):
        out[i] = packed[start + i]
        total -= 2 * coefficients[i] * packed[start + i]
    for i in range(p):
        row = i * (i + 1) // 2
        for j in range(i):
            out[i] -= packed[row + j] * coefficients[j]
            out[j] -= packed[row + j] * coefficients[i]
            total += 2 * packed[row + j] * coefficients[i] * coefficients[j]
        out[i] -= packed[row + i] * coefficients[i]
        total += packed[row + i] * coefficients[i] ** 2
    return total


@compiled
def whiten(packed, p, inverse, scratch, out):
    """Fill the lower triangle of L^-1 M L^-T."""
    for i in range(p):  # scratch = L^-1 M
        for j in range(p):
            value = 0.0
            for k in range(i + 1):
                at = k * (k + 1) // 2 + j if k >= j else j * (j + 1) // 2 + k
                value += inverse[i, k] * packed[at]
            scratch[i, j] = value
    for i in range(p):
        for j in range(i + 1):
            value = 0.0
            for k in range(j + 1):
                value += scratch[i, k] * inverse[j, k]
            out[i, j] = value


@compiled
def trace(packed, p, inverse):
    """Trace of A^-1 M, A^-1 = L^-T L^-1."""
    total = 0.0
    for k in range(p):
        for i in range(k + 1):
            value = 0.0
            start = i * (i + 1) // 2
            for j in range(i):
                value += packed[start + j] * inverse[k, j]
            total += inverse[k, i] * (2 * value + packed[start + i] * inverse[k, i])
    return total


@compiled
def inner(one, two, p):
    """Sum of the products of two symmetric matrices given as lower triangles."""
    total = 0.0
    for i in range(p):
        for j in range(i):
            total += 2 * one[i, j] * two[i, j]
        total += one[i, i] * two[i, i]
    return total


@compiled
def whiten_vector(vector, p, inverse, out):
    """Fill L^-1 vector."""
    for i in range(p):
        value = 0.0
        for k in range(i + 1):
            value += inverse[i, k] * vector[k]
        out[i] = value


@compiled
def finish(inverse, coefficients, sigma2, contrasts, estimates, variances, covariance, loads):
    """Fill estimates, variances and covariance of the contrasts.

    ``loads[c]`` becomes L^-1 c for each contrast.
    """
    p = coefficients.size
    for c in range(contrasts.shape[0]):
        estimate = 0.0
        variance = 0.0
        for i in range(p):
            estimate += contrasts[c, i] * coefficients[i]
            value = 0.0
            for k in range(i + 1):
                value += inverse[i, k] * contrasts[c, k]
            loads[c, i] = value
            variance += value * value
        estimates[c] = estimate
        variances[c] = sigma2 * variance
    for c in range(contrasts.shape[0]):
        for d in range(c + 1):
            value = 0.0
            for i in range(p):
                value += loads[c, i] * loads[d, i]
            covariance[c, d] = covariance[d, c] = sigma2 * value


@compiled
def sandwich(symmetric, vector, p):
    """Return x' M x of a lower triangle."""
    total = 0.0
    for i in range(p):
        value = 0.0
        for j in range(i):
            value += symmetric[i, j] * vector[j]
        total += vector[i] * (2 * value + symmetric[i, i] * vector[i])
    return total


@compiled
def _scan_intercept(own, weights, logs, inverses, nu, cross):
    """Return the position of the lowest deviance among the shares scanned, or -1 where nothing is left.

    ``own`` (m + 1, p + 1); ``weights`` (g, m + 1).
    """
    p = cross.size
    best, least = 0, np.inf
    for g in range(logs.size):
        left = 0.0
        for i in range(p):
            cross[i] = 0
        for m in range(own.shape[0]):
            w = weights[g, m]
            for i in range(p):
                cross[i] += w * own[m, i]
            left += w * own[m, p]
        squares = left
        for i in range(p):
            value = 0.0
            for k in range(i + 1):
                value += inverses[g, i, k] * cross[k]
            left -= value * value
        if left <= NOTHING * squares:
            return -1
        deviance = logs[g] + nu * np.log(left)
        if deviance < least:
            best, least = g, deviance
    return best


@compiled
def _intercept_moments(ratio, sizes, counts, fixed, own, p, moments):
    """Fill X'V^-1X with the response and its two derivatives by the ratio; return log |V| and its own."""
    triangle = p * (p + 1) // 2
    a, a1, a2 = moments[0], moments[1], moments[2]
    join(fixed[0], triangle, own[0], p + 1, a)
    for i in range(triangle + p + 1):
        a1[i] = a2[i] = 0
    logs, log1, log2 = 0.0, 0.0, 0.0
    for m in range(1, own.shape[0]):
        size = sizes[m - 1]
        w = 1 / (1 + size * ratio)
        w1 = -size * w * w
        w2 = -2 * size * w * w1
        for i in range(triangle):
            a[i] += w * fixed[m, i]
            a1[i] += w1 * fixed[m, i]
            a2[i] += w2 * fixed[m, i]
        for i in range(p + 1):
            a[triangle + i] += w * own[m, i]
            a1[triangle + i] += w1 * own[m, i]
            a2[triangle + i] += w2 * own[m, i]
        logs -= counts[m - 1] * np.log(w)
        log1 += counts[m - 1] * size * w
        log2 -= counts[m - 1] * (size * w) ** 2
    return logs, log1, log2


@compiled
def _intercept_state(ratio, sizes, counts, fixed, own, restricted, moments, work, beta, state):
    """Fill ``state``: log determinants and the squares left, each with two derivatives by the ratio.

    ``work`` (5, p, p): factor, its inverse, L^-1 A' L^-T and scratch.
    """
    p = beta.size
    lower, inverse, white = work[0], work[1], work[2]
    logs, log1, log2 = _intercept_moments(ratio, sizes, counts, fixed, own, p, moments)
    log_a = factor(moments[0], p, lower)
    invert(lower, p, inverse)
    left = solution(moments[0], p, inverse, beta)
    moved, moved_white = work[4, 0], work[3, 0]
    left1 = times_residual(moments[1], p, beta, moved)
    whiten_vector(moved, p, inverse, moved_white)
    left2 = times_residual(moments[2], p, beta, moved)
    for i in range(p):
        left2 -= 2 * moved_white[i] * moved_white[i]
    whiten(moments[1], p, inverse, work[3], white)
    if restricted:
        logs += log_a
        log2 += trace(moments[2], p, inverse) - inner(white, white, p)
        for i in range(p):
            log1 += white[i, i]
    state[0], state[1], state[2] = logs, log1, log2
    state[3], state[4], state[5] = left, left1, left2


@compiled
def _next_share(share, low, high, scale, nu, state):
    """Return the next share of variance and whether the one after it would be the same.

    Newton's step where it stays inside the bracket, else the bracket's middle.
    """
    left = state[3]
    slope = state[1] + nu * state[4] / left
    curve = state[2] + nu * (state[5] / left - (state[4] / left) ** 2)
    by = scale / (1 - share) ** 2  # derivatives by the share
    curve = curve * by * by + slope * 2 * by / (1 - share)
    new = share - slope * by / curve if curve > 0 else np.nan
    room = min(share + 1e-6, 1 - share)
    if low < new < high:
        return new, abs(new - share) <= 1e-5 * room  # what is left is of the order of its square
    new = 0.5 * (low + high)
    return new, abs(new - share) <= 1e-10 * room


@compiled
def _intercept_dfs(state, sigma2, nu, white, loads, variances, dfs):
    """Fill Satterthwaite's f^2 / (g' H^-1 g), H the derivatives of the deviance by (ratio, sigma2)."""
    h11 = state[2] + state[5] / sigma2
    h12 = -state[4] / sigma2**2
    h22 = nu / sigma2**2
    det = h11 * h22 - h12 * h12
    for c in range(dfs.size):
        value = variances[c]
        g1 = -sigma2 * sandwich(white, loads[c], loads.shape[1])
        g2 = value / sigma2
        dfs[c] = value * value * det / (g1 * g1 * h22 - 2 * g1 * g2 * h12 + g2 * g2 * h11)
        if not det > 0:
            dfs[c] = np.nan


@compiled
def _search_intercept(
    grid, best, scale, sizes, counts, fixed, own, nu, restricted, moments, work, beta, state
):
    """Return the ratio of variances at the minimum beside ``grid[best]``, and how the search ended."""
    share = grid[best]
    low = grid[best - 1] if best > 0 else 0.0
    high = grid[best + 1] if best + 1 < grid.size else HIGHEST
    done = False
    for _ in range(ITERATIONS):
        ratio = scale * share / (1 - share)
        _intercept_state(ratio, sizes, counts, fixed, own, restricted, moments, work, beta, state)
        if done:  # what the results are made of is that of the last step
            return ratio, STUCK if share > 1 - 2 * (1 - HIGHEST) else CONVERGED
        slope = state[1] + nu * state[4] / state[3]
        if share == 0.0 and slope >= 0:
            return ratio, SINGULAR
        if slope < 0:
            low = share
        else:
            high = share
        share, done = _next_share(share, low, high, scale, nu, state)
    return 0.0, STUCK


@compiled
def fit_intercept(
    sizes,
    counts,
    fixed,
    own,
    grid,
    scan_log,
    scan_inverse,
    scale,
    nu,
    restricted,
    contrasts,
    ratios,
    sigma2s,
    criteria,
    ends,
    estimates,
    variances,
    dfs,
    covariances,
):
    """Fit a random intercept to each feature by Newton's method inside a bracket.

    ``sizes``, ``counts`` (m): numbers of visits, and of people who have them. ``fixed`` (m + 1, triangle of
    p): cross-products of the columns, within people first, then between people of each size; ``own``
    (features, m + 1, p + 1): the same of the response. ``grid`` (g): shares of variance that are scanned,
    from 0; ``scan_log`` (g): their log determinants; ``scan_inverse`` (g, p, p). ``contrasts`` (c, p). The
    others are filled, one element a feature.
    """
    n_features, n_parts, width = own.shape
    p = width - 1
    moments = np.empty((3, p * (p + 1) // 2 + width))
    work = np.zeros((5, p, p))
    beta, cross, state = np.empty(p), np.empty(p), np.empty(6)
    loads = np.empty((contrasts.shape[0], p))
    weights = np.ones((grid.size, n_parts))
    for g in range(grid.size):
        for m in range(1, n_parts):
            weights[g, m] = 1 / (1 + sizes[m - 1] * scale * grid[g] / (1 - grid[g]))
    for f in range(n_features):
        total = 0.0
        for m in range(n_parts):
            total += own[f, m, p]
        if own[f, 0, p] <= NOTHING * total:
            ends[f] = NO_RESIDUAL
            continue
        best = _scan_intercept(own[f], weights, scan_log, scan_inverse, nu, cross)
        if best < 0:
            ends[f] = EXACT
            continue
        ratio, end = _search_intercept(
            grid, best, scale, sizes, counts, fixed, own[f], nu, restricted, moments, work, beta, state
        )
        ends[f] = end
        if end == STUCK:
            continue
        sigma2 = state[3] / nu
        ratios[f] = ratio
        sigma2s[f] = sigma2
        criteria[f] = state[0] + nu * (1 + np.log(2 * np.pi * sigma2))
        finish(work[1], beta, sigma2, contrasts, estimates[f], variances[f], covariances[f], loads)
        if end == SINGULAR:
            dfs[f] = nu
        else:
            _intercept_dfs(state, sigma2, nu, work[2], loads, variances[f], dfs[f])
