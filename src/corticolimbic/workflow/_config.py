"""The one configuration object: YAML, flags and Python fill the same typed settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, Field

from corticolimbic.cohort import CohortSettings
from corticolimbic.dataset import DatasetSettings, SuppliedTable
from corticolimbic.foundation import Settings, SettingsError, read_yaml
from corticolimbic.measure import MeasureSettings
from corticolimbic.predict import IndividualSettings, PredictSettings, VerdictSettings
from corticolimbic.stats import AgreementSettings, AttritionSettings, CompareSettings


class Config(Settings):
    """Everything that `corticolimbic run` can be told, one part for each room."""

    dataset: DatasetSettings = Field(default=DatasetSettings(), description="Which files are read.")
    supplied: tuple[SuppliedTable, ...] = Field(
        default=(), description="Tables of features that others computed."
    )
    measure: MeasureSettings = Field(default=MeasureSettings(), description="How they are measured.")
    cohort: CohortSettings = Field(
        default=CohortSettings(), description="Who the people are and what happened."
    )
    attrition: AttritionSettings = Field(
        default=AttritionSettings(), description="Who was lost, and what stands for them."
    )
    compare: CompareSettings = Field(default=CompareSettings(), description="What is compared over people.")
    agreement: AgreementSettings = Field(
        default=AgreementSettings(), description="How effects are held against published findings."
    )
    predict: PredictSettings = Field(default=PredictSettings(), description="Which markers are applied.")
    verdicts: VerdictSettings = Field(
        default=VerdictSettings(), description="When a marker counts as surviving in this cohort."
    )
    individuals: IndividualSettings = Field(
        default=IndividualSettings(), description="What may be said of one person (`corticolimbic person`)."
    )


def read_config(path: Path) -> Config:
    """Read a configuration from YAML.

    Raises
    ------
    SettingsError
        Where the file cannot be read, is no YAML mapping, or holds a setting that does not exist or does not
        fit.
    """
    values = read_yaml(path, what="configuration")
    unknown = list(_unknown(values or {}, Config))
    if unknown:
        raise SettingsError(f"configuration {path.name}: " + "; ".join(unknown))
    config = Config.from_mapping(values, source=f"configuration {path.name}")
    return config.model_copy(update={"predict": _beside(config.predict, path.parent)})


def _beside(settings: PredictSettings, folder: Path) -> PredictSettings:
    """Return the settings with files of markers and weights that lie beside the configuration found there."""

    def near(name: str) -> str:
        there = folder / name
        found = not name.startswith("dataset:") and not Path(name).is_absolute() and there.is_file()
        return str(there.resolve()) if found else name

    files = tuple(near(name) for name in settings.marker_files)
    weights = tuple(item.model_copy(update={"file": near(item.file)}) for item in settings.weights)
    return settings.model_copy(update={"marker_files": files, "weights": weights})


def _unknown(values: dict[Any, Any], model: type[BaseModel], place: str = "") -> Iterator[str]:
    """Yield what is wrong with each name that is no setting, and what it could be."""
    fields = model.model_fields
    for name, value in values.items():
        if name not in fields:
            close = difflib.get_close_matches(str(name), fields, n=1)
            guess = f"did you mean {close[0]}? " if close else ""
            yield f"{place}{str(name)[:80]} is no setting; {guess}There are: {', '.join(fields)}"
            continue
        inner = _model_of(fields[name].annotation)
        if inner is None:
            continue
        by_name = get_origin(fields[name].annotation) is dict and isinstance(value, dict)
        items = value.items() if by_name else [("", value)]
        named = ((item, f"{place}{name}" + (f".{key}" if by_name else "")) for key, item in items)
        for part, where in (found for item, at in named for found in _parts(item, at)):
            yield from _unknown(part, inner, f"{where}.")


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the settings that a field holds: itself, one of them or nothing, or several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_of, get_args(annotation))), None)


def _parts(value: Any, place: str) -> Iterator[tuple[dict[Any, Any], str]]:
    if isinstance(value, dict):
        yield value, place
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _parts(item, f"{place}[{index}]")


def config_text(config: Config) -> str:
    """Return a configuration as YAML, every setting spelled out."""
    values: dict[str, Any] = config.plain()
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)
