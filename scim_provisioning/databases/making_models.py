"""From the columns of a row to a model, as Django's ``from_db`` does it, and a new one from values, where nobody could
tell the difference.

Half of what Django takes for that is ``Model.__init__``, which sets each field by itself and asks two signals. Here the
columns are put into the model at once; where a host's model has an ``__init__`` of its own, a field that wants to know
what it is set to, or a receiver, Django makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from inspect import getattr_static
from typing import Any, Final

from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init

from scim_provisioning.databases.listening import is_heard

#: Whoever has written one of these themselves is asked.
_OWN: Final = ("__init__", "__new__", "__setattr__", "from_db")
#: Called by a ``from_db`` of this package's that does nothing else beside Django's.
_READ: Final = "was_read"
#: What does no more with a value than to keep it.
_KEEPS: Final = (DeferredAttribute, ForeignKeyDeferredAttribute)


class Maker:
    """Makes models of one class of these attributes, in the place of the class itself."""

    def __init__(self, model: type[Model], names: Sequence[str]) -> None:
        self._model = model
        self._is_plain = _is_plain(model, names)
        self._was_read = getattr(model, _READ, None)

    def from_db(self, alias: str, names: Sequence[str], values: Sequence[Any]) -> Model:
        """As ``Model.from_db``."""
        model = self._model
        if not self._is_plain or is_heard(model, pre_init, post_init):
            return model.from_db(alias, names, values)
        made = model.__new__(model)
        state: Any = ModelState()
        state.adding, state.db = False, alias
        made.__dict__["_state"] = state
        made.__dict__.update(zip(names, values, strict=True))
        if self._was_read is not None:
            self._was_read(made)
        return made


def new(model: type[Model], **values: Any) -> Any:
    """As ``model(**values)``, of fields; the others get their defaults."""
    blank = _blank(model)
    if blank is None or is_heard(model, pre_init, post_init):
        return model(**values)
    made = model.__new__(model)
    state: Any = ModelState()
    held = made.__dict__
    held["_state"] = state
    for field, name, attribute, default, is_made in blank:
        if attribute in values:
            held[attribute] = values[attribute]
        elif name in values:
            related = state.fields_cache[name] = values[name]
            held[attribute] = None if related is None else getattr(related, field.target_field.attname)
            if related is not None and not field.remote_field.multiple:
                field.remote_field.set_cached_value(related, made)
        else:
            held[attribute] = default() if is_made else default
    return made


@lru_cache(maxsize=32)
def _blank(model: type[Model]) -> list[tuple[Any, str, str, Any, bool]] | None:
    """Every field of a model with its name, where a row holds its value, what stands there where none is given, and
    whether that has to be made first."""
    fields: Any = model._meta.concrete_fields
    if not _is_plain(model, [field.attname for field in fields]):
        return None
    return [(field, field.name, field.attname, *_default(field)) for field in fields]


def _default(field: Any) -> tuple[Any, bool]:
    is_made = callable(field.default) or field.has_db_default()
    return (field.get_default, True) if is_made else (field.get_default(), False)


def put_in(populators: Sequence[Any]) -> None:
    """Have Django's populators of ``select_related`` make their models here."""
    for populator in populators:
        populator.model_cls = Maker(populator.model_cls, populator.init_list)
        put_in(populator.related_populators)


def _is_plain(model: type[Model], names: Sequence[str]) -> bool:
    written = (vars(cls) for cls in model.__mro__ if cls not in (Model, object))
    if any(name in own for own in written for name in _OWN if not (name == "from_db" and _READ in own)):
        return False
    fields = model._meta.concrete_fields
    in_order = [field.attname for field in fields if field.attname in names]
    return in_order == list(names) and all(type(getattr_static(model, name)) in _KEEPS for name in names)
