"""The one configuration object: YAML, flags and Python fill the same typed settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from corticolimbic.cohort import CohortSettings
from corticolimbic.dataset import DatasetSettings
from corticolimbic.foundation import InputError, Settings, SettingsError, read_bytes
from corticolimbic.measure import MeasureSettings
from corticolimbic.predict import PredictSettings
from corticolimbic.stats import CompareSettings

_LIMIT = 2**20


class Config(Settings):
    """Everything that `corticolimbic run` can be told, one part for each room."""

    dataset: DatasetSettings = Field(default=DatasetSettings(), description="Which files are read.")
    measure: MeasureSettings = Field(default=MeasureSettings(), description="How they are measured.")
    cohort: CohortSettings = Field(default=CohortSettings(), description="Who the people are and what happened.")
    compare: CompareSettings = Field(default=CompareSettings(), description="What is compared over people.")
    predict: PredictSettings = Field(default=PredictSettings(), description="Which markers are applied.")


def read_config(path: Path) -> Config:
    """Read a configuration from YAML.

    Raises
    ------
    SettingsError
        Where the file cannot be read, is no YAML mapping, or holds a setting that does not exist or does not fit.
    """
    try:
        values = yaml.safe_load(read_bytes(path, limit=_LIMIT).decode("utf-8-sig"))
    except InputError as error:
        raise SettingsError(f"configuration {path}: {error.problem.found}") from error
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"configuration {path} is no YAML: {error}") from error
    if values is not None and not isinstance(values, dict):
        raise SettingsError(f"configuration {path}: expected settings by name, found a {type(values).__name__}")
    return Config.from_mapping(values, source=f"configuration {path.name}")


def config_text(config: Config) -> str:
    """Return a configuration as YAML, every setting spelled out."""
    values: dict[str, Any] = config.plain()
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)
