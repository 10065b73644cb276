"""Compiled loops over features: random intercepts and slopes. As in `corticolimbic.stats._kernels`.

What is compiled here is kept on disk until this file changes: after a change of `_kernels`, touch it.
"""

import numpy as np

from corticolimbic.stats._kernels import (
    CONVERGED,
    EXACT,
    ITERATIONS,
    NO_RESIDUAL,
    NOTHING,
    SINGULAR,
    STUCK,
    ZERO,
    compiled,
    dot,
    factor,
    finish,
    inner,
    invert,
    join,
    sandwich,
    solution,
    times_residual,
    trace,
    whiten,
    whiten_vector,
)

_ENOUGH = 1e-10
"""An expected fall of the deviance that is not worth a step."""
_FLAT = 1e-8
"""Curvature that a direction has for damping where it has none."""
_FLAT_ZERO = 0.02
"""Relative standard deviations below this are zero where the search ended on the flat."""


@compiled
def _weight(theta, root, out):
    """Fill (I + TT')^-1, T = R Lambda, of a schedule (its three elements); return its determinant.

    The determinant is a sum of squares: nothing cancels where the variances are large.
    """
    t11 = root[0] * theta[0] + root[1] * theta[1]
    t12 = root[1] * theta[2]
    t21 = root[2] * theta[1]
    t22 = root[2] * theta[2]
    one, two = t11 * t11 + t12 * t12, t21 * t21 + t22 * t22
    det = 1 + one + two + (root[0] * root[2] * theta[0] * theta[2]) ** 2
    out[0] = (1 + two) / det
    out[1] = -(t11 * t21 + t12 * t22) / det
    out[2] = (1 + one) / det
    return det


@compiled
def slope_weights(theta, roots, counts, weights):
    """Fill (I + R D R')^-1 of each schedule (its three elements); return log |V|."""
    logs = 0.0
    for g in range(roots.shape[0]):
        logs += counts[g] * np.log(_weight(theta, roots[g], weights[g]))
    return logs


@compiled
def _accumulate(coefficient, part, size, out):
    c0, c1, c2 = coefficient[0], coefficient[1], coefficient[2]
    for i in range(size):
        out[i] += c0 * part[0, i] + c1 * part[1, i] + c2 * part[2, i]


@compiled
def _slope_moments(theta, roots, counts, fixed, own, fixed_within, own_within, p, moments, coefficients):
    """Fill X'V^-1X with the response, its first and its second derivatives by D; return log |V| and its own.

    ``moments`` (10, triangle of p + 1): 0 the matrix, 1 to 3 by D11, D12, D22, 4 to 9 by pairs of them (11,
    12, 22, 13, 23, 33). ``coefficients`` (10, 3) is scratch. Returns log |V| and, as arrays, its first and
    second derivatives.
    """
    triangle = p * (p + 1) // 2
    moments[:] = 0
    join(fixed_within, triangle, own_within, p + 1, moments[0])
    logs = 0.0
    log1 = np.zeros(3)
    log2 = np.zeros(6)
    for g in range(roots.shape[0]):
        r11, r12, r22 = roots[g, 0], roots[g, 1], roots[g, 2]
        det = _weight(theta, roots[g], coefficients[0])
        k11, k12, k22 = coefficients[0, 0], coefficients[0, 1], coefficients[0, 2]
        # F = R'K, so that w = F u; M = R'KR
        f11, f12 = r11 * k11, r11 * k12
        f21, f22 = r12 * k11 + r22 * k12, r12 * k12 + r22 * k22
        m11 = f11 * r11
        m12 = f11 * r12 + f12 * r22
        m22 = f21 * r12 + f22 * r22
        count = counts[g]
        logs += count * np.log(det)
        log1[0] += count * m11
        log1[1] += count * 2 * m12
        log1[2] += count * m22
        log2[0] -= count * m11 * m11
        log2[1] -= count * 2 * m11 * m12
        log2[2] -= count * 2 * (m12 * m12 + m11 * m22)
        log2[3] -= count * m12 * m12
        log2[4] -= count * 2 * m12 * m22
        log2[5] -= count * m22 * m22
        c = coefficients
        # P11, P12 + P21, P22 of w in those of u
        q = c[1:4]
        q[0, 0], q[0, 1], q[0, 2] = f11 * f11, f11 * f12, f12 * f12
        q[1, 0], q[1, 1], q[1, 2] = 2 * f11 * f21, f11 * f22 + f12 * f21, 2 * f12 * f22
        q[2, 0], q[2, 1], q[2, 2] = f21 * f21, f21 * f22, f22 * f22
        for i in range(3):
            c[4, i] = 2 * m11 * q[0, i]
            c[5, i] = 2 * m12 * q[0, i] + m11 * q[1, i]
            c[6, i] = 2 * m22 * q[0, i] + 2 * m12 * q[1, i] + 2 * m11 * q[2, i]
            c[7, i] = m12 * q[1, i]
            c[8, i] = m22 * q[1, i] + 2 * m12 * q[2, i]
            c[9, i] = 2 * m22 * q[2, i]
            for k in range(1, 4):
                c[k, i] = -c[k, i]
        for k in range(10):
            _accumulate(c[k], fixed[g], triangle, moments[k, :triangle])
            _accumulate(c[k], own[g], p + 1, moments[k, triangle:])
    return logs, log1, log2


