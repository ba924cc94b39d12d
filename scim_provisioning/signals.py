"""Signals for hosts that want to do something of their own. Receivers take ``**kwargs``: there may be more of them.

A receiver that raises is logged by Django and changes nothing.
"""

from __future__ import annotations

from typing import Final

from django.dispatch import Signal

#: The leaver brake of a connection holds somebody, and held nobody before; once it is committed. ``sender`` is
#: ``SCIMConnection``. Arguments: ``connection``; ``count``, how many would have gone within the hour; ``limit``.
leavers_held: Final = Signal()
