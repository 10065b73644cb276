"""Compiled loops over people for the slow dynamics. No annotations: run-time checks break compiled functions.

People stand side by side in blocks of ``LANES``: one flat array holds row after row of ``LANES`` numbers, so
that every inner loop runs over the people of a block and becomes vector instructions. All of a block goes
through the same instructions, whoever stands beside whom: results do not depend on batches or threads.
The callers (`corticolimbic.theory._integrate`) check shapes; the equations are in docs/theory-engine.md.
"""

import inspect

import numba
import numpy as np

from corticolimbic.theory._layout import CHANNELS, LANES, OUTPUTS, SLOTS, STATES

_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "nnan", "ninf"}}


def _compiled(function):
    """Compile on first use, and keep the result where the package or the user's cache can be written."""
    plain = inspect.unwrap(function)  # tests wrap every function in a check of its annotations
    try:
        return numba.njit(cache=True, **_OPTIONS)(plain)
    except RuntimeError:  # no folder to keep it in: compile in every process
        return numba.njit(**_OPTIONS)(plain)


def _within(function):
    """Compile so that it becomes part of the loop that calls it."""
    return numba.njit(forceinline=True, **_OPTIONS)(inspect.unwrap(function))


_N_SLOTS, _N_STATES = len(SLOTS), len(STATES)
_W, _CP, _BN, _ACQ, _EXT, _EXTRA, _KA, _KR, _XAR, _XRA, _DPLUS, _INPUT = (LANES * k for k in range(12))
_UC, _UA, _UR, _MC, _MA, _MR, _MV, _MK = (LANES * k for k in range(12, 20))
_C, _V, _K, _A, _R, _PIT, _ADR, _GREY, _DIS = (LANES * (_N_SLOTS + k) for k in range(9))
(
    _GB,
    _LB,
    _N1,
    _N2,
    _F1,
    _F2,
    _E1,
    _E2,
    _INC,
    _H1,
    _H2,
    _AOLD,
    _Y1,
    _HEAL,
    _TAIL,
    _FLARE,
    _HDEC,
    _TDEC,
    _EFAST,
    _ESLOW,
    _DP,
    _DA,
    _HMID,
    _TMID,
    _NMID,
) = (LANES * (_N_SLOTS + _N_STATES + k) for k in range(25))
_ROWS = _N_SLOTS + _N_STATES + 25

_TWO52 = 4503599627370496.0
_MAGIC = np.uint64(0x4330000000000000)
_ONE = np.uint64(0x3FF0000000000000)
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_LOW = np.uint64(0xFFFFFFFF)
_S17, _S23, _S41, _S45, _S19, _S32, _S52 = (np.uint64(k) for k in (17, 23, 41, 45, 19, 32, 52))
_HALF_ROOT = np.sqrt(2.0)
_LN2 = np.log(2.0)


@_within
def _exp(x):
    """Return exp(x) to a relative 1e-11 for |x| < 3, and still 1e-8 at 5."""
    y = x * 0.0625
    s = 1.0 + y * (1 / 8)
    s = 1.0 + y * (1 / 7) * s
    s = 1.0 + y * (1 / 6) * s
    s = 1.0 + y * (1 / 5) * s
    s = 1.0 + y * (1 / 4) * s
    s = 1.0 + y * (1 / 3) * s
    s = 1.0 + y * (1 / 2) * s
    s = 1.0 + y * s
    s = s * s
    s = s * s
    s = s * s
    return s * s


