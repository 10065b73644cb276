"""What the user says of tables with features that others computed."""

from __future__ import annotations

from pydantic import Field, model_validator

from corticolimbic.foundation import Settings


class SuppliedColumn(Settings):
    """What one column of a wide table holds."""

    measure: str = Field(description="Registered measure, for instance volume, fa or fc.")
    target: str = Field(
        description="Registered target: a region or tract (Amy_L, SLF_R), A--B, module:NAME, ..."
    )
    unit: str = Field(default="", description="Unit of the values; empty: the measure's first unit.")
    statistic: str = Field(
        default="", description="Estimator, for instance pearson; empty: the measure's first."
    )
    session: str = Field(
        default="", description="Session that the column belongs to, ses-LABEL; empty: that of the row."
    )
    task: str = Field(default="", description="Task label of the column; empty: that of the table.")


class SuppliedTable(Settings):
    """One table of features that others computed: long, or wide with its columns described."""

    file: str = Field(
        min_length=1,
        description="TSV or CSV (.csv) file inside the dataset, relative to its root, for instance "
        "derivatives/fa.tsv.",
    )
    columns: dict[str, SuppliedColumn] = Field(
        default={},
        description="A wide table: name of each column with values, and what it holds. Empty: the table is "
        "long, with the columns participant_id, measure, target and value, and where there are any "
        "session_id, task, run, acq, space, atlas, strategy, statistic, unit and qc.",
    )
    source: str = Field(
        default="",
        description="What computed the values, in words (program, version, settings). Tables with the same "
        "words hold the same features, for instance of several sites; other words make other features.",
    )
    session: str = Field(
        default="", description="Session of rows that name none, ses-LABEL; empty: the dataset has none."
    )
    task: str = Field(default="", description="Task label of rows that name none, for instance rest.")
    acq: str = Field(default="", description="Acquisition label of rows that name none.")
    space: str = Field(default="", description="Space of the images behind rows that name none.")
    atlas: str = Field(default="", description="Atlas or segmentation of rows that name none.")
    strategy: str = Field(
        default="as-given", min_length=1, description="Denoising behind rows that name none."
    )

    @model_validator(mode="after")
    def _described(self) -> SuppliedTable:
        keys = {"participant_id", "session_id"} & {name.casefold() for name in self.columns}
        if keys:
            raise ValueError(f"columns describes columns with values; {', '.join(sorted(keys))} is a key")
        return self
