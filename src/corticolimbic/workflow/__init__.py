"""Steps with declared inputs and outputs, cached and resumable; `run` takes a dataset to a page."""

from corticolimbic.workflow._clinical import validate as validate
from corticolimbic.workflow._config import Config as Config
from corticolimbic.workflow._config import config_text as config_text
from corticolimbic.workflow._config import read_config as read_config
from corticolimbic.workflow._execute import Plan as Plan
from corticolimbic.workflow._folder import is_ours as is_ours
from corticolimbic.workflow._individuals import read_study as read_study
from corticolimbic.workflow._individuals import write_individuals as write_individuals
from corticolimbic.workflow._log import Progress as Progress
from corticolimbic.workflow._marker_folder import FolderScores as FolderScores
from corticolimbic.workflow._marker_folder import score_stored as score_stored
from corticolimbic.workflow._page import PAGE as PAGE
from corticolimbic.workflow._pool import PoolResult as PoolResult
from corticolimbic.workflow._pool import pool_files as pool_files
from corticolimbic.workflow._run import STEPS as STEPS
from corticolimbic.workflow._run import Result as Result
from corticolimbic.workflow._run import dry_run as dry_run
from corticolimbic.workflow._run import run as run
from corticolimbic.workflow._step import Context as Context
from corticolimbic.workflow._step import Found as Found
from corticolimbic.workflow._step import Outcome as Outcome
from corticolimbic.workflow._step import Step as Step
from corticolimbic.workflow._step import Unit as Unit
