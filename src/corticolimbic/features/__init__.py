"""What travels between the rooms: tables with their schemas, keys and targets, maps; what siblings share."""

from corticolimbic.features._autocorrelation import effective_volumes as effective_volumes
from corticolimbic.features._known_targets import known_target as known_target
from corticolimbic.features._map_files import VoxelMap as VoxelMap
from corticolimbic.features._map_files import write_map as write_map
from corticolimbic.features._measures import Measure as Measure
from corticolimbic.features._measures import measure as measure
from corticolimbic.features._measures import measures as measures
from corticolimbic.features._schema import Column as Column
from corticolimbic.features._schema import Schema as Schema
from corticolimbic.features._schema import SchemaError as SchemaError
from corticolimbic.features._schema import schema as schema
from corticolimbic.features._schema import schema_names as schema_names
from corticolimbic.features._session_order import first_session as first_session
from corticolimbic.features._session_order import session_order as session_order
from corticolimbic.features._tables import read_sessions as read_sessions
from corticolimbic.features._tables import read_table as read_table
from corticolimbic.features._tables import write_table as write_table
from corticolimbic.features._targets import Target as Target
from corticolimbic.features._targets import TargetError as TargetError
from corticolimbic.features._targets import edge as edge
from corticolimbic.features._vocabulary import DRAWN as DRAWN
from corticolimbic.features._vocabulary import Statistic as Statistic
