"""How much one request may ask for, so that no body and no filter can hold a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a client sends; a host raises them through ``SCIM_PROVISIONING["LIMITS"]``.

    ``keys`` counts the members of every object in one body together, ``values`` these and the items of every
    list; both but for those of read-only ``groups`` and ``meta``. ``string_length`` is asked of names, paths and
    values that are kept: a longer value is left out where no field of the host's takes it. ``array_length`` is a
    list as it is sent, ``elements`` one as it is stored, ``document_bytes`` everything that is stored of one person.
    ``filter_depth`` counts parentheses and brackets that are
    open at the same time, ``filter_terms`` the comparisons of one filter, ``path_terms`` those in all paths of one
    PATCH. ``filter_scans`` are the comparisons that no index serves, ``search_seconds`` what the database may take
    for them, ``searches_at_once`` how many searches with such comparisons one connection may have running at the same
    moment, ``bulks_at_once`` the same for bulk requests, ``bulk_seconds`` after how long one of them begins no further
    operation.

    A verbose Entra update of a full user is about 40 operations and 120 keys, a create about 60 keys: the defaults
    leave room for both.
    """

    body_bytes: int = 262_144
    depth: int = 12
    keys: int = 200
    values: int = 400
    string_length: int = 8_192
    array_length: int = 100
    elements: int = 100
    document_bytes: int = 65_536
    operations: int = 50
    path_terms: int = 200
    filter_length: int = 2_048
    filter_terms: int = 20
    filter_depth: int = 8
    filter_scans: int = 10
    search_seconds: int = 10
    searches_at_once: int = 1
    bulk_operations: int = 100
    bulk_bytes: int = 1_048_576
    bulks_at_once: int = 1
    bulk_seconds: int = 20

    def for_bulk(self) -> Limits:
        """Return the limits of one bulk body: as many ordinary bodies as it may hold operations.

        What each operation holds is held to the ordinary limits once more, by itself.
        """
        return replace(
            self,
            body_bytes=self.bulk_bytes,
            depth=self.depth + 3,  # the envelope: object, Operations, data
            keys=(self.keys + 6) * self.bulk_operations,
            values=(self.values + 7) * self.bulk_operations,
            # Room beyond the limit, so that too many operations are 413 and not a list that is too long (400).
            array_length=max(self.array_length, 10 * self.bulk_operations),
        )


DEFAULT_LIMITS = Limits()