@compiled
def _slope_state(
    theta,
    roots,
    counts,
    fixed,
    own,
    fixed_within,
    within,
    nu,
    restricted,
    moments,
    coefficients,
    work,
    white,
    derivatives,
    gradient,
    hessian,
    beta,
    state,
):
    """Fill the profiled deviance's derivatives by theta, and ``state``: log determinants, squares left.

    ``work`` (4, ., p): factor, its inverse, scratch. ``white`` (3, p, p): L^-1 A_k L^-T by D.
    ``derivatives`` (8, 3) by theta: gradient and Hessian of the squares left, then of the log determinants.
    """
    p = beta.size
    logs, log1, log2 = _slope_moments(
        theta, roots, counts, fixed, own, fixed_within, within, p, moments, coefficients
    )
    log_a = factor(moments[0], p, work[0])
    invert(work[0], p, work[1])
    left = solution(moments[0], p, work[1], beta)
    left1, left2 = np.empty(3), np.empty(6)
    for k in range(3):
        left1[k] = times_residual(moments[1 + k], p, beta, work[2, 0])
        whiten_vector(work[2, 0], p, work[1], work[3, k])
        whiten(moments[1 + k], p, work[1], work[2], white[k])
    if restricted:
        logs += log_a
        for k in range(3):
            for i in range(p):
                log1[k] += white[k, i, i]
    at = 0
    for k in range(3):
        for m in range(k + 1):
            left2[at] = times_residual(moments[4 + at], p, beta, work[2, 0])
            for i in range(p):
                left2[at] -= 2 * work[3, k, i] * work[3, m, i]
            if restricted:
                log2[at] += trace(moments[4 + at], p, work[1]) - inner(white[k], white[m], p)
            at += 1
    _by_theta(theta, left1, left2, derivatives[0], derivatives[1:4])
    _by_theta(theta, log1, log2, derivatives[4], derivatives[5:8])
    for k in range(3):
        gradient[k] = derivatives[4, k] + nu * derivatives[0, k] / left
    for k in range(3):
        for m in range(3):
            of_squares = derivatives[1 + k, m] / left - derivatives[0, k] * derivatives[0, m] / (left * left)
            hessian[k, m] = derivatives[5 + k, m] + nu * of_squares
    state[0], state[1] = logs, left