@_compiled
def normals(words, bits, numbers, out, first, count):
    """Fill ``count`` rows of ``out`` from row ``first`` on with standard normal numbers, in pairs.

    ``words`` (4 LANES) are states of xoshiro256++, one a person; ``bits`` and ``numbers`` (3 LANES) are the
    same memory seen as integers and as floats. Box and Muller's transform with 32 bits each of radius and
    angle: numbers end at 6.7, and logarithm, sine and cosine are series with errors below 1e-9.
    """
    at = first * LANES
    for _ in range((count + 1) // 2):
        for i in range(LANES):
            s0, s1, s2, s3 = words[i], words[LANES + i], words[2 * LANES + i], words[3 * LANES + i]
            r = s0 + s3
            r = ((r << _S23) | (r >> _S41)) + s0
            t = s1 << _S17
            s2 ^= s0
            s3 ^= s1
            s1 ^= s2
            s0 ^= s3
            s2 ^= t
            s3 = (s3 << _S45) | (s3 >> _S19)
            words[i], words[LANES + i], words[2 * LANES + i], words[3 * LANES + i] = s0, s1, s2, s3
            bits[i] = (r >> _S32) | _MAGIC
            bits[LANES + i] = (r & _LOW) | _MAGIC
        for i in range(LANES):
            numbers[i] = (numbers[i] - _TWO52 + 0.5) * 2.0**-32
            numbers[LANES + i] = (numbers[LANES + i] - _TWO52) * 2.0**-32 - 0.5
        for i in range(LANES):
            word = bits[i]
            bits[2 * LANES + i] = (word >> _S52) | _MAGIC
            bits[i] = (word & _MANTISSA) | _ONE
        for i in range(LANES):
            m = numbers[i]
            s = (m - _HALF_ROOT) / (m + _HALF_ROOT)
            z = s * s
            series = 1.0 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11)))))
            log = (numbers[2 * LANES + i] - _TWO52 - 1022.5) * _LN2 + 2.0 * s * series
            radius = np.sqrt(-2.0 * log)
            a = np.pi * numbers[LANES + i]
            y = a * a
            sine = a * (
                1
                - y
                / 6
                * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110 * (1 - y / 156 * (1 - y / 210))))))
            )
            cosine = 1 - y / 2 * (
                1
                - y
                / 12
                * (1 - y / 30 * (1 - y / 56 * (1 - y / 90 * (1 - y / 132 * (1 - y / 182 * (1 - y / 240))))))
            )
            out[at + i] = radius * 2.0 * sine * cosine
            out[at + LANES + i] = radius * (cosine * cosine - sine * sine)
        at += 2 * LANES


@_within
def _drives(b, i, k, c, v, m, a, r, n, adrenal):
    """Return nociception, memory drive and opponent drive."""
    om, gA, gR = k[0], k[7], k[8]
    noci = n * (1.0 + k[6] * a)
    amplified = gA * a + gR * r
    expressed = v + om * (m - v)
    memory = b[_W + i] * (k[15] * c + b[_GB + i]) * expressed * (1.0 + amplified)
    opponent = k[9] * amplified + k[10] * max(adrenal - 1.0, 0.0)
    return noci, memory, opponent


@_within
def _rates(b, i, k, coupling, v, m, anti, reward, n, factor, wobble, adrenal):
    """Return the rates of coupling, value, memory, anti-reward, reward deficit; then pain."""
    c = b[_UC + i] * coupling * (1.0 + b[_MC + i] * wobble)
    a = b[_UA + i] * anti
    r = b[_UR + i] * reward
    noci, memory, opponent = _drives(b, i, k, c, v, m, a, r, n, adrenal)
    u = (noci + memory + opponent) * factor
    u2 = 1.0 + u * u
    n2 = 1.0 + noci * noci
    loss = 1.0 + k[11] * memory
    inverse = 1.0 / (u2 * n2 * loss)  # one division for three quotients
    p = 1.0 - inverse * n2 * loss
    q = 1.0 - inverse * u2 * loss
    control = inverse * u2 * n2
    dopamine = max(k[14], 1.0 + k[12] * p - k[13] * r + b[_DPLUS + i])
    gate = k[18] * c + b[_LB + i]
    error = p - v
    dv = (
        b[_ACQ + i] * gate * max(error, 0.0)
        - b[_EXT + i] * dopamine * control * max(-error, 0.0)
        - b[_EXTRA + i] * v
    )
    gap = v - m
    dm = k[2] * (gap + (k[1] - 1.0) * max(gap, 0.0))
    dc = k[3] * (b[_CP + i] * (1.0 + b[_BN + i] * q) - coupling)
    da = k[4] * (b[_KA + i] * p + b[_XAR + i] * r - anti)
    dr = k[5] * (b[_KR + i] * p + b[_XRA + i] * a - reward)
    return b[_MC + i] * dc, b[_MV + i] * dv, b[_MK + i] * dm, b[_MA + i] * da, b[_MR + i] * dr, p


