"""Every setting is described, and the settings can be written down and read again."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from corticolimbic.foundation import Settings


def every_settings(kind: type[Settings] = Settings) -> Iterator[type[Settings]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("corticolimbic."):
            yield child
            yield from every_settings(child)


def test_every_field_of_every_settings_class_has_a_description(modules: dict[str, ModuleType]) -> None:
    classes = list(every_settings())
    assert len(classes) > 3
    bare = [
        f"{kind.__name__}.{name}"
        for kind in classes
        for name, field in kind.model_fields.items()
        if len((field.description or "").split()) < 3
    ]
    assert not bare


def test_every_settings_class_is_frozen_and_refuses_unknown_names(modules: dict[str, ModuleType]) -> None:
    loose = [
        kind.__name__
        for kind in every_settings()
        if not kind.model_config.get("frozen") or kind.model_config.get("extra") != "forbid"
    ]
    assert not loose


def test_the_configuration_survives_being_written_and_read(modules: dict[str, ModuleType]) -> None:
    config = modules["corticolimbic.workflow"].Config
    assert config.from_mapping(config().plain()) == config()
