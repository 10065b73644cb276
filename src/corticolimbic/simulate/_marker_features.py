"""Features of the simulated cohort of markers: what each is, and what ties it to the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Through = Literal["outcome", "motion", "site", "one threshold", "nothing"]
"""What makes a feature go with the outcome."""


@dataclass(frozen=True)
class MarkerFeature:
    """One feature of the study.

    Parameters
    ----------
    name
        Of its random streams and its columns.
    markers
        Published markers that are made of it.
    measure, targets, statistic, task, atlas
        As in table ``features``; several targets share one value.
    mean, spread
        Of the marker's score, in the unit of the feature (Fisher z of ``fc``).
    sign
        1 where more of it means the worse outcome, as published; -1 where less does.
    through
        What makes it go with the outcome.
    together
        Whether several targets add up to the score, or have it as their mean.
    several
        Whether its markers need several visits; features of a run are measured at the first and the last.
    """

    name: str
    markers: tuple[str, ...]
    measure: str
    targets: tuple[str, ...]
    statistic: str
    task: str
    atlas: str
    mean: float
    spread: float
    sign: int
    through: Through = "nothing"
    together: Literal["sum", "mean"] = "mean"
    several: bool = False

    @property
    def structural(self) -> bool:
        """Whether it belongs to the session, not to a run."""
        return self.task == "n/a"


_VOLUMES = {"measure": "volume", "statistic": "sum", "task": "n/a", "atlas": "aseg", "together": "sum"}
_FA = {"measure": "fa", "statistic": "mean", "task": "n/a", "atlas": "n/a"}
_FC = {"measure": "fc", "statistic": "pearson", "task": "rest", "atlas": "coordinates"}


def _feature(kind: dict[str, str], **more: object) -> MarkerFeature:
    return MarkerFeature(**{**kind, **more})  # type: ignore[arg-type]


FEATURES: tuple[MarkerFeature, ...] = (
    _feature(
        _VOLUMES,
        name="amygdala",
        markers=("vachonpresseau2016_amygdala_volume",),
        targets=("Amy_L", "Amy_R"),
        mean=3300.0,
        spread=350.0,
        sign=-1,
        through="outcome",
    ),
    MarkerFeature(
        "module",
        ("vachonpresseau2016_dmpfc_amy_nac_fc",),
        "fc_within",
        ("module:dmPFC-Amy-NAc",),
        "mean_z",
        "rest",
        "coordinates",
        0.25,
        0.12,
        1,
        "motion",
    ),
    _feature(
        _FA,
        name="whole_brain_fa",
        markers=("mansour2013_whole_brain_fa",),
        targets=("WholeBrainWM",),
        mean=0.45,
        spread=0.015,
        sign=-1,
        through="site",
    ),
    _feature(
        _FA,
        name="right_slf_fa",
        markers=("misic2024_right_slf_fa",),
        targets=("SLF_R",),
        mean=0.47,
        spread=0.025,
        sign=-1,
        through="one threshold",
    ),
    _feature(
        _VOLUMES,
        name="hippocampus",
        markers=("vachonpresseau2016_hippocampus_volume",),
        targets=("Hip_L", "Hip_R"),
        mean=8200.0,
        spread=750.0,
        sign=-1,
    ),
    _feature(
        _VOLUMES,
        name="accumbens",
        markers=("makary2020_nac_volume",),
        targets=("NAc_L", "NAc_R"),
        mean=1150.0,
        spread=150.0,
        sign=-1,
    ),
    _feature(
        _FA,
        name="tract_fa",
        markers=("mansour2013_tract_fa",),
        targets=("SLF_L", "ExternalCapsule_L", "InternalCapsule_L", "CorpusCallosum"),
        mean=0.5,
        spread=0.02,
        sign=-1,
    ),
    MarkerFeature(
        "module_tracts",
        ("vachonpresseau2016_dmpfc_amy_nac_tracts",),
        "tract_connections",
        ("module:dmPFC-Amy-NAc",),
        "share",
        "n/a",
        "n/a",
        0.3,
        0.06,
        1,
    ),
    _feature(
        {**_FC, "atlas": "baliki2012"},
        name="mpfc_nac_rest",
        markers=("baliki2012_mpfc_nac_rest",),
        targets=("NAc_R--mPFC",),
        mean=0.2,
        spread=0.18,
        sign=1,
    ),
    _feature(
        {**_FC, "atlas": "baliki2012", "task": "rating"},
        name="mpfc_nac_rating",
        markers=("baliki2012_mpfc_nac_rating",),
        targets=("NAc_R--mPFC",),
        mean=0.25,
        spread=0.18,
        sign=1,
    ),
    _feature(
        _FC,
        name="mpfc_nac_right",
        markers=("ukb18288_right_nac_mpfc",),
        targets=("NAc_R--mPFC",),
        mean=0.22,
        spread=0.16,
        sign=1,
    ),
    _feature(
        _FC,
        name="vpl_dlpfc",
        markers=("ukb18288_vpl_dlpfc",),
        targets=("VPL_L--dlPFC_L", "VPL_R--dlPFC_L"),
        mean=0.1,
        spread=0.15,
        sign=-1,
    ),
    _feature(
        _FC,
        name="ahip_mpfc",
        markers=("ayoub2019_ahip_mpfc",),
        targets=("aHip_R--mPFC",),
        mean=0.15,
        spread=0.16,
        sign=-1,
    ),
    MarkerFeature(
        "nac_slow5",
        ("makary2020_nac_slow5",),
        "slow5",
        ("NAc_L", "NAc_R"),
        "amplitude",
        "rest",
        "coordinates",
        1.2,
        0.3,
        -1,
    ),
    _feature(
        _FC,
        name="pag_vmpfc",
        markers=("yu2014_pag_vmpfc_between", "yu2014_pag_vmpfc_within"),
        targets=("PAG--vmPFC",),
        mean=0.12,
        spread=0.17,
        sign=1,
        several=True,
    ),
    _feature(
        _FC,
        name="vta_mpfc",
        markers=("pmc7415705_vta_mpfc_between", "pmc7415705_vta_mpfc_within"),
        targets=("VTA--mPFC",),
        mean=0.1,
        spread=0.17,
        sign=-1,
        several=True,
    ),
)
"""The first four are those that work, or seem to; means and spreads are plausible, not published."""
LACKING = "accumbens"
"""The feature that one site did not measure."""