@_compiled
def _advance(b, k, dt, grey, distress):
    """Heun's step of the five coupled states, and of the two read-outs that follow pain."""
    half = 0.5 * dt
    for i in range(LANES):
        c0, v0, m0, a0, r0 = b[_C + i], b[_V + i], b[_K + i], b[_A + i], b[_R + i]
        inc = b[_INC + i]
        dc, dv, dm, da, dr, p = _rates(
            b, i, k, c0, v0, m0, a0, r0, b[_N1 + i], b[_F1 + i], b[_E1 + i], b[_H1 + i]
        )
        y = 0.5 * p * (a0 + r0)
        c1, v1, m1 = c0 + dt * dc, v0 + dt * dv + inc, m0 + dt * dm
        a1, r1 = a0 + dt * da, r0 + dt * dr
        ec, ev, em, ea, er, p = _rates(
            b, i, k, c1, v1, m1, a1, r1, b[_N2 + i], b[_F2 + i], b[_E2 + i], b[_H2 + i]
        )
        y = 0.5 * (y + 0.5 * p * (a1 + r1))
        a2 = a0 + half * (da + ea)
        b[_C + i] = c0 + half * (dc + ec)
        b[_V + i] = max(v0 + half * (dv + ev) + inc, 0.0)
        b[_K + i] = m0 + half * (dm + em)
        b[_AOLD + i] = a0
        b[_A + i] = a2
        b[_R + i] = r0 + half * (dr + er)
        b[_GREY + i] += grey * (y - b[_GREY + i])
        b[_DIS + i] += distress * (0.5 * (a0 + a2) - b[_DIS + i])


@_compiled
def _advance_smoothly(b, k, dt, grey, distress):
    """Third-order step of the five coupled states without noise (Shu and Osher's): Heun's, and the middle."""
    quarter, sixth = 0.25 * dt, dt / 6.0
    for i in range(LANES):
        c0, v0, m0, a0, r0 = b[_C + i], b[_V + i], b[_K + i], b[_A + i], b[_R + i]
        dc, dv, dm, da, dr, p = _rates(b, i, k, c0, v0, m0, a0, r0, b[_N1 + i], 1.0, 0.0, b[_H1 + i])
        y = p * (a0 + r0)
        c1, v1, m1 = c0 + dt * dc, v0 + dt * dv, m0 + dt * dm
        a1, r1 = a0 + dt * da, r0 + dt * dr
        ec, ev, em, ea, er, p = _rates(b, i, k, c1, v1, m1, a1, r1, b[_N2 + i], 1.0, 0.0, b[_H2 + i])
        y += p * (a1 + r1)
        dc, dv, dm, da, dr = dc + ec, dv + ev, dm + em, da + ea, dr + er
        c1, v1, m1 = c0 + quarter * dc, v0 + quarter * dv, m0 + quarter * dm
        a1, r1 = a0 + quarter * da, r0 + quarter * dr
        adrenal = 0.5 * (b[_H1 + i] + b[_H2 + i])
        ec, ev, em, ea, er, p = _rates(b, i, k, c1, v1, m1, a1, r1, b[_NMID + i], 1.0, 0.0, adrenal)
        a2 = a0 + sixth * (da + 4.0 * ea)
        b[_C + i] = c0 + sixth * (dc + 4.0 * ec)
        b[_V + i] = v0 + sixth * (dv + 4.0 * ev)
        b[_K + i] = m0 + sixth * (dm + 4.0 * em)
        b[_AOLD + i] = a0
        b[_A + i] = a2
        b[_R + i] = r0 + sixth * (dr + 4.0 * er)
        b[_GREY + i] += grey * (0.25 * y - b[_GREY + i])
        b[_DIS + i] += distress * (0.5 * (a0 + a2) - b[_DIS + i])


@_within
def _cube_root(x):
    """Return the cube root to 1e-12 from 0.02 to 60: a start within 4.4 %, then Halley's iteration twice."""
    y = (0.23017 + x * (3.51673 + 0.48994 * x)) / (1.0 + x * (3.05262 + 0.08497 * x))
    for _ in range(2):
        cube = y * y * y
        y = y * (cube + 2.0 * x) / (2.0 * cube + x)
    return y


