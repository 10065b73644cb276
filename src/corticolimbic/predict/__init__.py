"""Published markers: scored on a user's features, and judged."""

from corticolimbic.predict._baselines import judge_baselines as judge_baselines
from corticolimbic.predict._baselines import nuisances as nuisances
from corticolimbic.predict._judge import ALL_SITES as ALL_SITES
from corticolimbic.predict._judge import EXTERNAL as EXTERNAL
from corticolimbic.predict._judge import IN_SAMPLE as IN_SAMPLE
from corticolimbic.predict._judge import Judged as Judged
from corticolimbic.predict._judge import differences as differences
from corticolimbic.predict._judge import gather as gather
from corticolimbic.predict._judge import judge as judge
from corticolimbic.predict._markers import Marker as Marker
from corticolimbic.predict._markers import Published as Published
from corticolimbic.predict._markers import Term as Term
from corticolimbic.predict._markers import marker as marker
from corticolimbic.predict._markers import marker_ids as marker_ids
from corticolimbic.predict._nuisance_model import FittedNuisance as FittedNuisance
from corticolimbic.predict._nuisance_model import NuisanceModel as NuisanceModel
from corticolimbic.predict._out_of_fold import K_FOLD as K_FOLD
from corticolimbic.predict._out_of_fold import LEAVE_ONE_CENTRE_OUT as LEAVE_ONE_CENTRE_OUT
from corticolimbic.predict._out_of_fold_rows import external_sites_of as external_sites_of
from corticolimbic.predict._recalibrated import judge_recalibrated as judge_recalibrated
from corticolimbic.predict._score import person_scores as person_scores
from corticolimbic.predict._score import score as score
from corticolimbic.predict._settings import MarkerUse as MarkerUse
from corticolimbic.predict._settings import PredictSettings as PredictSettings
from corticolimbic.predict._settings import TrainingPeople as TrainingPeople
