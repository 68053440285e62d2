"""The registry of kinds: strategies, policies, tactics, learners, data sources, networks.

A kind is a frozen pydantic model with a literal tag (`kind: Literal["threshold"] = "threshold"`), its
parameters and its behaviour. Defining the class registers it; a scenario's schema is the union of what is
registered. Modules of a family's package are imported when the family is first asked for, and so are the
entry points of the group `dataleverage.<family>` of any installed package.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")
Many = Annotated[tuple[T, ...], Strict(False)]  # a list in the file, a tuple (hashable) in the model


class Model(BaseModel):
    """What every part of a scenario is: frozen, strict about types, refusing unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass
class Family:
    """One family of kinds.

    name : singular, as in `dataleverage list` (`strategy`).
    package : where its modules live.
    tag : the key that names the kind in a file (`kind`, or `by` for objects).
    base : what all its kinds derive from.
    members : the registered kinds by tag, in order of registration.
    """

    name: str
    package: str
    tag: str
    base: type[Kind]
    members: dict[str, type[Kind]] = field(default_factory=dict)
    loaded: bool = False

    def load(self) -> Family:
        """Import every module of the family's package and every entry point of its group, once."""
        if not self.loaded:
            self.loaded = True
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
                importlib.import_module(f"{self.package}.{module.name}")
            for entry in entry_points(group=f"dataleverage.{self.name}"):
                entry.load()
        return self

    def short(self) -> list[str]:
        """The kinds that can be written as their tag alone, having no parameter without a default."""
        return [
            tag
            for tag, kind in self.members.items()
            if not any(part.is_required() for name, part in kind.model_fields.items() if name != self.tag)
        ]


FAMILIES: dict[str, Family] = {}


def family(name: str) -> Family:
    """The named family with all its kinds loaded."""
    return FAMILIES[name].load()


class Kind(Model):
    """Base of every kind. A family's base passes `family=` and `package=`; a kind sets its literal tag."""

    _family: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:  # pydantic hands the keywords to both hooks
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls, family: str | None = None, package: str | None = None, tag: str = "kind", **kwargs: Any
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if family is not None:
            cls._family = family
            FAMILIES[family] = Family(family, package or cls.__module__, tag, cls)
            return
        of = FAMILIES[cls._family]
        label = cls.model_fields.get(of.tag)
        if label is None or not isinstance(label.default, str):
            return
        if of.members.get(label.default) not in cls.__mro__[1:]:  # a subclass without a tag of its own takes nobody's place
            of.members[label.default] = cls

    @property
    def tag(self) -> str:
        """What the kind is called in a file."""
        return str(getattr(self, FAMILIES[self._family].tag))


@dataclass(frozen=True)
class OneOf:
    """Marks a field that holds any kind of a family, short (`threshold`) or full (`{kind: threshold, mean: .25}`).

    Use as `strategy: Annotated[Strategy, OneOf("strategy")]`.
    """

    family: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        of = family(self.family)
        union = core_schema.tagged_union_schema(
            {tag: handler.generate_schema(kind) for tag, kind in of.members.items()}, discriminator=of.tag
        )

        def expand(value: Any, validate: Callable[[Any], Any]) -> Any:
            if isinstance(value, of.base):
                return value
            return validate({of.tag: value} if isinstance(value, str) else value)

        return core_schema.no_info_wrap_validator_function(expand, union)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        short = family(self.family).short()
        full = handler(schema)
        return {"anyOf": [{"enum": short}, full]} if short else full
