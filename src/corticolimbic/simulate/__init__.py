"""Simulated people, written as the files that scanners and clinics produce."""

from corticolimbic.simulate._sample import is_sample as is_sample
from corticolimbic.simulate._sample import write_sample as write_sample
