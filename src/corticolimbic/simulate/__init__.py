"""Simulated people, written as the files that scanners and clinics produce, with their truth."""

from corticolimbic.simulate._anatomy import Anatomy as Anatomy
from corticolimbic.simulate._anatomy import simulated_anatomy as simulated_anatomy
from corticolimbic.simulate._freesurfer_files import StatsVariant as StatsVariant
from corticolimbic.simulate._freesurfer_files import aparc_text as aparc_text
from corticolimbic.simulate._freesurfer_files import aseg_text as aseg_text
from corticolimbic.simulate._freesurfer_files import write_freesurfer as write_freesurfer
from corticolimbic.simulate._people import Person as Person
from corticolimbic.simulate._people import person as person
from corticolimbic.simulate._redcap_export import PlantedError as PlantedError
from corticolimbic.simulate._redcap_export import RedcapExport as RedcapExport
from corticolimbic.simulate._redcap_export import redcap_export as redcap_export
from corticolimbic.simulate._scenarios import SCENARIOS as SCENARIOS
from corticolimbic.simulate._scenarios import scenario as scenario
from corticolimbic.simulate._settings import PlantedEffect as PlantedEffect
from corticolimbic.simulate._settings import SimulateSettings as SimulateSettings
from corticolimbic.simulate._simulate import simulate as simulate
from corticolimbic.simulate._study import configuration as configuration
from corticolimbic.simulate._study import is_simulated as is_simulated
from corticolimbic.simulate._table_cohort import TableCohort as TableCohort
from corticolimbic.simulate._table_cohort import population_estimate as population_estimate
from corticolimbic.simulate._table_cohort import table_cohort as table_cohort
from corticolimbic.simulate._visit_cohort import declared_change as declared_change
from corticolimbic.simulate._visit_cohort import population_changes as population_changes
from corticolimbic.simulate._visit_cohort import visit_cohort as visit_cohort
from corticolimbic.simulate._visit_cohort import visit_table as visit_table