@_within
def _gland_rates(pituitary, adrenal, stress, turnover_p, turnover_a):
    cortisol = _cube_root(adrenal * pituitary * stress)
    return turnover_p * pituitary * (stress / cortisol - 1.0), turnover_a * (cortisol - adrenal)


@_compiled
def _glands_before(b, k, dt):
    """Rates and Euler's guess of the glands at the start of a step."""
    for i in range(LANES):
        stress = 1.0 + k[21] * b[_UA + i] * b[_A + i]
        pituitary, adrenal = b[_PIT + i], b[_ADR + i]
        dp, da = _gland_rates(pituitary, adrenal, stress, k[22], k[23])
        b[_DP + i], b[_DA + i] = dp, da
        b[_H1 + i], b[_H2 + i] = adrenal, adrenal + dt * da


@_compiled
def _glands_after(b, k, dt):
    """Heun's step of the glands, from anti-reward at both ends."""
    for i in range(LANES):
        stress = 1.0 + k[21] * b[_UA + i] * b[_A + i]
        dp, da = _gland_rates(b[_PIT + i] + dt * b[_DP + i], b[_H2 + i], stress, k[22], k[23])
        b[_PIT + i] += 0.5 * dt * (b[_DP + i] + dp)
        b[_ADR + i] += 0.5 * dt * (b[_DA + i] + da)


@_compiled
def _later(b, flare_decay):
    """Let injury and flares heal over one step; what was the end of a step is the start of the next."""
    for i in range(LANES):
        b[_N1 + i], b[_F1 + i], b[_E1 + i] = b[_N2 + i], b[_F2 + i], b[_E2 + i]
        b[_HEAL + i] *= b[_HDEC + i]
        b[_TAIL + i] *= b[_TDEC + i]
        b[_FLARE + i] *= flare_decay


@_compiled
def _wander(b, z, at, stay, kick):
    """Move the three Ornstein-Uhlenbeck processes over one step, exactly."""
    for i in range(LANES):
        fast = stay[0] * b[_EFAST + i] + kick[0] * z[at + i]
        slow = stay[1] * b[_ESLOW + i] + kick[1] * z[at + LANES + i]
        wobble = stay[2] * b[_E2 + i] + kick[2] * z[at + 2 * LANES + i]
        b[_EFAST + i], b[_ESLOW + i], b[_E2 + i] = fast, slow, wobble
        b[_F2 + i] = _exp(fast + slow)


@_compiled
def _memory_kick(b, z, at, sigma, dt):
    """Noise of learned value over one step: Platen's scheme without derivatives, in the sense of Ito.

    The diffusion is ``sigma sqrt(V)``; its derivative is a difference over one standard deviation.
    """
    root = np.sqrt(dt)
    for i in range(LANES):
        g = sigma * np.sqrt(max(b[_V + i], 0.0)) * b[_MV + i]
        ahead = sigma * np.sqrt(max(b[_V + i] + g * root, 0.0)) * b[_MV + i]
        n = z[at + i]
        b[_INC + i] = g * root * n + 0.5 * (ahead - g) * root * (n * n - 1.0)


@_compiled
def _record(b, k, seen, glands):
    """Put all outputs at the start of a step into ``seen`` (outputs times LANES)."""
    for i in range(LANES):
        c = b[_UC + i] * b[_C + i] * (1.0 + b[_MC + i] * b[_E1 + i])
        a = b[_UA + i] * b[_A + i]
        r = b[_UR + i] * b[_R + i]
        adrenal = b[_ADR + i] if glands else 1.0
        noci, memory, opponent = _drives(b, i, k, c, b[_V + i], b[_K + i], a, r, b[_N1 + i], adrenal)
        u = (noci + memory + opponent) * b[_F1 + i]
        p = u * u / (1.0 + u * u)
        seen[i] = p
        seen[LANES + i] = noci
        seen[2 * LANES + i] = memory
        seen[3 * LANES + i] = opponent
        seen[4 * LANES + i] = b[_N1 + i]
        seen[5 * LANES + i] = b[_UC + i] * b[_C + i]
        seen[6 * LANES + i] = c
        seen[7 * LANES + i] = b[_V + i]
        seen[8 * LANES + i] = b[_K + i]
        seen[9 * LANES + i] = a
        seen[10 * LANES + i] = r
        seen[11 * LANES + i] = max(k[14], 1.0 + k[12] * p - k[13] * r + b[_DPLUS + i])
        seen[12 * LANES + i] = 1.0 / (1.0 + k[11] * memory)
        cortisol = _cube_root(b[_ADR + i] * b[_PIT + i] * (1.0 + k[21] * a))
        seen[13 * LANES + i] = cortisol
        seen[14 * LANES + i] = cortisol / b[_ADR + i]
        seen[15 * LANES + i] = b[_PIT + i]
        seen[16 * LANES + i] = b[_ADR + i]
        seen[17 * LANES + i] = b[_GREY + i]
        seen[18 * LANES + i] = b[_DIS + i]
        seen[19 * LANES + i] = b[_F1 + i]


