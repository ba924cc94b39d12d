"""The one place that reads ``settings.SCIM_PROVISIONING``.

``app_settings`` is an object of typed properties. Nothing is cached, so ``override_settings`` works in a
host's tests without reload hooks. A property answers the documented default when the key is absent, and
raises ``ImproperlyConfigured`` only where there is no safe default (``ADAPTER``; ``SITE_URL`` outside
``DEBUG``). Wrong values are reported by the system checks, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, URLResolver, get_resolver, get_script_prefix, get_urlconf, reverse
from django.utils.translation import get_language

from scim_provisioning.protocol.limits import DEFAULT_LIMITS, Limits

SETTING: Final = "SCIM_PROVISIONING"
DEBUG_SITE_URL: Final = "http://localhost:8000"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long ``scim_prune`` keeps what; key ``RETENTION`` overrides single fields by name."""

    payload_days: int = 30
    payloads_per_connection: int = 50_000
    event_days: int = 396
    decided_days: int = 90


DEFAULT_THROTTLE: Final[Mapping[str, int]] = {"reads": 500, "writes": 250, "failures": 60}
DEFAULT_RETENTION: Final = Retention()

# The key and the kind of value each one takes. The checks read this table, and so does every property's test.
KNOWN_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "ADAPTER": (str,),
    "SITE_URL": (str,),
    "SSO_MODEL": (str, type(None)),
    "SSO_KEY_FIELD": (str,),
    "SSO_ENABLED": (dict,),
    "REQUIRE_SSO": (bool,),
    "TOKEN_DEFAULT_DAYS": (int,),
    "TOKEN_MAX_DAYS": (int,),
    "TOKENS_LIVE_MAX": (int,),
    "ALLOW_NON_EXPIRING_TOKENS": (bool,),
    "METRICS": (str, type(None)),
    "TOKEN_PEPPERS": (list, tuple),
    "THROTTLE": (dict,),
    "LIMITS": (dict,),
    "TRUSTED_PROXIES": (list, tuple),
    "PAGE_SIZE": (int,),
    "PAGE_SIZE_MAX": (int,),
    "DOCUMENTATION_URL": (str, type(None)),
    "ADMIN_AUTOREGISTER": (bool,),
    "ADMIN_BASE": (str,),
    "RETENTION": (dict,),
}

# Names that may stand inside the settings that are dicts of numbers.
KNOWN_SUBKEYS: Final[Mapping[str, frozenset[str]]] = {
    "THROTTLE": frozenset(DEFAULT_THROTTLE),
    "LIMITS": frozenset(field.name for field in fields(Limits)),
    "RETENTION": frozenset(field.name for field in fields(Retention)),
}


