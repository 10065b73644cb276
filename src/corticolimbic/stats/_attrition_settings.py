"""What the analysis of attrition can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from corticolimbic.foundation import Settings


class AttritionSettings(Settings):
    """How people who were lost are described, and what stands for them."""

    method: Literal["none", "weights", "imputation"] = Field(
        default="none",
        description="none: describe only. weights: those seen to the end are weighted to stand for "
        "everybody. imputation: the ratings of the lost are drawn several times over.",
    )
    covariates: tuple[str, ...] = Field(
        default=(),
        description="Baseline columns of the participants table that are compared between lost and seen, and "
        "that tell, in the models, who is lost. Ratings of earlier visits enter by themselves.",
    )
    site: str | None = Field(
        default="site",
        description="Column of sites, which enters every model; null where there is one site.",
    )
    auxiliary: tuple[str, ...] = Field(
        default=(),
        description="Complete baseline columns that help to impute; they are neither compared nor in the "
        "models of weights.",
    )
    truncation: float | None = Field(
        default=None,
        ge=50,
        le=100,
        description="Percentile at which larger weights are cut off: less variance, some bias. Null leaves "
        "them.",
    )
    imputations: int = Field(
        default=20,
        ge=2,
        le=1000,
        description="Completed tables; 100 times the missing information is enough.",
    )
    iterations: int = Field(default=10, ge=1, le=200, description="Rounds of the chain before each is taken.")
    imputed_by: Literal["residual", "pmm", "normal"] = Field(
        default="residual",
        description="How ratings are drawn. residual: expectation plus the residual of a person like them, "
        "on the scale. pmm: the rating of a person like them. normal: expectation plus noise, off the scale.",
    )
    donors: int = Field(
        default=10, ge=1, le=100, description="People like them, of whom one is drawn (residual, pmm)."
    )
    by_site: bool = Field(
        default=False, description="Whether each site is imputed by itself; it needs enough people at each."
    )
    delta: tuple[float, ...] = Field(
        default=(-2.0, -1.0, 0.0, 1.0, 2.0),
        description="Shifts of the imputed last ratings, in rating units: what if the lost fared better "
        "(below 0) or worse (above 0) than the model says? Empty for none.",
    )
    delta_by: str | None = Field(
        default=None, description="Column of groups (arm, site) for which shifted rates are given apart."
    )
    scale: tuple[float, float] = Field(
        default=(0.0, 10.0), description="Ends of the rating scale, at which shifted ratings stop."
    )
    seed: int = Field(default=0, ge=0, description="Of the imputations' random stream; recorded.")

    @model_validator(mode="after")
    def _sound(self) -> AttritionSettings:
        if self.scale[0] >= self.scale[1]:
            raise ValueError("the scale's first end must be below its second")
        named = (*self.covariates, *self.auxiliary, *((self.site,) if self.site is not None else ()))
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(
                f"{', '.join(twice)} is named more than once among covariates, auxiliary and site"
            )
        if self.by_site and self.site is None:
            raise ValueError("by_site needs the column of sites")
        return self
