"""The scenarios there are: each a function that makes it, found by its name."""

from mindgap.tasks.scenarios.difficulty import (
    diff_corrupt,
    diff_corrupt_ctl,
    diff_dim,
    diff_noise_mod,
    diff_nonlin_red,
    diff_nonlin_uniq,
    diff_shortcut,
    diff_shortcut_ctl,
    diff_snr,
)
from mindgap.tasks.scenarios.interaction import (
    int_all16,
    int_all16_ctl,
    int_red_syn,
    int_redundant,
    int_synergy,
    int_unique_balanced,
    int_unique_one,
)
from mindgap.tasks.scenarios.labels import imbalance, label_noise
from mindgap.tasks.scenarios.many import five_mod, five_mod_ctl, three_mod, three_mod_ctl
from mindgap.tasks.scenarios.missing import (
    miss_base,
    miss_mar,
    miss_mcar_skew,
    miss_mcar_sym,
    miss_mnar_x,
    miss_mnar_y,
    miss_pool_only,
    miss_shift,
    miss_syn,
    miss_syn_ctl,
    miss_test_only,
)
from mindgap.tasks.scenarios.mixture import mix_realistic, mix_without
from mindgap.tasks.scenarios.nulls import null_exchangeable, null_label_noise

__all__ = [
    "diff_corrupt",
    "diff_corrupt_ctl",
    "diff_dim",
    "diff_noise_mod",
    "diff_nonlin_red",
    "diff_nonlin_uniq",
    "diff_shortcut",
    "diff_shortcut_ctl",
    "diff_snr",
    "five_mod",
    "five_mod_ctl",
    "imbalance",
    "int_all16",
    "int_all16_ctl",
    "int_red_syn",
    "int_redundant",
    "int_synergy",
    "int_unique_balanced",
    "int_unique_one",
    "label_noise",
    "miss_base",
    "miss_mar",
    "miss_mcar_skew",
    "miss_mcar_sym",
    "miss_mnar_x",
    "miss_mnar_y",
    "miss_pool_only",
    "miss_shift",
    "miss_syn",
    "miss_syn_ctl",
    "miss_test_only",
    "mix_realistic",
    "mix_without",
    "null_exchangeable",
    "null_label_noise",
    "three_mod",
    "three_mod_ctl",
]
