"""What stands around the application: cache, proxies, mail, metrics, and what Django's own checks say."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import global_settings, settings
from django.core import checks
from django.core.cache import cache as default_cache
from django.db import connections
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning import databases, telemetry
from scim_provisioning.administration.report import Line, failed, passed, warned
from scim_provisioning.conf import DEBUG_SITE_URL, app_settings
from scim_provisioning.http import healthz
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.tokens import networks

_SILENT_MAIL: Final = ("console", "dummy", "locmem", "filebased")
_MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"
_AT_HOME: Final = frozenset({"localhost", "127.0.0.1", "::1"})
#: Names of connections that a line lists.
_SHOWN: Final = 5


def cache() -> Iterator[Line]:
    """The default cache answers, and all processes share it: requests are counted in it."""
    what = _("Requests are counted in a cache that all processes share")
    backend = str(settings.CACHES.get("default", {}).get("BACKEND", ""))
    mend = _("Set CACHES[“default”] to Redis, Memcached or the database.")
    if backend.endswith("DummyCache"):
        yield warned(what, _("The cache keeps nothing: no limit of requests holds."), mend)
    elif not _keeps():
        found = _("It does not answer: no limit of requests holds.")
        mend = _(
            "Start the server that CACHES names, or correct it. Until then SCIM goes on, and THROTTLE holds nobody "
            "back."
        )
        yield warned(what, found, mend)
    elif backend.endswith("LocMemCache"):
        yield warned(what, _("Each process counts for itself: limits are as many times higher."), mend)
    else:
        yield passed(what, backend.rpartition(".")[2])


def _keeps() -> bool:
    """Whether what is put into the cache is there afterwards."""
    kept: list[bool] = []

    def look() -> None:
        key = f"scim_provisioning:doctor:{uuid4().hex}"
        # Whatever a cache's client raises when its server is not there.
        with suppress(Exception):
            default_cache.set(key, 1, timeout=10)
            kept.append(default_cache.get(key) == 1)
        connections.close_all()

    # In a thread: a server that hangs answers nobody, ever.
    thread = Thread(target=look, daemon=True)
    thread.start()
    thread.join(healthz.PATIENCE)
    return kept == [True]


def proxies() -> Iterator[Line]:
    """Who calls is known although a proxy stands before the application."""
    what = _("Callers’ addresses are known")
    mend = _("Set TRUSTED_PROXIES to the addresses of your proxies, such as “10.0.0.0/8”.")
    addresses = SCIMToken.objects.live().exclude(last_used_ip=None).values_list("last_used_ip", flat=True)
    seen = {str(address) for address in addresses}
    trusted = [networks.network(text) for text in app_settings.trusted_proxies]
    if not trusted:
        private = sorted(filter(_is_of_own_network, seen))
        if settings.SECURE_PROXY_SSL_HEADER:
            yield warned(
                what,
                _("SECURE_PROXY_SSL_HEADER says that there is a proxy, TRUSTED_PROXIES that there is none."),
                mend,
            )
        elif private:
            found = _("Requests seem to come from %(address)s, which is an address of your own network.")
            yield warned(what, found % {"address": private[0]}, mend)
        else:
            yield passed(what, _("No proxy is known."))
        return
    own = sorted(address for address in seen if any(networks.address(address) in net for net in trusted))
    if own:
        found = _("Requests seem to come from the proxy %(address)s itself.") % {"address": own[0]}
        yield warned(what, found, _("Let the proxy set X-Forwarded-For."))
    else:
        yield passed(what, ", ".join(app_settings.trusted_proxies))


def _is_of_own_network(text: str) -> bool:
    """Whether no identity provider calls from there. On a developer's machine everybody calls from itself."""
    address = ipaddress.ip_address(text)
    is_at_home = urlsplit(app_settings.raw.get("SITE_URL") or DEBUG_SITE_URL).hostname in _AT_HOME
    return address.is_private and not (address.is_loopback and is_at_home)


def mail() -> Iterator[Line]:
    """Mail leaves this server, from an address that may be answered."""
    what = _("Notices are mailed")
    backend = settings.EMAIL_BACKEND
    if any(f".{name}." in backend for name in _SILENT_MAIL):
        found = _("%(backend)s sends no mail.") % {"backend": backend}
        yield warned(
            what, found, _("Set EMAIL_BACKEND and its companions, so that contacts get their notices.")
        )
    elif settings.DEFAULT_FROM_EMAIL == global_settings.DEFAULT_FROM_EMAIL:
        found = _("They come from %(address)s, which many servers refuse.") % {
            "address": settings.DEFAULT_FROM_EMAIL
        }
        yield warned(what, found, _("Set DEFAULT_FROM_EMAIL to an address of this site."))
    else:
        yield passed(what, backend)


def contacts(told: Iterable[SCIMConnection]) -> Iterator[Line]:
    """Every one of them has somebody to tell."""
    what = _("There are contacts to tell")
    names = [connection.name for connection in told if not connection.contacts]
    if not names:
        yield passed(what)
        return
    shown = ", ".join(names[:_SHOWN])
    found = ngettext(
        "%(names)s has none: nobody is told when its token ends.",
        "%(n)d have none, among them %(names)s: nobody is told when their tokens end.",
        len(names),
    ) % {"names": shown, "n": len(names)}
    yield warned(what, found, _("Add some on the connection’s page, under Change policies."))


def metrics() -> Iterator[Line]:
    """What ``METRICS`` names can be used; with Prometheus and several processes, there is a folder to count in."""
    what = _("Metrics are counted")
    path = app_settings.metrics
    if path is None:
        yield passed(what, _("METRICS names nothing: none are."))
        return
    if not telemetry.is_in_use():
        mend = _("Run “manage.py check” and mend what it names.")
        yield warned(what, _("%(path)s cannot be used.") % {"path": path}, mend)
        return
    folder = os.environ.get(_MULTIPROCESS)
    if folder and not os.access(folder, os.W_OK):
        found = _("%(folder)s cannot be written to.") % {"folder": Path(folder)}
        mend = _("Make the folder that PROMETHEUS_MULTIPROC_DIR names, empty, before the server starts.")
        yield warned(what, found, mend)
        return
    yield passed(what, path)


def system_checks() -> Iterator[Line]:
    """``manage.py check`` has nothing to say about this app."""
    what = _("The system checks are silent")
    alias = databases.alias()
    found = checks.run_checks(tags=["scim_provisioning"], databases=[alias])
    loud = [message for message in found if not message.is_silenced()]
    if not loud:
        yield passed(what)
        return
    mend = _("Run “manage.py check --database %(alias)s” and mend what it names.") % {"alias": alias}
    ids = ", ".join(sorted({str(message.id) for message in loud}))
    is_serious = any(message.is_serious() for message in loud)
    yield failed(what, ids, mend) if is_serious else warned(what, ids, mend)
