"""Finding and reading what others wrote as BIDS derivatives: region series, images, motion, people."""

from corticolimbic.dataset._bold import BoldHeader as BoldHeader
from corticolimbic.dataset._bold import iter_volumes as iter_volumes
from corticolimbic.dataset._bold import read_bold_header as read_bold_header
from corticolimbic.dataset._confounds import Confounds as Confounds
from corticolimbic.dataset._confounds import read_confounds as read_confounds
from corticolimbic.dataset._description import Description as Description
from corticolimbic.dataset._description import read_description as read_description
from corticolimbic.dataset._join import check_join as check_join
from corticolimbic.dataset._marked import without_runs as without_runs
from corticolimbic.dataset._mask import read_mask as read_mask
from corticolimbic.dataset._motion import Motion as Motion
from corticolimbic.dataset._motion import read_motion as read_motion
from corticolimbic.dataset._participants import Participants as Participants
from corticolimbic.dataset._participants import read_participants as read_participants
from corticolimbic.dataset._runs import NO_SESSION as NO_SESSION
from corticolimbic.dataset._runs import BoldRun as BoldRun
from corticolimbic.dataset._runs import Scan as Scan
from corticolimbic.dataset._runs import SeriesRun as SeriesRun
from corticolimbic.dataset._runs import SessionFiles as SessionFiles
from corticolimbic.dataset._scan import scan as scan
from corticolimbic.dataset._series import RegionSeries as RegionSeries
from corticolimbic.dataset._series import read_series as read_series
from corticolimbic.dataset._session_tables import SessionTables as SessionTables
from corticolimbic.dataset._session_tables import read_sessions_tables as read_sessions_tables
from corticolimbic.dataset._settings import DatasetSettings as DatasetSettings
from corticolimbic.dataset._validate import validate as validate
