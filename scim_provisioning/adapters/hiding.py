"""Which rows of a person the host leaves out of what it shows, and that nobody who returns stays out of sight."""

from __future__ import annotations

from typing import Any

from scim_provisioning.adapters.hooks import HostHooks
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.naming import hides_rows
from scim_provisioning.adapters.refusals import hidden_account
from scim_provisioning.models import SCIMConnection


class HidesRows(HostHooks):
    """The part of the adapter that knows whom the host's default managers leave out (soft deletion)."""

    obj: Any
    connection: SCIMConnection

    @classmethod
    def compiled(cls, connection: SCIMConnection | None) -> CompiledMapping:
        """The connection's mapping, compiled; that of everybody without one."""
        raise NotImplementedError

    @property
    def compiled_mapping(self) -> CompiledMapping:
        """The same, of this person's connection."""
        return self.compiled(self.connection)

    def is_hidden(self, account: Any) -> bool:
        """Whether the host's default manager leaves this account, or such a row of somebody's, out. One query where it
        leaves any out."""
        model = type(account)
        return hides_rows(model) and not model._default_manager.filter(pk=account.pk).exists()

    def bring_back(self) -> None:
        """See to it that somebody who returns is visible to the host: their account, and the rows that are one-to-one
        with it. One query for each of these models of which the host hides rows.

        Raises ``Uniqueness`` when one stays hidden: nobody may be called active whom the LMS does not know.
        """
        if not self._is_out_of_sight():
            return
        if self.overrides("restore"):
            self.restore(self.obj)
        if self._is_out_of_sight():
            raise hidden_account({"accounts": [self.obj.pk]})

    def _is_out_of_sight(self) -> bool:
        sources = self.compiled_mapping.sources.values()
        rows = [self.obj, *(source.of(self.obj) for source in sources if source.accessor)]
        return any(row is not None and self.is_hidden(row) for row in rows)
