import numpy as np
import pytest
from scipy.integrate import quad, simpson
from tests.theory._systems import chained_covariance, random_network, relative

from corticolimbic.foundation import SettingsError
from corticolimbic.theory import (
    CANONICAL,
    GLOVER,
    Network,
    Response,
    bold_correlation,
    bold_covariance,
    bold_lagged_covariance,
    bold_spectrum,
    changed,
    circuit_network,
    correlation,
)


@pytest.mark.parametrize(("seed", "n"), [(0, 2), (1, 5), (2, 8), (3, 12)])
def test_bold_covariance_equals_the_chain_of_filters(seed, n):
    network = random_network(seed, n)
    assert relative(bold_covariance(network), chained_covariance(network)) < 1e-10


def test_bold_covariance_of_the_circuit_equals_the_chain_of_filters():
    network = circuit_network()
    assert relative(bold_covariance(network), chained_covariance(network)) < 1e-10


def test_a_mode_as_fast_as_the_filters_is_no_special_case():
    network = Network(tuple("abc"), -np.eye(3) + np.diag(np.ones(2), -1), np.eye(3))
    assert relative(bold_covariance(network), chained_covariance(network)) < 1e-10


def test_closed_form_and_frequency_integral_agree_on_the_circuit():
    network = circuit_network()
    assert relative(bold_lagged_covariance(network, 0.0), bold_covariance(network)) < 1e-10


@pytest.mark.parametrize("lag", [0.0, 0.8, 6.0, -6.0, 25.0])
def test_lagged_bold_covariance_equals_the_chain_of_filters(lag):
    network = random_network(5, 4)
    theirs = chained_covariance(network, abs(lag))
    ours = bold_lagged_covariance(network, lag)
    assert (
        np.abs(ours - (theirs if lag >= 0 else theirs.T)).max()
        < 1e-10 * np.abs(bold_covariance(network)).max()
    )


def test_any_response_is_integrated():
    network = random_network(6, 3, slowest=-1.0)
    step = 0.02
    times = np.arange(0, 60.01, step)
    response = GLOVER.at(times)
    overlap = np.correlate(response, response, "full")[len(times) - 1 :] * step
    transition, lagged = network.step(step)[0], [network.covariance()]
    while len(lagged) < 1001:
        lagged.append(transition @ lagged[-1])
    half = simpson(overlap[:1001, None, None] * np.array(lagged), dx=step, axis=0)
    assert relative(bold_covariance(network, response=GLOVER), half + half.T) < 1e-6


def test_a_response_of_whole_numbers_gives_the_same_by_both_routes():
    network = random_network(7, 4)
    almost = Response("almost", (6.0, 16.0), (1.0, 1.0 + 1e-12), CANONICAL.weights, "canonical, and a hair")
    assert not almost.is_cascade
    assert relative(bold_covariance(network, response=almost), bold_covariance(network)) < 1e-9


def test_bands_add_up_to_the_whole():
    network = random_network(8, 4, slowest=-1.0)
    parts = [(0.0, 0.01), (0.01, 0.1), (0.1, 0.5), (0.5, 2.0)]
    total = sum(bold_covariance(network, band=band) for band in parts)
    assert relative(total, bold_covariance(network)) < 1e-8


def test_power_in_a_band_is_the_integral_of_the_spectrum():
    network = Network(("a",), np.array([[-2.0]]), np.array([[3.0]]))

    def density(hertz):
        omega = 2 * np.pi * hertz
        return 2 * 3.0 / (4.0 + omega**2) * abs(CANONICAL.gain(np.array([omega]))[0]) ** 2

    theirs = quad(density, 0.01, 0.1, epsabs=0, epsrel=1e-12)[0]
    assert bold_covariance(network, band=(0.01, 0.1))[0, 0] == pytest.approx(theirs, rel=1e-10)


def test_a_stack_of_networks_gives_what_each_gives():
    base = circuit_network()
    networks = [changed(base, {("NAc_R", "mPFC"): value}) for value in (0.0, 0.02, 0.06)]
    stack = Network(base.names, np.stack([n.coupling for n in networks]), base.noise)
    for band in (None, (0.01, 0.1)):
        together = bold_correlation(stack, band=band)
        for i, network in enumerate(networks):
            assert relative(together[i], bold_correlation(network, band=band)) < 1e-12


def test_the_spectrum_is_hermitian_without_negative_power():
    density = bold_spectrum(random_network(9, 5), np.array([0.0, 0.3, 1.0]))
    assert np.abs(density - np.conj(np.swapaxes(density, -1, -2))).max() < 1e-14
    assert np.linalg.eigvalsh(density).min() > 0


@pytest.mark.parametrize("band", [(0.1, 0.01), (-0.1, 0.1), (0.1, 0.1)])
def test_impossible_bands_are_refused(band):
    with pytest.raises(SettingsError, match="band"):
        bold_covariance(circuit_network(), band=band)


def test_bold_sees_equal_undirected_networks_nearly_as_slow_filters_do_not_as_activity_is():
    network = Network(tuple("abc"), (np.full((3, 3), 0.28) - 1.28 * np.eye(3)) / 0.5, 4.0 * np.eye(3))
    z = [
        np.arctanh(c[0, 1])
        for c in map(correlation, (network.covariance(), network.low_frequency_covariance()))
    ]
    seen = np.arctanh(bold_correlation(network)[0, 1])
    assert abs(seen - z[1]) < 0.1
    assert abs(seen - z[0]) > 0.15
