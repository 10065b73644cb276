import numpy as np
import pytest
from scipy.integrate import quad

from corticolimbic.foundation import SettingsError
from corticolimbic.theory import CANONICAL, GLOVER, Response, haemodynamic_response


def nilearns(times_of, oversampling=50, t_r=1.0):
    """Times at which nilearn evaluates its responses (it shifts them by one sample), and the response."""
    sample = t_r / oversampling
    times = np.linspace(0, 32.0, np.rint(32.0 / sample).astype(int))
    return times - sample, times_of(t_r, oversampling)


def test_the_form_is_nilearns_spm_response_with_its_rounded_ratio():
    from nilearn.glm.first_level import spm_hrf

    rounded = Response("spm", (6.0, 16.0), (1.0, 1.0), (1.0, -0.167), "nilearn: ratio 0.167")
    times, theirs = nilearns(spm_hrf)
    ours = rounded.at(times)
    assert np.abs(ours / ours.sum() - theirs).max() < 1e-12


def test_the_canonical_response_differs_from_nilearns_only_by_that_rounding():
    from nilearn.glm.first_level import spm_hrf

    times, theirs = nilearns(spm_hrf)
    ours = haemodynamic_response(times)
    assert np.abs(ours / ours.sum() - theirs).max() < 1e-3 * theirs.max()


def test_glovers_response_is_nilearns():
    from nilearn.glm.first_level import glover_hrf

    times, theirs = nilearns(glover_hrf)
    ours = GLOVER.at(times)
    assert np.abs(ours / ours.sum() - theirs).max() < 1e-12


def test_the_response_peaks_at_five_seconds_and_dips_at_fifteen():
    times = np.arange(0.0, 40.0, 0.01)
    response = haemodynamic_response(times)
    assert times[response.argmax()] == pytest.approx(5.0, abs=0.02)
    assert times[response.argmin()] == pytest.approx(15.8, abs=0.2)
    assert (haemodynamic_response(np.array([-3.0, -0.1])) == 0.0).all()


@pytest.mark.parametrize("response", [CANONICAL, GLOVER], ids=lambda r: r.name)
def test_the_gain_is_the_responses_fourier_transform(response):
    for omega in (0.0, 0.2, 1.0, 3.0):
        real = quad(lambda t, w=omega: response.at(np.array([t]))[0] * np.cos(w * t), 0, 80, limit=300)[0]
        imaginary = quad(lambda t, w=omega: -response.at(np.array([t]))[0] * np.sin(w * t), 0, 80, limit=300)[
            0
        ]
        assert response.gain(np.array([omega]))[0] == pytest.approx(real + 1j * imaginary, abs=1e-7)


@pytest.mark.parametrize("scale", [1.0, 0.7])
def test_the_overlap_is_the_responses_overlap_with_itself(scale):
    response = Response("test", (3.0, 8.0), (scale, scale), (1.0, -0.4), "made up")
    for shift in (0.0, 0.5, 2.0, 9.0):
        theirs = quad(
            lambda s, v=shift: response.at(np.array([s]))[0] * response.at(np.array([s + v]))[0],
            0,
            60,
            limit=300,
        )[0]
        u = shift / scale
        terms, factor = [], 1.0
        for m, coefficient in enumerate(response.overlap):
            factor = factor * u / m if m else 1.0
            terms.append(coefficient * factor)
        assert np.exp(-u) * sum(terms) / scale == pytest.approx(theirs, rel=1e-7)


def test_what_is_forgotten_and_dropped_is_small():
    times = np.linspace(CANONICAL.memory_s, CANONICAL.memory_s + 10, 50)
    assert np.abs(CANONICAL.at(times)).max() < 1e-11
    beyond = np.linspace(CANONICAL.highest_omega, 30.0, 50)
    assert (np.abs(CANONICAL.gain(beyond)) ** 2).max() < 1.1e-10


def test_only_chains_of_equal_filters_have_a_polynomial_overlap():
    assert CANONICAL.is_cascade
    assert not GLOVER.is_cascade
    with pytest.raises(SettingsError, match="no cascade"):
        _ = GLOVER.overlap


@pytest.mark.parametrize(
    ("shapes", "scales", "weights"),
    [((6.0,), (1.0, 1.0), (1.0,)), ((), (), ()), ((6.0,), (0.0,), (1.0,)), ((1.0,), (1.0,), (1.0,))],
)
def test_impossible_responses_are_refused(shapes, scales, weights):
    with pytest.raises(SettingsError, match="needs"):
        Response("wrong", shapes, scales, weights, "made up")
