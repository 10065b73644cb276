"""Whatever bytes a file of structure holds, a reader answers with values, a problem or an InputError."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
from dataset.mutations import damaged, each_survives

from corticolimbic.dataset import scan
from corticolimbic.features import schema
from corticolimbic.foundation import problem_codes
from corticolimbic.measure import measure_structure
from corticolimbic.simulate import aparc_text, aseg_text, simulated_anatomy

ANATOMY = simulated_anatomy(np.random.default_rng(2))
EXPORT = "Measure:volume\tLeft-Hippocampus\tRight-Hippocampus\tEstimatedTotalIntraCranialVol\n"
CAT = (
    '<?xml version="1.0"?><S><neuromorphometrics><names><item>Left Hippocampus</item></names>'
    "<data><Vgm>[3.5]</Vgm></data></neuromorphometrics></S>"
)
FILES = {
    "sub-01/stats/aseg.stats": tuple(aseg_text(ANATOMY, variant=v).encode() for v in ("5.1", "7.4")),
    "sub-01/stats/lh.aparc.stats": (aparc_text(ANATOMY.cortex["lh"], "lh").encode(),),
    "sub-01/mri/lh.hippoSfVolumes-T1.v21.txt": (b"Hippocampal_tail 500.5\nWhole_hippocampus 3400.5\n",),
    "aseg_stats.tsv": (f"{EXPORT}sub-01\t4000\t4100.5\t1.5e6\nsub-02\t3900\t4000\tNA\n".encode(),),
    "synthseg_vol.csv": (b"subject,total intracranial,left hippocampus\nsub-01_T1w.nii.gz,1500000,3800.5\n",),
    "label/catROI_sub-01.xml": (CAT.encode(),),
    "sub-01/anat/sub-01_first_volumes.txt": (b"L_Hipp 4000 4000.0\n53 4100 4100.5\n",),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_damaged_files_give_values_or_problems(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)

    def use(data: object) -> None:
        assert isinstance(data, bytes)
        path.write_bytes(data)
        found = scan(tmp_path)
        problems = list(found.problems)
        for session in found.structure:
            made = measure_structure(tmp_path, session)
            problems += made.problems
            table = schema("features").table(made.features)
            for value, qc in zip(table["value"], table["qc"], strict=True):
                assert math.isnan(value) != (qc == "ok" or qc.startswith("doubtful")), (value, qc)
                assert not value < 0 or "Cortex" in set(table["target"])  # an Euler number is negative
        assert {item.code for item in problems} <= set(problem_codes())

    each_survives(f"structure {name}", lambda rng: damaged(FILES[name], rng), use)


def test_random_bytes_are_no_file_of_structure(tmp_path: Path) -> None:
    rng = random.Random(7)
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(rng.randbytes(200))
    found = scan(tmp_path)
    for session in found.structure:
        made = measure_structure(tmp_path, session)
        assert not made.features and made.problems
