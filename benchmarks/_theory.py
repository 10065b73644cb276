"""People followed through the slow dynamics of chronification for three years, kept weekly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._job import Job, Size

DAYS = 1092
PEOPLE = 20_000
PEERS = 10


def prepare(size: Size, folder: Path) -> Any:
    """Draw the people: without flares, so that the peer may solve a smooth system in one piece."""
    from corticolimbic.theory import draw_people, preset

    n = PEOPLE if size == "full" else 128
    return draw_people(preset("prototype").changed(flare_rate=0.0), n, 20261104)


def following(*, noise: bool) -> Callable[[Any], np.ndarray]:
    """Our side, on one thread; twelve outputs, as the targets were set for."""

    def ours(people: Any) -> np.ndarray:
        from corticolimbic.theory import PHASE_OUTPUTS, follow

        outputs = (*PHASE_OUTPUTS[:9], "dopamine", "control", "grey")
        return follow(people, days=DAYS, outputs=outputs, noise=noise, threads=1).of("pain")

    return ours


def peer(people: Any) -> np.ndarray:
    """Solve the same equations of a few people with scipy, one at a time."""
    from scipy.integrate import solve_ivp

    p, days = people.parameters, np.arange(0, DAYS + 1, 7)
    found = []
    for i in range(PEERS):
        w, cp, acq = people.gain[i], people.coupling_trait[i], people.acquisition[i]
        ext, ka, kr = people.extinction[i], people.antireward_reactivity[i], people.reward_susceptibility[i]
        n0, tau = people.injury[i], people.healing_days[i]

        def drives(t: Any, c: Any, v: Any, k: Any, a: Any, r: Any, w=w, n0=n0, tau=tau) -> Any:
            noci = n0 * np.exp(-t / tau) * (1 + p.sensitisation * a)
            memory = w * c * (v + p.consolidated_share * (k - v))
            memory *= 1 + p.antireward_gain * a + p.reward_gain * r
            u = noci + memory
            return noci, memory, u * u / (1 + u * u)

        def rates(t: float, x: Any, cp=cp, acq=acq, ext=ext, ka=ka, kr=kr, drives=drives) -> Any:
            c, v, k, a, r = x
            noci, memory, pain = drives(t, *x)
            q = noci * noci / (1 + noci * noci)
            d = max(p.dopamine_floor, 1 + p.dopamine_response * pain - p.dopamine_opponent * r)
            relief = ext * d / (1 + p.control_loss * memory)
            return (
                (cp * (1 + p.coupling_drive * q) - c) / p.coupling_days,
                acq * c * max(pain - v, 0.0) - relief * max(v - pain, 0.0),
                (p.consolidation_rise if v > k else 1.0) * (v - k) / p.consolidation_days,
                (ka * pain + p.antireward_from_reward * r - a) / p.antireward_days,
                (kr * pain + p.reward_from_antireward * a - r) / p.reward_days,
            )

        answer = solve_ivp(
            rates, (0, DAYS), (cp, 0.0, 0.0, 0.0, 0.0), method="LSODA", rtol=1e-6, atol=1e-8, t_eval=days
        )
        found.append(drives(answer.t, *answer.y)[2])
    return np.array(found)


def check(mine: np.ndarray, theirs: np.ndarray | None) -> None:
    """Both sides give the same pain, within the error that the default step is allowed."""
    assert np.isfinite(mine).all()
    if theirs is not None:
        np.testing.assert_allclose(mine[: len(theirs)], theirs, atol=0.005)


def _job(name: str, *, noise: bool, seconds: float) -> Job:
    return Job(
        name=f"theory: {PEOPLE:,} people followed for 3 years, {name}, 12 states a week, one thread",
        peer_name="n/a"
        if noise
        else f"scipy solve_ivp LSODA, rtol 1e-6 ({PEERS} people timed, extrapolated)",
        targets={"ours": seconds} if noise else {"ours": seconds, "ratio": 0.01},
        prepare=prepare,
        ours=following(noise=noise),
        peer=None if noise else peer,
        limit=None,
        check=check,
        peer_scale=PEOPLE / PEERS,
    )


JOBS = (
    # 30,000 and 10,000 people a second on two cores are 15,000 and 5,000 a second on one.
    _job("without noise at 0.5 d", noise=False, seconds=1.333),
    _job("with noise at 0.25 d", noise=True, seconds=4.0),
)
