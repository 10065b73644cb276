"""Settings say which field is wrong and what it takes; definitions change when their parts do."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError

from corticolimbic.foundation import Definition, Settings, SettingsError, environment, package_version


class Inner(Settings):
    """Part."""

    threshold: float = Field(default=0.5, gt=0, description="A threshold.")


class Outer(Settings):
    """Whole."""

    name: str = Field(description="A name.")
    inner: Inner = Field(default=Inner(), description="A part.")
    parts: tuple[Inner, ...] = Field(default=(), description="Parts.")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "a", "inner": {"threshold": -1}}, ["inner.threshold", "greater than 0", "-1"]),
        ({"name": "a", "inner": {"treshold": 1}}, ["inner.treshold", "no setting here", "misspelling"]),
        ({"name": "a", "parts": [{}, {"threshold": "wide"}]}, ["parts.1.threshold", "wide"]),
        ({"name": "a", "inner": {"threshold": float("nan")}}, ["inner.threshold", "finite"]),
        ({"name": "a", "inner": {"threshold": float("inf")}}, ["inner.threshold"]),
        ({}, ["name", "required"]),
        (None, ["name", "required"]),
        ([1], ["(top level)"]),
        ("text", ["(top level)"]),
        ({"name": 3, "stranger": 1}, ["name", "stranger", "2 setting(s)"]),
    ],
)
def test_messages_name_the_source_the_field_and_what_it_takes(values: object, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Outer.from_mapping(values, source="my.yaml")
    for word in ["my.yaml", *words]:
        assert word in str(caught.value)


def test_long_values_are_cut_short_in_messages() -> None:
    with pytest.raises(SettingsError) as caught:
        Outer.from_mapping({"name": ["x" * 10_000]})
    assert len(str(caught.value)) < 500


def test_settings_are_frozen_plain_and_read_back() -> None:
    outer = Outer.from_mapping({"name": "a", "parts": [{"threshold": 2}]})
    with pytest.raises(ValidationError):
        outer.name = "b"
    assert outer.plain() == {"name": "a", "inner": {"threshold": 0.5}, "parts": [{"threshold": 2.0}]}
    assert Outer.from_mapping(outer.plain()) == outer


PARTS = {"measure": "fc", "algorithm": 1, "settings": {"a": 1, "b": [1, 2]}, "atlas": "X", "atlas_hash": "h"}


@pytest.mark.parametrize(
    "change",
    [
        {"measure": "alff"}, {"algorithm": 2}, {"settings": {"a": 1, "b": [2, 1]}}, {"settings": {"a": 1}},
        {"atlas": "Y"}, {"atlas_hash": "i"},
    ],
)  # fmt: skip
def test_a_definition_changes_its_id_with_any_part(change: dict) -> None:
    assert Definition(**{**PARTS, **change}).id != Definition(**PARTS).id


def test_equal_definitions_share_an_id_whatever_the_order_of_their_settings() -> None:
    turned = {**PARTS, "settings": {"b": [1, 2], "a": 1}}
    assert Definition(**PARTS).id == Definition(**turned).id
    assert Definition(**PARTS).id.startswith("fc-")
    assert Definition(**PARTS).plain() == PARTS


def test_the_environment_names_what_can_change_a_number() -> None:
    found = environment()
    assert found["corticolimbic"] == package_version()
    assert {"python", "numpy", "scipy", "scikit-learn"} <= set(found)
    assert all(found.values())