@compiled
def _by_theta(theta, first, second, gradient, hessian):
    """Turn derivatives by D11 = t0^2, D12 = t0 t1, D22 = t1^2 + t2^2 into those by theta."""
    jacobian = np.zeros((3, 3))
    jacobian[0, 0] = 2 * theta[0]
    jacobian[1, 0] = theta[1]
    jacobian[1, 1] = theta[0]
    jacobian[2, 1] = 2 * theta[1]
    jacobian[2, 2] = 2 * theta[2]
    for k in range(3):
        gradient[k] = 0.0
        for i in range(3):
            gradient[k] += jacobian[i, k] * first[i]
        for m in range(3):
            value = 0.0
            for i in range(3):
                for j in range(3):
                    at = i * (i + 1) // 2 + j if i >= j else j * (j + 1) // 2 + i
                    value += jacobian[i, k] * second[at] * jacobian[j, m]
            hessian[k, m] = value
    hessian[0, 0] += 2 * first[0]
    hessian[0, 1] += first[1]
    hessian[1, 0] += first[1]
    hessian[1, 1] += 2 * first[2]
    hessian[2, 2] += 2 * first[2]


@compiled
def _damped(hessian, gradient, damping, step):
    """Solve (H + damping |diag H|) step = -gradient; return whether that matrix is positive definite."""
    a = hessian[0, 0] + damping * (abs(hessian[0, 0]) + _FLAT)
    if not a > 0:
        return False
    l11 = np.sqrt(a)
    l21, l31 = hessian[1, 0] / l11, hessian[2, 0] / l11
    b = hessian[1, 1] + damping * (abs(hessian[1, 1]) + _FLAT) - l21 * l21
    if not b > 0:
        return False
    l22 = np.sqrt(b)
    l32 = (hessian[2, 1] - l31 * l21) / l22
    c = hessian[2, 2] + damping * (abs(hessian[2, 2]) + _FLAT) - l31 * l31 - l32 * l32
    if not c > 0:
        return False
    l33 = np.sqrt(c)
    y1 = -gradient[0] / l11
    y2 = (-gradient[1] - l21 * y1) / l22
    y3 = (-gradient[2] - l31 * y1 - l32 * y2) / l33
    step[2] = y3 / l33
    step[1] = (y2 - l32 * step[2]) / l22
    step[0] = (y1 - l21 * step[1] - l31 * step[2]) / l11
    return True


@compiled
def _gather(group, level, trend, columns_level, columns_trend, own):
    """Fill the response's products (g, 3, p + 1), its own last; return the sum of its squares."""
    p = columns_level.shape[1]
    own[:] = 0
    total = 0.0
    for person in range(group.size):
        g = group[person]
        a, b = level[person], trend[person]
        for i in range(p):
            x, z = columns_level[person, i], columns_trend[person, i]
            own[g, 0, i] += x * a
            own[g, 1, i] += x * b + z * a
            own[g, 2, i] += z * b
        own[g, 0, p] += a * a
        own[g, 1, p] += 2 * a * b
        own[g, 2, p] += b * b
        total += a * a + b * b
    return total


@compiled
def _scan_slope(own, within, weights, logs, inverses, nu, cross):
    """Return the position of the lowest deviance among the thetas scanned, or -1 where nothing is left."""
    width = within.size
    best, least = 0, np.inf
    for s in range(logs.size):
        for i in range(width):
            cross[i] = within[i]
        for g in range(own.shape[0]):
            _accumulate(weights[s, g], own[g], width, cross)
        left = cross[width - 1]
        for i in range(width - 1):
            value = 0.0
            for k in range(i + 1):
                value += inverses[s, i, k] * cross[k]
            left -= value * value
        if left <= NOTHING * cross[width - 1]:
            return -1
        deviance = logs[s] + nu * np.log(left)
        if deviance < least:
            best, least = s, deviance
    return best


