"""Fixed points, their folds and basins, against the conditions written down again and long courses."""

import numpy as np
import pytest
from scipy.optimize import brentq

from corticolimbic.foundation import SettingsError
from corticolimbic.theory import (
    PHASE_OUTPUTS,
    PHASES,
    continuation,
    draw_people,
    fixed_points,
    follow,
    hold,
    phases,
    preset,
    self_sustaining,
)

SEED = 20261102


@pytest.fixture(scope="module")
def people():
    return draw_people(preset("prototype"), 128, SEED)


def loop_of(people, i):
    """The analytic condition of the full theory, written down again."""
    p = people.parameters
    x = p.antireward_from_reward * p.reward_from_antireward
    ka, kr = people.antireward_reactivity[i], people.reward_susceptibility[i]
    g = p.antireward_gain * (ka + p.antireward_from_reward * kr)
    g = (g + p.reward_gain * (kr + p.reward_from_antireward * ka)) / (1 - x)
    return lambda c, pain: (people.gain[i] * c) ** 2 * pain * (1 - pain) * (1 + g * pain) ** 2, g


def test_fixed_points_solve_the_analytic_condition(people):
    found = fixed_points(people)
    assert 0.4 < found.bistable.mean() < 0.95
    for i in np.flatnonzero(found.bistable)[:40]:
        loop, g = loop_of(people, i)
        fold = ((3 * g - 2) + np.sqrt((3 * g - 2) ** 2 + 16 * g)) / (8 * g)
        assert found.fold[i] == pytest.approx(fold, abs=1e-12)
        c = people.coupling_trait[i]
        for name, ends in (("separatrix", (1e-12, fold)), ("upper", (fold, 1 - 1e-12))):
            root = brentq(lambda pain, c=c, loop=loop: loop(c, pain) - 1, *ends, xtol=1e-14)
            assert getattr(found, name)[i] == pytest.approx(root, abs=1e-7)


def test_critical_coupling_is_where_two_fixed_points_meet(people):
    found = fixed_points(people)
    for i in range(20):
        loop, _ = loop_of(people, i)
        pain = np.linspace(0, 1, 20_001)
        at_fold = loop(found.critical_coupling[i], pain).max()
        assert at_fold == pytest.approx(1, abs=1e-7)
    np.testing.assert_array_equal(found.bistable, people.coupling_trait > found.critical_coupling)


def test_long_courses_end_in_the_fixed_points(people):
    found = fixed_points(people)
    clear = (found.strength > 1.5) & found.bistable
    assert clear.sum() >= 10
    some, points = people.take(clear).unhurt(), fixed_points(people.take(clear))
    start = {"value": 0.95, "memory": 0.95, "antireward": 1.0, "reward": 1.0}
    asked = {"days": 14_000, "at": [14_000], "outputs": ("pain", "antireward", "reward", "value")}
    ended = follow(some, start=start, **asked)
    np.testing.assert_allclose(ended.of("pain")[:, 0], points.upper, atol=1e-7)
    np.testing.assert_allclose(ended.of("value")[:, 0], points.upper, atol=1e-7)
    np.testing.assert_allclose(ended.of("antireward")[:, 0], points.antireward * points.upper, atol=1e-7)
    np.testing.assert_allclose(ended.of("reward")[:, 0], points.reward * points.upper, atol=1e-7)


def test_learning_alone_has_the_closed_form(people):
    strong = people.changed(gain=2.5, coupling_trait=1.0)
    found = fixed_points(strong, "learning")
    np.testing.assert_allclose(found.fold, 0.5, atol=1e-12)
    np.testing.assert_allclose(found.critical_coupling, 2 / 2.5, atol=1e-12)
    root = np.sqrt(1 / 4 - 1 / 2.5**2)
    np.testing.assert_allclose(found.upper, 0.5 + root, atol=1e-12)
    np.testing.assert_allclose(found.separatrix, 0.5 - root, atol=1e-12)


@pytest.mark.parametrize("name", ["opponent", "hpa-history"])
def test_rivals_hold_pain_by_themselves(people, name):
    p = preset("prototype").changed(direct_gain=2.5, adrenal_gain=12.0)
    some = draw_people(p, 64, SEED).unhurt()
    points = fixed_points(some, name)
    clear = points.strength > 1.3
    assert clear.any()
    start = {"antireward": 2.0, "reward": 2.0, "pituitary": 2.0, "adrenal": 2.0}
    pain = follow(some, days=4000, at=[4000], theory=name, start=start).values[:, 0, 0]
    np.testing.assert_allclose(pain[clear], points.upper[clear], atol=1e-7)
    low = follow(some, days=1000, at=[1000], theory=name, start={"antireward": 0.01}).values[:, 0, 0]
    assert (low < 1e-3).all()


@pytest.mark.parametrize("name", ["decay", "reward-antireward"])
def test_theories_without_a_loop_have_no_other_fixed_point(people, name):
    assert not fixed_points(people, name).bistable.any()


