"""Every shipped strategy as a text that configures it."""

from mindgap.registry import Registry

#: Those that need a parameter, settings beyond the default, and less training than by default.
SETTINGS = {
    "core_gcn": ["core_gcn[steps=3]"],
    "co_testing": [f"co_testing[variant={v}]" for v in ("naive", "aggressive", "conservative")],
    "one_modality": [
        "one_modality[of=margin, modality=image]",
        "one_modality[of=coreset, modality=image]",
        "one_modality[of=badge, modality=image]",
    ],
    "learning_loss": ["learning_loss[steps=3]"],
    "m_vaal": ["m_vaal[steps=1]"],
    "mean_modality": ["mean_modality[of=entropy]"],
    "worst_modality": ["worst_modality[of=margin]"],
    "pattern_conditional": ["pattern_conditional[of=margin]", "pattern_conditional[of=jsd]"],
    "stratified": ["stratified[of=badge]", "stratified[of=margin]", "stratified[of=bald]"],
}
REGISTRY = Registry()
NAMES = [
    name
    for name in REGISTRY.names("strategy")
    if REGISTRY.target("strategy", name).__module__.startswith("mindgap.strategies.")
]
SHIPPED = [text for name in NAMES for text in SETTINGS.get(name, [name])]
