import numpy as np
import pytest
from scipy.integrate import simpson
from scipy.linalg import solve_continuous_lyapunov
from tests.theory._systems import random_network, relative

from corticolimbic.foundation import SettingsError
from corticolimbic.theory import (
    Network,
    UnstableNetworkError,
    circuit_network,
    correlation,
    simulate_activity,
)

NETWORKS = [(seed, n) for seed in range(1, 9) for n in (2, 5, 20, 44)]


@pytest.mark.parametrize(("seed", "n"), NETWORKS)
def test_covariance_of_directed_networks_equals_scipys_lyapunov_solver(seed, n):
    network = random_network(seed, n)
    theirs = solve_continuous_lyapunov(network.coupling, -network.noise)
    assert np.abs(network.coupling - network.coupling.T).max() > 0.01
    assert relative(network.covariance(), theirs) < 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_covariance_equals_the_kronecker_solution(seed):
    network = random_network(seed, 6)
    n, j = 6, network.coupling
    system = np.kron(np.eye(n), j) + np.kron(j, np.eye(n))
    theirs = np.linalg.solve(system, -network.noise.ravel()).reshape(n, n)
    assert relative(network.covariance(), theirs) < 1e-12


def test_covariance_of_a_defective_chain_needs_no_eigenvectors():
    chain = -np.eye(5) + np.diag(np.ones(4), -1)
    network = Network(tuple("abcde"), chain, np.eye(5))
    theirs = solve_continuous_lyapunov(chain, -np.eye(5))
    assert relative(network.covariance(), theirs) < 1e-12


def test_covariance_holds_where_modes_differ_by_a_million():
    network = Network(("slow", "fast"), np.array([[-1e-3, 0.0], [1.0, -1e3]]), np.diag([2e-3, 2e3]))
    theirs = solve_continuous_lyapunov(network.coupling, -network.noise)
    assert relative(network.covariance(), theirs) < 1e-12


def test_a_stack_of_networks_gives_what_each_gives():
    networks = [random_network(seed, 7, slowest=-0.1 * (seed + 1)) for seed in range(4)]
    stack = Network(
        networks[0].names, np.stack([n.coupling for n in networks]), np.stack([n.noise for n in networks])
    )
    transition, noise = stack.step(0.7)
    for i, network in enumerate(networks):
        assert relative(stack.covariance()[i], network.covariance()) < 1e-13
        assert relative(stack.lagged_covariance(1.5)[i], network.lagged_covariance(1.5)) < 1e-12
        assert relative(stack.low_frequency_covariance()[i], network.low_frequency_covariance()) < 1e-12
        assert relative(transition[i], network.step(0.7)[0]) < 1e-12
        assert relative(noise[i], network.step(0.7)[1]) < 1e-12


@pytest.mark.parametrize("dt", [1e-6, 0.01, 0.5, 3.0])
def test_steps_compose(dt):
    network = random_network(3, 8)
    one_transition, one_noise = network.step(dt)
    transition, noise = np.eye(8), np.zeros((8, 8))
    for _ in range(10):
        transition, noise = one_transition @ transition, one_transition @ noise @ one_transition.T + one_noise
    whole_transition, whole_noise = network.step(10 * dt)
    assert relative(transition, whole_transition) < 1e-12
    assert relative(noise, whole_noise) < 1e-12


@pytest.mark.parametrize("dt", [0.01, 0.5, 3.0])
def test_the_stationary_covariance_is_what_a_step_keeps_and_lags(dt):
    network = random_network(4, 8)
    transition, noise = network.step(dt)
    covariance = network.covariance()
    assert relative(transition @ covariance @ transition.T + noise, covariance) < 1e-12
    assert relative(network.lagged_covariance(dt), transition @ covariance) < 1e-12
    assert relative(network.lagged_covariance(-dt), network.lagged_covariance(dt).T) < 1e-14


def test_noise_of_a_short_step_keeps_its_digits():
    network = random_network(5, 4)
    dt = 1e-9
    assert relative(network.step(dt)[1], network.noise * dt) < 1e-8


