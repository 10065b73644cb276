"""The slow dynamics: solvers, streams, parts, limits that are known. The seed was chosen beforehand."""

import numpy as np
import pytest
from _slow_oracle import STATES, solved

from corticolimbic.foundation import SettingsError
from corticolimbic.theory import (
    Transmitter,
    draw_people,
    follow,
    hold,
    output_names,
    preset,
    theories,
    transmitters,
    treatment,
    without_exchange,
)
from corticolimbic.theory._actions import schedule
from corticolimbic.theory._integrate import constants, integrate
from corticolimbic.theory._theories import theory

SEED = 20261101


@pytest.fixture(scope="module")
def people():
    return draw_people(preset("prototype").changed(tail_share=0.1), 256, SEED)


def test_states_are_those_of_an_adaptive_solver(people):
    days = np.arange(0, 365, 14)
    few = people.take(slice(0, 6)).changed(injury=2.0, healing_days=60.0)
    ours = follow(few, days=364, at=days, outputs=("pain", *STATES))
    for i in range(len(few)):
        states, pain = solved(few, i, days)
        np.testing.assert_allclose(ours.of("pain")[i], pain, atol=1e-4)
        for place, name in enumerate(STATES):
            np.testing.assert_allclose(ours.of(name)[i], states[:, place], atol=2e-4, err_msg=name)


def errors_by_step(people, noise, steps=(2, 4, 8), **changes):
    """Largest error in value over people, at several steps, where pain stays above value: no kink is met."""
    smooth = people.take(slice(0, 64)).changed(injury=2.5, healing_days=400.0, flare_rate=0.0, **changes)
    reference = follow(smooth, days=14, at=[14], outputs=("value",), step=1 / 128).values
    return [
        np.abs(
            follow(smooth, days=14, at=[14], outputs=("value",), step=1 / n, noise=noise).values - reference
        )
        .max()
        .item()
        for n in steps
    ]


def test_without_noise_the_order_is_three(people):
    errors = errors_by_step(people, noise=False)
    assert np.log2(errors[0] / errors[1]) == pytest.approx(3, abs=0.4)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(3, abs=0.4)


def test_the_stochastic_scheme_is_of_order_two_where_noise_vanishes():
    silent = preset("prototype").changed(noise_fast=0, noise_slow=0, coupling_noise=0)
    errors = errors_by_step(draw_people(silent, 64, SEED), noise=True)
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.3)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.3)


def coarser(numbers, ratio, fine, rates):
    """The same paths in longer steps: sums of the fine kicks, as each process weighs them."""
    first, rest = numbers[:, :1], numbers[:, 1:]
    parts = rest.reshape(len(rest), -1, ratio, rest.shape[-1])
    out = np.empty((*parts.shape[:2], parts.shape[-1]))
    age = np.arange(ratio - 1, -1, -1)
    for channel, rate in enumerate(rates):
        weight = np.exp(-rate * age / fine)
        out[..., channel] = np.einsum("ijk,k->ij", parts[..., channel], weight / np.sqrt((weight**2).sum()))
    return np.concatenate([first, out], axis=1)