@compiled
def _deviance(
    theta, roots, counts, fixed, own, fixed_within, within, nu, restricted, weights, packed, work, beta
):
    """Return the profiled deviance, without its constants."""
    p = beta.size
    logs = slope_weights(theta, roots, counts, weights)
    triangle = p * (p + 1) // 2
    join(fixed_within, triangle, within, p + 1, packed)
    for g in range(roots.shape[0]):
        _accumulate(weights[g], fixed[g], triangle, packed[:triangle])
        _accumulate(weights[g], own[g], p + 1, packed[triangle:])
    log_a = factor(packed, p, work[0])
    if not np.isfinite(log_a):
        return np.inf
    invert(work[0], p, work[1])
    left = solution(packed, p, work[1], beta)
    if not left > 0:
        return np.inf
    return logs + (log_a if restricted else 0.0) + nu * np.log(left)


@compiled
def _search(
    theta,
    roots,
    counts,
    fixed,
    own,
    fixed_within,
    within,
    nu,
    restricted,
    moments,
    coefficients,
    weights,
    work,
    white,
    derivatives,
    gradient,
    hessian,
    step,
    trial,
    beta,
    state,
):
    """Move ``theta`` to a minimum; return how that ended. ``state``: log determinants, squares left.

    Levenberg and Marquardt: damped until the step descends.
    """
    damping = 0.0
    found, zero = False, ZERO
    _slope_state(
        theta,
        roots,
        counts,
        fixed,
        own,
        fixed_within,
        within,
        nu,
        restricted,
        moments,
        coefficients,
        work,
        white,
        derivatives,
        gradient,
        hessian,
        beta,
        state,
    )
    value = state[0] + nu * np.log(state[1])
    for _ in range(ITERATIONS):
        expected, new = np.inf, np.inf
        for _ in range(60):
            if _damped(hessian, gradient, damping, step):
                expected = -0.5 * dot(gradient, step)  # half the decrement, at least
                for k in range(3):
                    trial[k] = theta[k] + step[k]
                new = _deviance(
                    trial,
                    roots,
                    counts,
                    fixed,
                    own,
                    fixed_within,
                    within,
                    nu,
                    restricted,
                    weights,
                    moments[0],
                    work,
                    beta,
                )
                if new <= value + 1e-9 * expected or expected < _ENOUGH:
                    break
            damping = max(4 * damping, 0.01)
        if not (new <= value + 1e-9 * expected or expected < _ENOUGH):
            return STUCK
        if expected > _ENOUGH or new < value:
            for k in range(3):
                theta[k] = trial[k]
        used = damping
        damping = 0.25 * damping if damping > 1e-4 else 0.0
        _slope_state(
            theta,
            roots,
            counts,
            fixed,
            own,
            fixed_within,
            within,
            nu,
            restricted,
            moments,
            coefficients,
            work,
            white,
            derivatives,
            gradient,
            hessian,
            beta,
            state,
        )
        value = state[0] + nu * np.log(state[1])
        if expected < _ENOUGH:
            found = used < 100  # a step that is damped more may be short far from a minimum
            zero = ZERO
            break
    else:
        # Where intercepts hardly vary, the deviance is all but flat in how they go with slopes.
        found = _damped(hessian, gradient, 0.01, step) and -dot(gradient, step) < 1e-5
        zero = _FLAT_ZERO
    if not found:
        return STUCK
    return SINGULAR if min(abs(theta[0]), abs(theta[2])) < zero else CONVERGED


