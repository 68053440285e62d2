"""The registry of kinds: strategies, policies, tactics, learners, data sources, networks.

A kind is a frozen pydantic model with a literal tag (`kind: Literal["threshold"] = "threshold"`), its
parameters and its behaviour. Defining the class registers it; a scenario's schema is the union of what is
registered. Modules of a family's package are imported when the family is first asked for, and so are the
entry points of the group `dataleverage.<family>` of any installed package.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, core_schema

from dataleverage.errors import DataleverageError

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
        """Import every module of the family's package and every entry point of its group, once.

        Threads that come at the same time each do so, and wait for each other at the locks that Python holds on modules:
        a lock of our own would stop one that imports such a module and asks for the family in it.

        Raises DataleverageError for an entry point that cannot be loaded, each time it is tried.
        """
        busy = _loading.__dict__.setdefault("families", set())
        if self.loaded or self.name in busy:  # a module of the family may ask for the family
            return self
        busy.add(self.name)
        try:
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
                importlib.import_module(f"{self.package}.{module.name}")
            for entry in entry_points(group=f"dataleverage.{self.name}"):
                load_entry(entry)
            self.loaded = True
        finally:
            busy.discard(self.name)
        return self

    def short(self) -> list[str]:
        """The kinds that can be written as their tag alone, having no parameter without a default."""
        return [
            tag
            for tag, kind in self.members.items()
            if not any(part.is_required() for name, part in kind.model_fields.items() if name != self.tag)
        ]


FAMILIES: dict[str, Family] = {}
_loading = threading.local()  # families: the names of those that this thread is about to load


def load_entry(entry: EntryPoint) -> None:
    """Import what another package adds to a family."""
    try:
        entry.load()
    except Exception as error:
        package = f" of the package {entry.dist.name}" if entry.dist is not None else ""
        raise DataleverageError(
            f"the entry point `{entry.name} = {entry.value}` in {entry.group}{package} cannot be loaded: "
            f"{type(error).__name__}: {error}",
            remedy="Mend that package, or uninstall it.",
        ) from error


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
        """What the kind is called in a file; one that files cannot name goes by its class."""
        return str(getattr(self, FAMILIES[self._family].tag, type(self).__name__))


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
