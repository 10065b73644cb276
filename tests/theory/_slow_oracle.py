"""The slow dynamics written down a second time, straight from the equations, for scipy's adaptive solver."""

from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

STATES = ("coupling", "value", "memory", "antireward", "reward", "pituitary", "adrenal", "grey", "distress")


def right_hand_side(people, i, *, injury, flares, after=0.0):
    """Rates of all nine states of person ``i``; flares are those that have set in by day ``after``."""
    p = people.parameters
    w, cp = people.gain[i], people.coupling_trait[i]
    acq, ext = people.acquisition[i], people.extinction[i]
    ka, kr = people.antireward_reactivity[i], people.reward_susceptibility[i]

    def pain_and(t, x):
        c, v, k, a, r = x[:5]
        share = people.tail_share[i]
        n = injury * (1 - share) * np.exp(-t / people.healing_days[i])
        n += injury * share * np.exp(-t / people.tail_days[i])
        n += sum(size * np.exp(-(t - day) / p.flare_days) for day, size in flares if day <= after)
        noci = n * (1 + p.sensitisation * a)
        expressed = (1 - p.consolidated_share) * v + p.consolidated_share * k
        m = w * c * expressed * (1 + p.antireward_gain * a + p.reward_gain * r)
        u = noci + m
        return u**2 / (1 + u**2), noci, m

    def rates(t, x):
        c, v, k, a, r, pit, adr, grey, distress = x
        pain, noci, m = pain_and(t, x)
        q = noci**2 / (1 + noci**2)
        d = max(p.dopamine_floor, 1 + p.dopamine_response * pain - p.dopamine_opponent * r)
        control = 1 / (1 + p.control_loss * m)
        uh = 1 + p.stress_gain * a
        x3 = (adr * pit * uh) ** (1 / 3)
        return np.array(
            [
                (cp * (1 + p.coupling_drive * q) - c) / p.coupling_days,
                acq * c * max(pain - v, 0) - ext * d * control * max(v - pain, 0),
                (p.consolidation_rise if v > k else 1) * (v - k) / p.consolidation_days,
                (ka * pain + p.antireward_from_reward * r - a) / p.antireward_days,
                (kr * pain + p.reward_from_antireward * a - r) / p.reward_days,
                p.pituitary_turnover * pit * (uh / x3 - 1),
                p.adrenal_turnover * adr * (x3 / adr - 1),
                (pain * (a + r) / 2 - grey) / p.grey_days,
                (a - distress) / p.distress_days,
            ]
        )

    return rates, pain_and


def solved(people, i, days, *, rtol=1e-10, method="DOP853"):
    """States and pain of person ``i`` at ``days``, solved piece by piece from flare to flare."""
    found = people.take(slice(i, i + 1)).flares(int(days[-1]))
    flares = list(zip(found.day.tolist(), found.size.tolist(), strict=True))
    x = np.array([people.coupling_trait[i], 0, 0, 0, 0, 1, 1, 0, 0], dtype=float)
    edges = sorted({0, int(days[-1]), *(day for day, _ in flares)})
    states = {}
    for start, stop in pairwise(edges):
        rates, pain_and = right_hand_side(
            people, i, injury=people.injury[i], flares=flares, after=float(start)
        )
        asked = [day for day in days if start <= day < stop]
        answer = solve_ivp(
            rates, (start, stop), x, method=method, rtol=rtol, atol=rtol, t_eval=sorted({*asked, stop})
        )
        for day in asked:
            at = answer.y[:, list(answer.t).index(day)]
            states[day] = (at, pain_and(day, at)[0])
        x = answer.y[:, -1]
    rates, pain_and = right_hand_side(
        people, i, injury=people.injury[i], flares=flares, after=float(edges[-1])
    )
    states[int(days[-1])] = (x, pain_and(float(days[-1]), x)[0])
    return np.array([states[day][0] for day in days]), np.array([states[day][1] for day in days])