@compiled
def fit_slope(
    roots,
    counts,
    fixed,
    fixed_within,
    group,
    level,
    trend,
    columns_level,
    columns_trend,
    within,
    scan,
    scan_weights,
    scan_log,
    scan_inverse,
    nu,
    restricted,
    contrasts,
    thetas,
    sigma2s,
    criteria,
    ends,
    estimates,
    variances,
    dfs,
    covariances,
):
    """Fit a random intercept and slope to each feature by Newton's method on the Cholesky factor of D.

    The deviance is even in the columns of the factor, so its sign needs no bounds: a minimum at zero is a
    point where the derivative vanishes.

    ``roots`` (g, 3): R of each schedule; ``counts`` (g): people who have it; ``group`` (people): which.
    ``fixed`` (g, 3, triangle of p), ``fixed_within``: cross-products of the columns by level and level, level
    and trend, trend and trend, and within. ``level``, ``trend`` (features, people); ``columns_level``,
    ``columns_trend`` (people, p); ``within`` (features, p + 1). ``scan`` (s, 3): thetas that are tried first,
    with their weights (s, g, 3), log determinants (s) and inverse factors (s, p, p).
    """
    n_features, width = within.shape
    p = width - 1
    n_groups = roots.shape[0]
    own = np.empty((n_groups, 3, width))
    moments = np.empty((10, p * (p + 1) // 2 + width))
    coefficients, weights = np.empty((10, 3)), np.empty((n_groups, 3))
    work = np.zeros((4, max(p, 3), p))
    white = np.zeros((3, p, p))
    derivatives, gradient, hessian = np.empty((8, 3)), np.empty(3), np.empty((3, 3))
    theta, step, trial, state = np.empty(3), np.empty(3), np.empty(3), np.empty(2)
    beta, cross = np.empty(p), np.empty(width)
    loads = np.empty((contrasts.shape[0], p))
    for f in range(n_features):
        total = within[f, p] + _gather(group, level[f], trend[f], columns_level, columns_trend, own)
        if within[f, p] <= NOTHING * total:
            ends[f] = NO_RESIDUAL
            continue
        best = _scan_slope(own, within[f], scan_weights, scan_log, scan_inverse, nu, cross)
        if best < 0:
            ends[f] = EXACT
            continue
        for k in range(3):
            theta[k] = scan[best, k]
        theta[1] += 1e-3 * theta[2]  # off a saddle that symmetric data may have there
        ends[f] = _search(
            theta,
            roots,
            counts,
            fixed,
            own,
            fixed_within,
            within[f],
            nu,
            restricted,
            moments,
            coefficients,
            weights,
            work,
            white,
            derivatives,
            gradient,
            hessian,
            step,
            trial,
            beta,
            state,
        )
        if ends[f] == STUCK:
            continue
        for k in range(3):
            thetas[f, k] = theta[k]
        sigma2 = state[1] / nu
        sigma2s[f] = sigma2
        criteria[f] = state[0] + nu * (1 + np.log(2 * np.pi * sigma2))
        finish(work[1], beta, sigma2, contrasts, estimates[f], variances[f], covariances[f], loads)
        _satterthwaite(theta, derivatives, sigma2, nu, white, loads, p, variances[f], dfs[f])


@compiled
def _satterthwaite(theta, derivatives, sigma2, nu, white, loads, p, variances, dfs):
    """Fill degrees of freedom from the information of theta and log sigma2.

    Directions without curvature (a parameter at zero beside which another is not determined) carry no
    information and are left out, as lmerTest does.
    """
    full = np.empty((4, 4))
    for k in range(3):
        for m in range(3):
            full[k, m] = derivatives[5 + k, m] + derivatives[1 + k, m] / sigma2
        full[3, k] = full[k, 3] = -derivatives[0, k] / sigma2
    full[3, 3] = nu
    values, vectors = np.linalg.eigh(full)
    by_d = np.empty(3)
    gradient = np.empty(4)
    for c in range(loads.shape[0]):
        for k in range(3):
            by_d[k] = -sigma2 * sandwich(white[k], loads[c], p)
        gradient[0] = 2 * theta[0] * by_d[0] + theta[1] * by_d[1]
        gradient[1] = theta[0] * by_d[1] + 2 * theta[1] * by_d[2]
        gradient[2] = 2 * theta[2] * by_d[2]
        gradient[3] = variances[c]
        spread = 0.0
        for k in range(4):
            if values[k] > 1e-8:
                part = 0.0
                for i in range(4):
                    part += vectors[i, k] * gradient[i]
                spread += part * part / values[k]
        dfs[c] = variances[c] ** 2 / spread
