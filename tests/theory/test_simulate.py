import time

import numpy as np
import pytest
from tests.theory._systems import chained_covariance, random_network

from corticolimbic.foundation import SettingsError
from corticolimbic.theory import (
    GLOVER,
    Network,
    bold_correlation,
    bold_covariance,
    bold_lagged_covariance,
    circuit_network,
    correlation,
    simulate_activity,
    simulate_bold,
)

UNEQUAL = Network(
    ("fast", "slow"), np.array([[-4.0, 0.0], [0.0, -0.1]]), np.array([[8.0, 0.63], [0.63, 0.2]])
)
DIRECTED = Network(("start", "end"), np.array([[-2.0, 0.0], [0.35, -0.2]]), np.diag([4.0, 0.1]))


class EveryInput(np.random.Generator):
    """Gives one unit of one input a run: what the simulation makes of them is its exact covariance."""

    def __init__(self, inputs):
        super().__init__(np.random.PCG64(0))
        self.inputs, self.given = inputs, 0

    def standard_normal(self, size):
        runs, samples, nodes = size
        assert samples * nodes == self.inputs
        block = np.zeros((runs, samples * nodes))
        block[np.arange(runs), self.given + np.arange(runs)] = 1.0
        self.given += runs
        return block.reshape(size)


def exact_covariance(network, n_volumes, repetition_time, **options):
    """Covariance of all volumes and nodes of a simulated run, without sampling."""

    class Count(np.random.Generator):
        inputs = 0

        def standard_normal(self, size):
            self.inputs = size[1] * size[2]
            return np.zeros(size)

    count = Count(np.random.PCG64(0))
    simulate_bold(network, n_volumes, repetition_time, count, **options)
    every = EveryInput(count.inputs)
    runs = simulate_bold(network, n_volumes, repetition_time, every, n_runs=count.inputs, **options)
    return np.einsum("rvi,rwj->vwij", runs, runs, optimize=True)


@pytest.mark.parametrize("repetition_time", [0.8, 2.0, 3.1])
def test_the_simulation_has_the_exact_covariance_at_every_lag(repetition_time):
    network = random_network(11, 2, slowest=-0.5)
    exact = exact_covariance(network, 5, repetition_time)
    scale = np.abs(bold_covariance(network)).max()
    for volume in range(5):
        assert np.abs(exact[volume, volume] - bold_covariance(network)).max() < 1e-9 * scale
        theirs = chained_covariance(network, volume * repetition_time)
        assert np.abs(exact[volume, 0] - theirs).max() < 1e-9 * scale


def test_the_simulation_has_the_exact_covariance_for_other_responses():
    network = random_network(12, 2, slowest=-0.5)
    exact = exact_covariance(network, 3, 2.0, response=GLOVER)
    theirs = bold_lagged_covariance(network, 4.0, response=GLOVER)
    scale = np.abs(bold_covariance(network, response=GLOVER)).max()
    assert np.abs(exact[2, 0] - theirs).max() < 1e-9 * scale


def test_simulated_correlations_of_the_circuit_converge_to_the_closed_form():
    # 16 runs of 30,000 s: the mean z of an edge has a sampling error of about 0.004.
    network = circuit_network()
    runs, edges = 16, np.triu_indices(len(network.names), 1)
    rng = np.random.default_rng(20_211)
    z = np.zeros(len(edges[0]))
    for _ in range(runs):
        signals = simulate_bold(network, 15_000, 2.0, rng)[0]
        z += np.arctanh(np.corrcoef(signals.T)[edges]) / runs
    bias = z - np.arctanh(bold_correlation(network)[edges])
    assert np.abs(bias).max() < 0.02
    assert abs(bias.mean()) < 0.005
    of_activity = z - np.arctanh(correlation(network.covariance())[edges])
    assert np.abs(of_activity).max() > 0.1


@pytest.mark.parametrize("network", [UNEQUAL, DIRECTED], ids=["unequal time constants", "directed"])
def test_the_plain_lyapunov_covariance_is_not_what_bold_sees(network):
    closed = np.arctanh(bold_correlation(network)[0, 1])
    plain = np.arctanh(correlation(network.covariance())[0, 1])
    slow = np.arctanh(correlation(network.low_frequency_covariance())[0, 1])
    signals = simulate_bold(network, 15_000, 2.0, np.random.default_rng(7), n_runs=40)
    seen = np.mean([np.arctanh(np.corrcoef(run.T)[0, 1]) for run in signals])
    assert abs(seen - closed) < 0.02
    assert abs(seen - plain) > 0.1
    assert abs(seen - slow) > 0.04


def test_one_seed_gives_one_run_and_runs_differ():
    network = circuit_network()
    first, again = (simulate_bold(network, 20, 2.0, np.random.default_rng(3), n_runs=2) for _ in range(2))
    assert (first == again).all()
    assert np.abs(first[0] - first[1]).max() > 0.1
    assert first.shape == (2, 20, len(network.names))


def test_runs_drawn_together_are_the_runs_drawn_one_by_one():
    network = random_network(2, 3)
    together = simulate_bold(network, 30, 2.0, np.random.default_rng(5), n_runs=3)
    rng = np.random.default_rng(5)
    singly = np.concatenate([simulate_bold(network, 30, 2.0, rng) for _ in range(3)])
    assert np.abs(together - singly).max() < 1e-12


def test_a_run_of_the_circuit_takes_less_than_a_twentieth_of_a_second():
    network, rng = circuit_network(), np.random.default_rng(1)
    simulate_bold(network, 150, 2.0, rng)
    seconds = []
    for _ in range(9):
        start = time.process_time()
        simulate_bold(network, 150, 2.0, rng)
        seconds.append(time.process_time() - start)
    assert len(network.names) == 44
    assert np.median(seconds) < 0.05


@pytest.mark.parametrize(
    ("n_volumes", "repetition_time", "n_runs"),
    [(0, 2.0, 1), (10, 0.0, 1), (10, 2.0, 0), (10, float("nan"), 1)],
)
def test_impossible_runs_are_refused(n_volumes, repetition_time, n_runs):
    with pytest.raises(SettingsError, match="above 0"):
        simulate_bold(circuit_network(), n_volumes, repetition_time, np.random.default_rng(0), n_runs=n_runs)


def test_a_network_that_hardly_forgets_is_refused_and_not_allocated():
    network = Network(("a",), np.array([[-1e-7]]), np.array([[1.0]]))
    with pytest.raises(SettingsError, match="forgets so slowly"):
        simulate_bold(network, 100, 2.0, np.random.default_rng(0))


def test_a_stack_is_no_network_to_simulate():
    stack = Network(("a",), -np.ones((2, 1, 1)), np.eye(1))
    for simulate in (
        lambda: simulate_bold(stack, 5, 2.0, np.random.default_rng(0)),
        lambda: simulate_activity(stack, 5, 2.0, np.random.default_rng(0)),
    ):
        with pytest.raises(SettingsError, match="one network at a time"):
            simulate()


def test_activity_needs_a_step():
    with pytest.raises(SettingsError, match="at least one step"):
        simulate_activity(circuit_network(), 0, 2.0, np.random.default_rng(0))