class AppSettings:
    """Typed, uncached view of ``settings.SCIM_PROVISIONING``."""

    @property
    def raw(self) -> Mapping[str, Any]:
        """The dict as the host wrote it; empty when it is missing or not a dict (a check says so)."""
        # Most requests read some twenty of them: where Django keeps what it was asked for before, until it changes.
        value = object.__getattribute__(settings, "__dict__").get(SETTING)
        if value is None:
            value = getattr(settings, SETTING, None)
        return value if isinstance(value, (dict, Mapping)) else {}

    def _get(self, key: str, default: Any) -> Any:
        return self.raw.get(key, default)

    @property
    def adapter(self) -> str:
        """Dotted path of the host's ``LearnerAdapter``. Raises ``ImproperlyConfigured`` when missing."""
        path: str = self._get("ADAPTER", "")
        if not path:
            raise ImproperlyConfigured(
                'SCIM_PROVISIONING["ADAPTER"] is missing. Set it to the dotted path of your LearnerAdapter.'
            )
        return path

    @property
    def site_url(self) -> str:
        """Scheme and host that clients use, without a trailing slash; never taken from the Host header.

        Raises ``ImproperlyConfigured`` when missing outside ``DEBUG``.
        """
        url: str = self._get("SITE_URL", "")
        if not url and settings.DEBUG:
            url = DEBUG_SITE_URL
        if not url:
            raise ImproperlyConfigured(
                'SCIM_PROVISIONING["SITE_URL"] is missing. Set it to the https address of this site.'
            )
        return url.rstrip("/")

    @property
    def sso_model(self) -> str | None:
        """``"app_label.Model"`` of the host's SSO settings; None: a connection stands alone."""
        model: str | None = self._get("SSO_MODEL", None)
        return model or None

    @property
    def sso_key_field(self) -> str:
        """Field of ``sso_model`` that names a row for good; the primary key unless set."""
        return str(self._get("SSO_KEY_FIELD", "pk"))

    @property
    def sso_enabled(self) -> dict[str, Any]:
        """Field values of the SSO row that mean "SSO is on"; empty: it is on while the row exists."""
        return dict(self._get("SSO_ENABLED", {}))

    @property
    def require_sso(self) -> bool:
        """Whether SSO must be on for tokens to be generated and for requests to be answered."""
        return bool(self._get("REQUIRE_SSO", True))

    @property
    def token_default_days(self) -> int:
        """Life of a token whose maker named none."""
        return int(self._get("TOKEN_DEFAULT_DAYS", 365))

    @property
    def token_max_days(self) -> int:
        """Longest life of a token that expires."""
        return int(self._get("TOKEN_MAX_DAYS", 730))

    @property
    def tokens_live_max(self) -> int:
        """How many tokens of one connection may be live at once (two are enough to rotate)."""
        return int(self._get("TOKENS_LIVE_MAX", 2))

    @property
    def allow_non_expiring_tokens(self) -> bool:
        """Whether a token may be made that never expires."""
        return bool(self._get("ALLOW_NON_EXPIRING_TOKENS", False))

    @property
    def metrics(self) -> str | None:
        """Dotted path of a metrics back-end, or None."""
        path: str | None = self._get("METRICS", None)
        return path or None

    @property
    def token_peppers(self) -> tuple[str, ...]:
        """Secrets mixed into token digests, newest first; empty: plain SHA-256."""
        return tuple(str(pepper) for pepper in self._get("TOKEN_PEPPERS", ()))

    @property
    def throttle(self) -> dict[str, int]:
        """``{"reads": n, "writes": n, "failures": n}``: requests a second and connection; and those a minute and
        address that could not be authenticated."""
        return {**DEFAULT_THROTTLE, **self._get("THROTTLE", {})}

    @property
    def limits(self) -> Limits:
        """Size limits of a request; ``LIMITS`` overrides single fields of ``protocol.limits.Limits``."""
        chosen = self._get("LIMITS", {})
        return replace(DEFAULT_LIMITS, **chosen) if chosen else DEFAULT_LIMITS

    @property
    def trusted_proxies(self) -> tuple[str, ...]:
        """Addresses and networks whose ``X-Forwarded-For`` counts."""
        return tuple(str(network) for network in self._get("TRUSTED_PROXIES", ()))

    @property
    def page_size(self) -> int:
        """Resources on a page when the client names no ``count``."""
        return int(self._get("PAGE_SIZE", 100))

    @property
    def page_size_max(self) -> int:
        """Resources on a page at most, whatever ``count`` says."""
        return int(self._get("PAGE_SIZE_MAX", 200))

    @property
    def documentation_url(self) -> str | None:
        """Where the host explains its provisioning; ``documentationUri`` in ``/ServiceProviderConfig``."""
        url: str | None = self._get("DOCUMENTATION_URL", None)
        return url or None

    @property
    def admin_autoregister(self) -> bool:
        """Whether the app registers its own admin pages."""
        return bool(self._get("ADMIN_AUTOREGISTER", True))

    @property
    def admin_base(self) -> str:
        """Dotted path of the ``ModelAdmin`` that the app's admin pages build on (Unfold has its own)."""
        return str(self._get("ADMIN_BASE", "django.contrib.admin.ModelAdmin"))

    @property
    def retention(self) -> Retention:
        """How long the log is kept; ``RETENTION`` overrides single fields."""
        return replace(DEFAULT_RETENTION, **self._get("RETENTION", {}))


app_settings: Final = AppSettings()


def tenant_url() -> str:
    """The one Tenant URL that every identity provider is given; ends in ``/scim/v2``, no trailing slash.

    Raises ``ImproperlyConfigured`` without ``SITE_URL``, ``NoReverseMatch`` while the URLs are not included.
    """
    urlconf = get_urlconf() or settings.ROOT_URLCONF
    if not isinstance(urlconf, str):
        return app_settings.site_url + _root(urlconf)
    # Django makes another resolver when it is told that the URLs are others now.
    return app_settings.site_url + _known_root(
        urlconf, get_resolver(urlconf), get_script_prefix(), get_language()
    )


def _root(urlconf: Any) -> str:
    return reverse("scim_provisioning:root", urlconf=urlconf).rstrip("/")


@lru_cache(maxsize=64)
def _known_root(urlconf: str, resolver: URLResolver, prefix: str, language: str | None) -> str:
    """The path of the Tenant URL. Looked up once a process for everything that it depends on: every person who is shown
    asks for it."""
    return _root(urlconf)


def user_location(scim_id: str) -> str:
    """The ``location`` of a User (RFC 7643 section 3.1); from the settings, never from the request."""
    return f"{tenant_url()}/Users/{scim_id}"


def tenant_url_or_empty() -> str:
    """The Tenant URL; empty while settings or URLs are not complete (a system check says why)."""
    try:
        return tenant_url()
    except (ImproperlyConfigured, NoReverseMatch):
        return ""
