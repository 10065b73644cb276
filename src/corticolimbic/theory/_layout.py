"""In which order the compiled loops of the slow dynamics hold people, states, constants and outputs."""

from __future__ import annotations

LANES = 64
"""People of a block."""
CHANNELS = 4
"""Kinds of noise: fast and slow drive, coupling, memory."""
SLOTS = (
    "gain",
    "coupling_trait",
    "coupling_drive",
    "acquisition",
    "extinction",
    "extinction_extra",
    "antireward_reactivity",
    "reward_susceptibility",
    "antireward_from_reward",
    "reward_from_antireward",
    "dopamine_extra",
    "input",
    "use_coupling",
    "use_antireward",
    "use_reward",
    "move_coupling",
    "move_antireward",
    "move_reward",
    "move_value",
    "move_memory",
)
"""What actions change: a person's values, and switches."""
STATES = ("coupling", "value", "memory", "antireward", "reward", "pituitary", "adrenal", "grey", "distress")
"""States at the start of a step."""
OUTPUTS = (
    "pain",
    "nociception",
    "memory_drive",
    "opponent_drive",
    "injury",
    "coupling",
    "coupling_used",
    "value",
    "memory",
    "antireward",
    "reward",
    "dopamine",
    "control",
    "cortisol",
    "acth",
    "pituitary",
    "adrenal",
    "grey",
    "distress",
    "noise",
)
"""What can be kept."""
CONSTANTS = (
    "consolidated_share",
    "consolidation_rise",
    "consolidation_rate",
    "coupling_rate",
    "antireward_rate",
    "reward_rate",
    "sensitisation",
    "antireward_gain",
    "reward_gain",
    "direct_gain",
    "adrenal_gain",
    "control_loss",
    "dopamine_response",
    "dopamine_opponent",
    "dopamine_floor",
    "gain_coupling",
    "gain_trait",
    "gain_one",
    "gate_coupling",
    "gate_trait",
    "gate_one",
    "stress_gain",
    "pituitary_turnover",
    "adrenal_turnover",
    "grey_rate",
    "distress_rate",
    "noise_fast",
    "noise_fast_rate",
    "noise_slow",
    "noise_slow_rate",
    "noise_coupling",
    "noise_coupling_rate",
    "noise_memory",
    "flare_rate",
)
"""What is the same for everybody."""
