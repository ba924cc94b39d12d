"""Who is who in one connection: from a manager's row to their SCIM id and back, in one query a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from django.db import models

from scim_provisioning.adapters import customers
from scim_provisioning.adapters.customers import Customer, customer_of
from scim_provisioning.adapters.rows import RowSource, source_of_model
from scim_provisioning.conf import user_location
from scim_provisioning.databases import prepared
from scim_provisioning.models import ProvisionedUser, SCIMConnection

#: So many stand above one another before nobody is looked for any more: no request may cost more than its size.
HIGHEST: Final = 100


class People:
    """Resolves managers inside one connection; remembers what it found for the rest of the request.

    ``source`` is the row that a manager's foreign key points at: the account or a profile. ``sources`` are all
    rows of the mapping, which tell whom the LMS has moved to another customer: they are nobody's manager here.
    """

    def __init__(
        self, connection: SCIMConnection, source: RowSource, sources: Mapping[str, RowSource]
    ) -> None:
        self._connection = connection
        self._source = source
        self._sources = sources
        self._scim_ids: dict[Any, str | None] = {}
        self._left: set[Any] = set()
        self._rows: dict[str, models.Model] = {}
        # By the keys of their rows, as far as it was asked.
        self._managers: dict[Any, Any] = {}
        self._is_one_of_many = False
        #: Whether so many stood above the manager who was asked for last that it is not known who is among them.
        self.is_too_high = False

    @cached_property
    def _customer(self) -> Customer:
        return customer_of(self._sources, self._connection)

    @cached_property
    def _locations(self) -> str:
        return user_location("")

    def location_of(self, scim_id: str) -> str:
        """The address of a person (``conf.user_location``); where that begins is looked up once a request."""
        return self._locations + scim_id

    def learn(self, keys: Iterable[Any]) -> None:
        """Fetch the SCIM ids of these rows at once: one query, or none when all are known."""
        unknown = {key for key in keys if key is not None} - self._scim_ids.keys()
        if not unknown:
            return
        self._scim_ids |= dict.fromkeys(unknown)
        given, of = (self._source.lookup("pk"), self._customer.lookups), self._customer.values
        for key, scim_id, deleted_at in prepared.rows(
            _ids, self._connection, tuple(unknown), *of, given=given
        ):
            self._scim_ids[key] = scim_id
            (self._left.discard if deleted_at is None else self._left.add)(key)

    def scim_id_of(self, key: Any) -> str | None:
        """The SCIM id of the row ``key``, or None for somebody who was never provisioned here."""
        self.learn([key])
        return self._scim_ids[key]

    def living_id_of(self, key: Any) -> str | None:
        """The same, but None for somebody who was deleted: their address answers 404."""
        scim_id = self.scim_id_of(key)
        return None if key in self._left else scim_id

    def find(self, scim_id: object) -> models.Model | None:
        """The row of the living person ``scim_id`` of this connection, or None. Never another tenant's."""
        if not isinstance(scim_id, str):
            return None
        if scim_id in self._rows:
            return self._rows[scim_id]
        links = ProvisionedUser.objects.living().filter(
            self._customer.has, connection=self._connection, scim_id=scim_id, user__isnull=False
        )
        row: models.Model | None
        if self._source.is_account or self._source.accessor:
            path = "__".join(part for part in ("user", self._source.accessor) if part)
            link = links.select_related(path).first()
            row = self._source.of(link.user) if link and link.user else None
        else:
            rows = self._source.queryset(self._connection)
            row = rows.filter(**{f"{self._source.user_field}__in": links.values("user")}).first()
        if row is not None:
            self._scim_ids[row.pk] = scim_id
            self._left.discard(row.pk)
            self._rows[scim_id] = row
        return row

    @property
    def row(self) -> str:
        """What targets call the row that a manager's foreign key points at."""
        return self._source.name

    def is_above(
        self, own: models.Model | None, manager: models.Model, row: models.Model, field: Any
    ) -> bool:
        """Whether a person, whose row among these people is ``own``, is ``manager`` or above them, by what foreign key
        ``field`` of rows like ``row`` holds. Where they are not, they are taken for managed by ``manager`` from now on.
        Where too many stand above ``manager`` to know (``is_too_high``), they are taken for one of them: an LMS that
        walks up has to come to an end.

        No query for a newcomer, nor for who is given somebody at the top, one for who manages nobody, else one a step
        up; of many people who are given managers together each step is looked up once, and one more is asked for each
        of them where so many stand above. A circle that is there already,
        without this person, is gone round once. Two requests at the same moment do not see one another.
        """
        self.is_too_high = False
        if own is None or own.pk is None:
            return False
        source = source_of_model(type(row), self._sources.values())
        if source is None or own.pk == manager.pk:
            return bool(own.pk == manager.pk)
        if source.model is self._source.model:
            self._managers.setdefault(manager.pk, getattr(manager, field.attname))
        is_above = self._may_be_above(own, manager, source, field) and self._is_in_line(
            own.pk, manager.pk, source, field
        )
        if self.is_too_high and not self._manages(own, source, field):
            # Who manages nobody is above nobody, however many these are.
            is_above = self.is_too_high = False
        if not is_above:
            self._managers[own.pk] = manager.pk
        return is_above

    def _may_be_above(self, own: models.Model, manager: models.Model, source: RowSource, field: Any) -> bool:
        if self._managers.get(manager.pk, manager.pk) is None:
            return False
        if self._is_one_of_many:
            return True
        self._is_one_of_many = True
        return self._manages(own, source, field)

    def _manages(self, own: models.Model, source: RowSource, field: Any) -> bool:
        """Whether a person is anybody's manager."""
        return source.queryset(self._connection).filter(**{field.attname: own.pk}).exists()

    def _is_in_line(self, own: Any, key: Any, source: RowSource, field: Any) -> bool:
        """Whether the key of somebody is among these: that of a person, and of those above them."""
        met = set[Any]()
        while key is not None and key not in met and key != own:
            self.is_too_high = len(met) == HIGHEST
            if self.is_too_high:
                return True
            met.add(key)
            if key not in self._managers:
                self._managers[key] = self._manager_of(key, source, field)
            key = self._managers[key]
        return bool(key == own)

    def _manager_of(self, key: Any, source: RowSource, field: Any) -> Any:
        """The key of the manager of the person with this key; None where there is none."""
        rows = source.queryset(self._connection)
        if source.model is self._source.model:
            found = rows.filter(pk=key)
        else:
            account = self._source.model._base_manager.filter(pk=key).values(self._source.user_field or "pk")
            found = rows.filter(**{f"{source.user_field or 'pk'}__in": account})
        return found.values_list(field.attname, flat=True).first()


def _ids(
    lookup: str, lookups: tuple[str, ...], connection: SCIMConnection, keys: tuple[Any, ...], *values: Any
) -> models.QuerySet[Any, Any]:
    links = ProvisionedUser.objects.filter(connection=connection, **{f"{lookup}__in": keys})
    links = links.filter(customers.has(lookups, values))
    # Tombstones first, so that a living link of the same person wins.
    found = links.order_by(models.F("deleted_at").desc(nulls_last=True), "pk")
    return found.values_list(lookup, "scim_id", "deleted_at")