def test_continuation_meets_the_analytic_points(people):
    points = fixed_points(people)
    i = int(np.flatnonzero(points.strength > 1.2)[0])
    person = people.take(slice(i, i + 1))
    curve = continuation(person, "coupling_trait", 3.0, 0.999, low=0.3, high=3.0, arc=0.01)
    back = continuation(
        person, "coupling_trait", person.coupling_trait[0], points.upper[i], low=0.3, high=3.0
    )
    assert back.pain[0] == pytest.approx(points.upper[i], abs=1e-7)
    assert len(curve.value) >= 1
    down = continuation(
        person, "coupling_trait", float(person.coupling_trait[0]), points.separatrix[i], low=0.3, high=3.0
    )
    assert not down.stable[0]
    for branch in (back, down):
        trait = np.clip(branch.value, 1e-9, None)
        many = person.take(np.zeros(len(trait), dtype=int)).changed(coupling_trait=trait)
        exact = fixed_points(many)
        expected = np.where(branch.stable, exact.upper, exact.separatrix)
        near = np.abs(branch.value - exact.critical_coupling) > 1e-3
        np.testing.assert_allclose(branch.pain[near], expected[near], atol=1e-7)


def test_continuation_passes_the_fold(people):
    points = fixed_points(people)
    i = int(np.flatnonzero(points.strength > 1.2)[0])
    person = people.take(slice(i, i + 1))
    curve = continuation(person, "input", 0.0, 0.0, low=-3.0, high=2.0, arc=0.005, points=4000)
    assert len(curve.folds) == 2  # an S: pain jumps up at one input and down at another
    assert curve.stable[0]
    assert curve.stable[-1]
    zero = np.flatnonzero(np.diff(np.sign(curve.value)) != 0)
    crossings = sorted(curve.pain[zero])
    assert min(abs(np.array(crossings) - points.separatrix[i])) < 0.01
    assert min(abs(np.array(crossings) - points.upper[i])) < 0.01


@pytest.mark.parametrize(
    "asked",
    [
        {"along": "weather"},
        {"start": 5.0},
        {"arc": 0.0},
        {"pain": 0.5, "along": "coupling_trait", "start": 0.1},
    ],
)
def test_continuation_refuses_what_is_impossible(people, asked):
    base = {"along": "coupling_trait", "start": 1.0, "pain": 0.9, "low": 0.05, "high": 3.0, **asked}
    with pytest.raises(SettingsError):
        weak = people.take(slice(0, 1)).changed(gain=0.1) if "pain" in asked else people.take(slice(0, 1))
        found = continuation(weak, base.pop("along"), base.pop("start"), base.pop("pain"), **base)
        if found.pain[0] < 1e-6:  # rest is a fixed point too, and may be what Newton finds
            raise SettingsError("rest")


def test_phases_come_in_their_order(people):
    sick = people.changed(injury=3.0, healing_days=60.0, flare_rate=0.0, onset=14, coupling_trait=1.3)
    course = follow(sick, days=4000, at=[0, *range(14, 252, 7), 4000], outputs=PHASE_OUTPUTS)
    found = phases(sick, course)
    assert PHASES == ("predisposition", "injury", "transition", "maintenance")
    assert (found[:, 0] == 0).all()
    assert (found[:, 1] == 1).mean() > 0.5
    kept = found[:, -1] == 3
    assert 0.1 < kept.mean() < 1
    assert (np.diff(found[kept], axis=1) >= 0).all()
    assert ((found == 2).any(axis=1)[kept]).mean() > 0.5  # the others pass it between two weekly looks
    upper = fixed_points(sick).upper
    np.testing.assert_allclose(course.at("pain", 4000)[kept], upper[kept], atol=0.1)
    recovered = course.at("pain", 4000) < 0.01
    assert (found[recovered, -1] == 0).all()


def test_whose_pain_would_stay_is_whose_pain_stays(people):
    sick = people.changed(injury=3.0, healing_days=30.0, flare_rate=0.0)
    course = follow(sick, days=56, at=[56], outputs=PHASE_OUTPUTS)
    told = self_sustaining(sick, course)[:, 0]
    gone = follow(sick, days=1152, at=[1152], actions=[hold("input", 0.0, start=56)])
    np.testing.assert_array_equal(told, gone.values[:, 0, 0] > 0.3)
    assert 0 < told.mean() < 1


def test_phases_refuse_other_people_and_bare_courses(people):
    course = follow(people, days=7)
    with pytest.raises(SettingsError, match="kept"):
        phases(people, course)
    whole = follow(people, days=7, outputs=PHASE_OUTPUTS)
    with pytest.raises(SettingsError, match="belong"):
        phases(people.take(slice(0, 3)), whole)
    with pytest.raises(SettingsError, match="floor"):
        phases(people, whole, floor=0.0)
