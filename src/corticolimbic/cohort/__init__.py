"""Who the people are: clinical tables, visits, outcomes, populations, flow."""

from corticolimbic.cohort._flow import flow as flow
from corticolimbic.cohort._outcomes import Outcomes as Outcomes
from corticolimbic.cohort._outcomes import outcomes as outcomes
from corticolimbic.cohort._populations import check_sites as check_sites
from corticolimbic.cohort._populations import population_table as population_table
from corticolimbic.cohort._populations import sites as sites
from corticolimbic.cohort._reading._clinical import Clinical as Clinical
from corticolimbic.cohort._reading._clinical import read_clinical as read_clinical
from corticolimbic.cohort._reading._clinical import source_files as source_files
from corticolimbic.cohort._reading._clinical import visits_table as visits_table
from corticolimbic.cohort._reading._fetch import Fetched as Fetched
from corticolimbic.cohort._reading._fetch import RedcapClient as RedcapClient
from corticolimbic.cohort._reading._fetch import fetch_redcap as fetch_redcap
from corticolimbic.cohort._reading._own_tables import ImageMark as ImageMark
from corticolimbic.cohort._reading._own_tables import Tables as Tables
from corticolimbic.cohort._settings import CohortSettings as CohortSettings
from corticolimbic.cohort._settings import Outcome as Outcome
from corticolimbic.cohort._settings import Population as Population
from corticolimbic.cohort._settings import Rule as Rule
from corticolimbic.cohort._source_settings import RedcapApi as RedcapApi
from corticolimbic.cohort._source_settings import ScheduledVisit as ScheduledVisit
from corticolimbic.cohort._source_settings import Source as Source
from corticolimbic.cohort._visits import NO_SESSION as NO_SESSION
from corticolimbic.cohort._visits import number as number
from corticolimbic.cohort._visits import numbers as numbers
from corticolimbic.cohort._visits import text_column as text_column
