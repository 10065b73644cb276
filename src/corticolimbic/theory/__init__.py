"""Theory of the circuit: for now its fast dynamics, as a linear stochastic network seen through BOLD."""

from corticolimbic.theory._bold import bold_correlation as bold_correlation
from corticolimbic.theory._bold import bold_covariance as bold_covariance
from corticolimbic.theory._bold import bold_lagged_covariance as bold_lagged_covariance
from corticolimbic.theory._bold import bold_spectrum as bold_spectrum
from corticolimbic.theory._circuit import COUPLING_COLUMNS as COUPLING_COLUMNS
from corticolimbic.theory._circuit import CircuitNode as CircuitNode
from corticolimbic.theory._circuit import Coupling as Coupling
from corticolimbic.theory._circuit import changed as changed
from corticolimbic.theory._circuit import circuit_couplings as circuit_couplings
from corticolimbic.theory._circuit import circuit_network as circuit_network
from corticolimbic.theory._circuit import circuit_nodes as circuit_nodes
from corticolimbic.theory._network import Network as Network
from corticolimbic.theory._network import UnstableNetworkError as UnstableNetworkError
from corticolimbic.theory._network import correlation as correlation
from corticolimbic.theory._response import CANONICAL as CANONICAL
from corticolimbic.theory._response import GLOVER as GLOVER
from corticolimbic.theory._response import Response as Response
from corticolimbic.theory._response import haemodynamic_response as haemodynamic_response
from corticolimbic.theory._simulate import simulate_activity as simulate_activity
from corticolimbic.theory._simulate import simulate_bold as simulate_bold