def test_simulated_activity_converges_to_the_covariance():
    network = random_network(6, 4, slowest=-1.0)
    activity = simulate_activity(network, 100_000, 2.0, np.random.default_rng(31))
    sample = activity.T @ activity / len(activity)
    # Steps of 2 s leave exp(-2) of the slowest mode, so about 0.96 of the steps are worth a free draw.
    assert relative(sample, network.covariance()) < 0.03
    later = activity[1:].T @ activity[:-1] / (len(activity) - 1)
    assert np.abs(later - network.lagged_covariance(2.0)).max() < 0.03 * np.abs(network.covariance()).max()


def test_low_frequency_covariance_is_the_integral_of_lagged_covariances():
    network = random_network(7, 3, slowest=-1.0)
    transition, lagged = network.step(0.02)[0], [network.covariance()]
    while len(lagged) < 2001:
        lagged.append(transition @ lagged[-1])
    half = simpson(np.array(lagged), dx=0.02, axis=0)
    assert relative(half + half.T, network.low_frequency_covariance()) < 1e-6


def test_an_unstable_network_is_refused_with_its_eigenvalue():
    coupling = np.array([[-1.0, 1.5], [1.5, -1.0]])
    with pytest.raises(UnstableNetworkError, match=r"eigenvalue \+0\.5.*mPFC") as refusal:
        Network(("NAc_R", "mPFC"), coupling, np.eye(2))
    assert refusal.value.eigenvalue == pytest.approx(0.5)


def test_an_oscillating_unstable_network_names_the_whole_eigenvalue():
    with pytest.raises(UnstableNetworkError) as refusal:
        Network(("a", "b"), np.array([[0.1, 2.0], [-2.0, 0.1]]), np.eye(2))
    assert abs(refusal.value.eigenvalue.imag) == pytest.approx(2.0)


def test_a_network_without_decay_is_refused():
    with pytest.raises(UnstableNetworkError):
        Network(("a", "b"), np.array([[0.0, 0.0], [1.0, -1.0]]), np.eye(2))


def test_the_unstable_one_of_a_stack_is_named():
    stack = np.stack([-np.eye(2), np.eye(2), -np.eye(2)])
    with pytest.raises(UnstableNetworkError, match="network 1 of 3"):
        Network(("a", "b"), stack, np.eye(2))


@pytest.mark.parametrize(
    ("names", "coupling", "noise", "says"),
    [
        (("a", "a"), -np.eye(2), np.eye(2), "each once"),
        ((), np.zeros((0, 0)), np.zeros((0, 0)), "node names"),
        (("a", "b"), -np.eye(3), np.eye(3), "2 nodes are named"),
        (("a", "b"), np.array([[-1.0, np.nan], [0.0, -1.0]]), np.eye(2), "finite"),
        (("a", "b"), -np.eye(2), np.array([[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
        (("a", "b"), -np.eye(2), np.array([[1.0, 2.0], [2.0, 1.0]]), "negative eigenvalue"),
    ],
)
def test_impossible_networks_are_refused(names, coupling, noise, says):
    with pytest.raises(SettingsError, match=says):
        Network(names, coupling, noise)


def test_a_network_cannot_be_changed_behind_its_back():
    coupling = -np.eye(2)
    network = Network(("a", "b"), coupling, np.eye(2))
    coupling[0, 0] = 5.0
    assert network.coupling[0, 0] == -1.0
    with pytest.raises(ValueError, match="read-only"):
        network.coupling[0, 0] = 5.0


def test_weights_and_time_constants_read_the_coupling():
    network = Network(("a", "b"), np.array([[-2.0, 0.4], [0.0, -0.5]]), np.eye(2))
    assert network.time_constants.tolist() == [0.5, 2.0]
    assert network.weights.tolist() == [[0.0, 0.2], [0.0, 0.0]]


@pytest.mark.parametrize("dt", [0.0, -1.0, float("nan")])
def test_a_step_must_last(dt):
    with pytest.raises(SettingsError, match="longer than 0"):
        circuit_network().step(dt)


def test_correlation_has_ones_on_its_diagonal():
    r = correlation(random_network(1, 5).covariance())
    assert (np.diagonal(r) == 1.0).all()
    assert np.abs(r).max() == 1.0
