"""One person's files become rows and arrays: series, censoring, connectivity."""

from corticolimbic.measure._censoring import DOF_REFUSE as DOF_REFUSE
from corticolimbic.measure._censoring import DOF_WARN as DOF_WARN
from corticolimbic.measure._censoring import keep_volumes as keep_volumes
from corticolimbic.measure._censoring import mean_displacement as mean_displacement
from corticolimbic.measure._circuit_edges import EdgeValue as EdgeValue
from corticolimbic.measure._circuit_edges import RegionMeans as RegionMeans
from corticolimbic.measure._circuit_edges import edge_values as edge_values
from corticolimbic.measure._circuit_edges import region_means as region_means
from corticolimbic.measure._connectivity import connectivities as connectivities
from corticolimbic.measure._connectivity import connectivity as connectivity
from corticolimbic.measure._connectivity import standardise as standardise
from corticolimbic.measure._session import ALGORITHM as ALGORITHM
from corticolimbic.measure._session import REFUSED as REFUSED
from corticolimbic.measure._session import MeasuredSession as MeasuredSession
from corticolimbic.measure._session import NodeTargets as NodeTargets
from corticolimbic.measure._session import measure_session as measure_session
from corticolimbic.measure._settings import MeasureSettings as MeasureSettings
