"""The base of every settings object: typed, frozen, documented field by field, unknown names refused."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from corticolimbic.foundation._errors import SettingsError

AnySettings = TypeVar("AnySettings", bound=BaseModel)  # typing.Self is unknown to the checks made in tests


class Settings(BaseModel):
    """Base of the settings that a step reads.

    Every field carries a description, from which the reference page is generated; a test fails on one
    without.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @classmethod
    def from_mapping(cls: type[AnySettings], values: object, *, source: str = "settings") -> AnySettings:
        """Check a mapping (from YAML, flags or Python) and return settings.

        Raises
        ------
        SettingsError
            Naming the source, each field at fault and what it takes.
        """
        try:
            return cls.model_validate(values if values is not None else {})
        except ValidationError as error:
            raise SettingsError(_explain(error, source)) from error

    def plain(self) -> dict[str, Any]:
        """Return the settings as JSON values, defaults included."""
        return self.model_dump(mode="json")


def _explain(error: ValidationError, source: str) -> str:
    lines = [f"{source}: {error.error_count()} setting(s) cannot be used:"]
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"]) or "(top level)"
        found = (
            "" if item["type"] in {"missing", "extra_forbidden"} else f"; found {str(item['input'])[:80]!r}"
        )
        message = "is no setting here (a misspelling?)" if item["type"] == "extra_forbidden" else item["msg"]
        lines.append(f"  {place}: {message}{found}")
    lines.append("See docs/reference/configuration.md for every setting.")
    return "\n".join(lines)