@_compiled
def _act(b, k, day, first, last, op_row, op_state, op_start, op_stop, op_times, op_plus, traits):
    """Set all slots anew from the people's own values and the actions of the day; start what is held."""
    for i in range(LANES):
        person = min(first + i, last)
        for slot in range(_N_SLOTS):
            b[slot * LANES + i] = traits[person, slot]
        for op in range(op_row.size):
            if op_start[op] <= day < op_stop[op]:
                times, plus = op_times[op, person], op_plus[op, person]
                at = op_row[op] * LANES + i
                b[at] = b[at] * times + (plus if op_state[op] < 0 else 0.0)
                if op_state[op] >= 0 and times == 0.0 and op_start[op] == day:
                    b[(_N_SLOTS + op_state[op]) * LANES + i] = plus
        b[_GB + i] = k[17] + k[16] * b[_CP + i]
        b[_LB + i] = k[20] + k[19] * b[_CP + i]


@_compiled
def _numbers_of_a_day(state, bits, numbers, z, given, first, last, row, steps, channels):
    """Draw the normal numbers of some steps, or take those that are given."""
    if given.size == 0:
        normals(state, bits, numbers, z, 0, steps * channels)
        return
    for i in range(LANES):
        person = min(first + i, last)
        for step in range(steps):
            for channel in range(channels):
                z[(step * channels + channel) * LANES + i] = given[person, row + step, channel]


@_compiled
def _begin(b, first, last, start, injuries, words, state, flare_from, cursor):
    """Put the people of a block in their places, at rest or in the states that are given."""
    b[:] = 0.0
    for i in range(LANES):
        person = min(first + i, last)
        b[_F1 + i] = b[_F2 + i] = 1.0
        cursor[i] = flare_from[person]
        for word in range(4):
            state[word * LANES + i] = words[person, word]
        for row in range(_N_STATES):
            b[(_N_SLOTS + row) * LANES + i] = start[person, row]
        b[_HDEC + i], b[_TDEC + i] = injuries[person, 2], injuries[person, 3]
        b[_HMID + i], b[_TMID + i] = np.sqrt(injuries[person, 2]), np.sqrt(injuries[person, 3])


@_compiled
def _stir(b, z, level):
    """Draw the three fluctuations from their stationary distribution."""
    for i in range(LANES):
        b[_EFAST + i] = level[0] * z[i]
        b[_ESLOW + i] = level[1] * z[LANES + i]
        b[_E1 + i] = b[_E2 + i] = level[2] * z[2 * LANES + i]
        b[_F1 + i] = b[_F2 + i] = _exp(b[_EFAST + i] + b[_ESLOW + i])


@_compiled
def _morning(b, day, first, last, injuries, cursor, flare_from, flare_day, flare_size):
    """Let injuries and flares of the day set in, and say what input there is."""
    for i in range(LANES):
        person = min(first + i, last)
        if day == 0 and b[_C + i] < 0:
            b[_C + i] = b[_CP + i]
        if injuries[person, 4] == day:
            b[_HEAL + i] += injuries[person, 0]
            b[_TAIL + i] += injuries[person, 1]
        while cursor[i] < flare_from[person + 1] and flare_day[cursor[i]] <= day:
            b[_FLARE + i] += flare_size[cursor[i]]
            cursor[i] += 1
        b[_N1 + i] = b[_INPUT + i] * (b[_HEAL + i] + b[_TAIL + i] + b[_FLARE + i])