def strong_errors(parameters, days, theory_name="full", begin=None, finest=128, steps=(2, 4, 8, 16)):
    some = draw_people(parameters, 128, SEED).changed(injury=2.0, healing_days=40.0, flare_rate=0.0)
    part = theory(theory_name)
    rates = (
        1 / parameters.noise_fast_days,
        1 / parameters.noise_slow_days,
        1 / parameters.coupling_noise_days,
        0,
    )
    numbers = np.random.default_rng(SEED).standard_normal((len(some), days * finest + 1, 4))
    start = np.tile([-1.0, 0, 0, 0, 0, 1, 1, 0, 0], (len(some), 1))
    start[:, 1] = 0 if begin is None else begin

    def value(n):
        given = np.ascontiguousarray(coarser(numbers, finest // n, finest, rates))
        plan = schedule((), part, len(some))
        fixed = constants(parameters, part)
        kept = np.array([days])
        found = integrate(
            some,
            plan,
            fixed,
            start,
            days,
            n,
            kept,
            ("value",),
            glands=False,
            noise=True,
            flares=some.flares(days),
            given=given,
        )
        return found[:, 0, 0]

    truth = value(finest)
    return [np.abs(value(n) - truth).mean() for n in steps]


def test_additive_noise_is_followed_with_strong_order_one():
    errors = strong_errors(preset("prototype"), 16)
    slope = np.polyfit(np.log2([2, 4, 8, 16]), -np.log2(errors), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.25)


def test_multiplicative_noise_is_followed_with_strong_order_one():
    loud = preset("prototype").changed(noise_fast=0, noise_slow=0, coupling_noise=0, noise_memory=0.05)
    errors = strong_errors(loud, 8, begin=0.6)
    slope = np.polyfit(np.log2([2, 4, 8, 16]), -np.log2(errors), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.25)


def test_memory_noise_is_ito():
    """Without drift the mean stays (Ito); in Stratonovich's sense it would rise by sigma^2 t / 4 = 0.0125."""
    still = preset("prototype").changed(acquisition=0, extinction=0, noise_memory=0.05, flare_rate=0)
    some = draw_people(still, 4096, SEED).unhurt()
    last = follow(some, days=20, at=[20], outputs=("value",), noise=True, start={"value": 0.5}).values[
        :, 0, 0
    ]
    assert last.mean() == pytest.approx(0.5, abs=2.58 * last.std() / 64)
    assert last.std() == pytest.approx(0.05 * np.sqrt(0.5 * 20), rel=0.05)


def test_fluctuations_have_the_spread_and_memory_that_parameters_say():
    p = preset("prototype")
    some = draw_people(p, 4096, SEED).unhurt()
    log = np.log(follow(some, days=3, at=1, outputs=("noise",), noise=True).of("noise"))
    spread = p.noise_fast**2 + p.noise_slow**2
    lag = p.noise_fast**2 * np.exp(-1 / p.noise_fast_days) + p.noise_slow**2 * np.exp(-1 / p.noise_slow_days)
    assert log[:, 0].var() == pytest.approx(spread, rel=0.06)
    assert log[:, 3].var() == pytest.approx(spread, rel=0.06)
    assert (log[:, 1] * log[:, 2]).mean() == pytest.approx(lag, rel=0.07)
    assert abs(log.mean()) < 0.03


def test_compiled_normal_numbers_are_normal():
    from scipy.stats import kstest

    from corticolimbic.theory import _kernels as kernels
    from corticolimbic.theory._layout import LANES
    from corticolimbic.theory._streams import words

    n = LANES
    state = words(SEED, np.arange(n), 3, 0, 4).T.ravel().copy()
    bits = np.zeros(3 * n, dtype=np.uint64)
    out = np.empty(400 * n)
    kernels.normals(state, bits, bits.view(np.float64), out, 0, 400)
    rows = out.reshape(400, n)
    assert kstest(out, "norm").pvalue > 0.001
    assert kstest((rows**2).sum(axis=0), "chi2", args=(400,)).pvalue > 0.001
    assert np.abs(np.corrcoef(rows.T) - np.eye(n)).max() < 5 / np.sqrt(400)  # people
    assert np.abs(np.corrcoef(rows) - np.eye(400)).max() < 5.5 / np.sqrt(n)  # moments
    assert abs(np.corrcoef(rows[:-1].ravel(), rows[1:].ravel())[0, 1]) < 4 / np.sqrt(out.size)


def test_a_person_does_not_depend_on_who_is_followed_beside(people):
    asked = {"days": 120, "outputs": ("pain", "cortisol", "coupling_used")}
    for noise in (False, True):
        whole = follow(people, noise=noise, threads=1, **asked).values
        part = follow(people.take(slice(37, 101)), noise=noise, **asked).values
        np.testing.assert_array_equal(part, whole[37:101])
        again = draw_people(people.parameters, 64, SEED, first=37)
        np.testing.assert_array_equal(follow(again, noise=noise, **asked).values, part)
        np.testing.assert_array_equal(
            follow(people.take(np.array([200, 3])), noise=noise, **asked).values, whole[[200, 3]]
        )


def test_threads_change_nothing():
    many = draw_people(preset("prototype"), 2200, SEED)
    one, three = (follow(many, days=28, noise=True, threads=n).values for n in (1, 3))
    np.testing.assert_array_equal(one, three)


def test_longer_courses_begin_like_shorter_ones(people):
    short, long = (follow(people, days=n, noise=True).values for n in (70, 140))
    np.testing.assert_array_equal(long[:, : short.shape[1]], short)


@pytest.mark.parametrize("name", sorted(theories()))
def test_without_injury_there_is_no_pain(name):
    p = preset("prototype").changed(direct_gain=3.0, adrenal_gain=20.0)
    high = draw_people(p, 64, SEED).unhurt().changed(coupling_trait=5.0)
    assert (follow(high, days=200, theory=name, noise=True).values == 0).all()


def test_pain_waits_for_the_injury(people):
    later = people.changed(onset=30, flare_rate=0.0)
    pain = follow(later, days=60, at=1).of("pain")
    assert (pain[:, :30] == 0).all()
    assert (pain[:, 30] > 0).all()
    now = follow(people.changed(flare_rate=0.0), days=30, at=1).of("pain")
    np.testing.assert_allclose(pain[:, 30:], now, atol=1e-12)


def test_decay_is_input_and_nothing_else(people):
    found = follow(people, days=300, theory="decay", outputs=("pain", "injury", "value", "reward"))
    n = found.of("injury")
    np.testing.assert_allclose(found.of("pain"), n**2 / (1 + n**2), rtol=1e-12)
    assert (found.of("value") == 0).all()
    assert (found.of("reward") == 0).all()
    alone = people.changed(flare_rate=0.0)
    n = follow(alone, days=300, outputs=("injury",)).of("injury")
    days = np.arange(0, 301, 7)[None, :]
    share, size = alone.tail_share[:, None], alone.injury[:, None]
    closed = (1 - share) * np.exp(-days / alone.healing_days[:, None])
    closed += share * np.exp(-days / alone.tail_days[:, None])
    np.testing.assert_allclose(n, size * closed, rtol=1e-10)


def test_parts_that_are_off_stay_at_rest(people):
    found = follow(people, days=84, theory="learning", outputs=("antireward", "reward", "value"))
    assert (found.of("antireward") == 0).all()
    assert (found.of("reward") == 0).all()
    assert (found.of("value")[:, -1] > 0).all()
    found = follow(
        people, days=84, theory="reward-antireward", outputs=("antireward", "reward", "value", "memory")
    )
    assert (found.of("value") == 0).all()
    assert (found.of("memory") == 0).all()
    assert (found.of("reward")[:, -1] > 0).all()


def test_coupling_relaxes_to_its_trait_in_closed_form(people):
    found = follow(people.unhurt(), days=28, outputs=("coupling",), start={"coupling": 2.0}).of("coupling")
    trait = people.coupling_trait[:, None]
    closed = trait + (2 - trait) * np.exp(-np.arange(0, 29, 7) / 14)
    np.testing.assert_allclose(found, closed, rtol=1e-6)


def test_glands_come_to_the_stress_that_is_held(people):
    few = people.take(slice(0, 4)).unhurt()
    found = follow(
        few,
        days=600,
        at=[600],
        outputs=("cortisol", "pituitary", "adrenal", "acth"),
        actions=[hold("antireward", 1.0)],
    )
    np.testing.assert_allclose(found.values[:, 0], [[1.5, 1.5, 1.5, 1.0]] * 4, atol=1e-6)


def test_transmitters_are_read_from_antireward(people):
    few = people.take(slice(0, 8))
    names = tuple(item.name for item in transmitters())
    assert names == ("crf", "noradrenaline", "glutamate", "dynorphin")
    found = follow(few, days=28, outputs=("antireward", *names))
    for item in transmitters():
        np.testing.assert_allclose(found.of(item.name), 1 + item.gain * found.of("antireward"))
    own = follow(few, days=28, outputs=("substance p",), own_transmitters=[Transmitter("substance p", 2.0)])
    np.testing.assert_allclose(own.of("substance p"), 1 + 2 * found.of("antireward"))


def test_every_output_can_be_had_alone_or_beside_others(people):
    few = people.take(slice(0, 3))
    names = output_names()
    together = follow(few, days=28, outputs=names, noise=True)
    assert np.isfinite(together.values).all()
    for name in names:
        np.testing.assert_array_equal(
            follow(few, days=28, outputs=(name,), noise=True).of(name), together.of(name)
        )


def test_memory_is_that_of_what_is_kept(people):
    found = follow(people, days=70, at=[0, 35, 70], outputs=("pain", "value"))
    assert found.values.nbytes == len(people) * 3 * 2 * 8
    np.testing.assert_array_equal(found.at("pain", 35), found.of("pain")[:, 1])


@pytest.mark.parametrize(
    "asked",
    [
        {"step": 1.0},
        {"step": 0.3},
        {"step": float("nan")},
        {"days": -1},
        {"at": [3, 3]},
        {"at": [-1, 3]},
        {"at": 0},
        {"at": [2000]},
        {"outputs": ()},
        {"outputs": ("pain", "pain")},
        {"outputs": ("serotonin",)},
        {"theory": "astrology"},
        {"start": {"pain": 1.0}},
        {"start": {"value": -1.0}},
        {"start": {"value": np.zeros(3)}},
        {"actions": [hold("value", np.zeros(3))]},
    ],
)
def test_impossible_wishes_are_refused(people, asked):
    with pytest.raises(SettingsError):
        follow(people, **{"days": 7, **asked})


def test_a_course_of_treatment_acts_only_in_its_window(people):
    free = follow(people, days=84).of("pain")
    treated = follow(people, days=84, actions=treatment("analgesic", 28, 14)).of("pain")
    np.testing.assert_array_equal(treated[:, :4], free[:, :4])
    assert (treated[:, 4] < free[:, 4]).all()


def test_exchange_can_be_cut(people):
    cut = follow(people, days=84, actions=without_exchange(), outputs=("antireward",)).values
    free = follow(people, days=84, outputs=("antireward",)).values
    assert (cut[:, -1] < free[:, -1]).all()