@_compiled
def _day(b, k, z, steps, channels, noisy, glands, stay, kick, flare_decay):
    """Go through the steps of a day."""
    dt = 1.0 / steps
    flare_mid = np.sqrt(flare_decay)
    grey, distress = 1.0 - np.exp(-dt * k[24]), 1.0 - np.exp(-dt * k[25])
    for step in range(steps):
        for i in range(LANES):
            heal, tail, flare = b[_HEAL + i], b[_TAIL + i], b[_FLARE + i]
            b[_N2 + i] = b[_INPUT + i] * (heal * b[_HDEC + i] + tail * b[_TDEC + i] + flare * flare_decay)
            b[_NMID + i] = b[_INPUT + i] * (heal * b[_HMID + i] + tail * b[_TMID + i] + flare * flare_mid)
        if glands:
            _glands_before(b, k, dt)
        if noisy:
            _wander(b, z, step * channels * LANES, stay, kick)
            if channels == CHANNELS:
                _memory_kick(b, z, (step * channels + 3) * LANES, k[32], dt)
            _advance(b, k, dt, grey, distress)
        else:
            _advance_smoothly(b, k, dt, grey, distress)
        if glands:
            _glands_after(b, k, dt)
        _later(b, flare_decay)


@_compiled
def run(
    blocks,
    n_days,
    steps,
    k,
    glands,
    noisy,
    traits,
    start,
    injuries,
    flare_from,
    flare_day,
    flare_size,
    changes,
    op_row,
    op_state,
    op_start,
    op_stop,
    op_times,
    op_plus,
    words,
    given,
    record_days,
    chosen,
    out,
):
    """Follow the people of all ``blocks`` for ``n_days`` days of ``steps`` steps.

    ``k`` the constants in the order of CONSTANTS; ``traits`` (people, SLOTS); ``start`` (people, STATES), a
    negative coupling standing for the trait's own; ``injuries`` (people, 5): size, size of the tail, their
    decays in a step, day of onset; flares as ragged rows; actions as rows that multiply and add, and
    ``changes``, the days on which any begins or ends; ``words`` (people, 4) states of the random streams, or
    ``given`` (people, all steps + 1, CHANNELS) normal numbers in their place. Fills ``out`` (people, times,
    outputs) at ``record_days``.
    """
    b = np.zeros(_ROWS * LANES)
    seen = np.empty(len(OUTPUTS) * LANES)
    z = np.zeros((steps + 1) * (CHANNELS + 1) * LANES)
    state = np.zeros(4 * LANES, dtype=np.uint64)
    bits = np.zeros(3 * LANES, dtype=np.uint64)
    numbers = bits.view(np.float64)
    channels = CHANNELS if k[32] > 0 else CHANNELS - 1
    stay = np.exp(-np.array([k[27], k[29], k[31]]) / steps)
    level = np.array([k[26], k[28], k[30]])
    kick = level * np.sqrt(1.0 - stay * stay)
    flare_decay = np.exp(-k[33] / steps)
    last = traits.shape[0] - 1
    cursor = np.zeros(LANES, dtype=np.int64)
    for block in range(blocks):
        first = block * LANES
        _begin(b, first, last, start, injuries, words, state, flare_from, cursor)
        if noisy:
            _numbers_of_a_day(state, bits, numbers, z, given, first, last, 0, 1, CHANNELS)
            _stir(b, z, level)
        change = record = 0
        for day in range(n_days + 1):
            if change < changes.size and changes[change] == day:
                change += 1
                _act(b, k, day, first, last, op_row, op_state, op_start, op_stop, op_times, op_plus, traits)
            _morning(b, day, first, last, injuries, cursor, flare_from, flare_day, flare_size)
            if record < record_days.size and record_days[record] == day:
                _record(b, k, seen, glands)
                for i in range(min(LANES, last + 1 - first)):
                    for j in range(chosen.size):
                        out[first + i, record, j] = seen[chosen[j] * LANES + i]
                record += 1
            if day < n_days:
                if noisy:
                    row = 1 + day * steps
                    _numbers_of_a_day(state, bits, numbers, z, given, first, last, row, steps, channels)
                _day(b, k, z, steps, channels, noisy, glands, stay, kick, flare_decay)
