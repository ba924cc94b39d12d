"""Warnings: something will probably go wrong, or is unsafe in most projects."""

from __future__ import annotations

from scim_provisioning.checks.fault import Fault

SSO_ALWAYS_ON = Fault(
    "W001",
    "SSO_ENABLED is empty: single sign-on counts as on for every row of {model}.",
    'Name the switch, such as SSO_ENABLED = {{"enabled": True}}. Silence this check if there is none.',
)
SHORT_PEPPER = Fault(
    "W002",
    "A secret in TOKEN_PEPPERS has {length} characters: it can be guessed.",
    "Use at least 32 random characters (secrets.token_urlsafe(32)). Put it first and keep the old one.",
)
PEPPER_IS_SECRET_KEY = Fault(
    "W003",
    "TOKEN_PEPPERS holds the SECRET_KEY: rotating that would end every token.",
    "Use a secret of its own.",
)
ROW_CANNOT_BE_SAVED = Fault(
    "W004",
    "What '{path}' creates may be refused by the database: {message}.",
    "{advice}",
)
EVERYBODY_IS_ADOPTABLE = Fault(
    "W005",
    "user_name_is_sso_subject is True, and nothing says which accounts are a customer's: one customer's identity "
    "provider could take over another's accounts.",
    "Override tenant_users(connection) to return this customer's accounts, or give a row a within that asks the "
    "connection.",
)
NO_PANEL = Fault(
    "W006",
    "The admin page of {model} shows no SCIM panel: {admin} does not use SCIMPanelMixin.",
    "Write class {name}(SCIMPanelMixin, admin.ModelAdmin), from scim_provisioning.admin import SCIMPanelMixin. "
    "Silence this check if tokens are generated elsewhere.",
)
SSL_REDIRECT_LOSES_BODY = Fault(
    "W007",
    "SECURE_SSL_REDIRECT redirects SCIM requests that come as plain http: the client's next request has no body, and "
    "nobody is told what is wrong.",
    'Add r"{pattern}" to SECURE_REDIRECT_EXEMPT. Plain http is refused all the same while SITE_URL is https.',
)
HOST_NOT_ALLOWED = Fault(
    "W008",
    "ALLOWED_HOSTS does not hold '{host}', the host of SITE_URL: Django would answer SCIM requests with 400.",
    'Add "{host}" to ALLOWED_HOSTS. Silence this check if a proxy sends another Host header.',
)
SSO_NEVER_ON = Fault(
    "W009",
    "SSO_ENABLED asks for '{field}' to be {value}, which it never is in {model}: single sign-on would never be on.",
    "{advice}",
)
SSO_KEY_FIELD_NULLABLE = Fault(
    "W010",
    "SSO_KEY_FIELD names '{field}', which may be NULL in {model}: rows without a value cannot be told apart.",
    "Make the field null=False, or choose another one. Silence this check if every row has a value.",
)
MAPPING_FOR_FAILS = Fault(
    "W011",
    "mapping_for() of the adapter '{path}' fails for {connections}: {message}",
    "Correct what mapping_for(connection) returns for them: their requests are refused until then.",
)
NETWORKS_BEHIND_PROXY = Fault(
    "W012",
    "Live tokens are limited to networks ({count}), and TRUSTED_PROXIES is empty although SECURE_PROXY_SSL_HEADER says "
    "that there is a proxy: every request seems to come from the proxy's address.",
    'Set TRUSTED_PROXIES to the addresses of your proxies, such as ["10.0.0.0/8"].',
)
ACCOUNTS_ARE_HIDDEN = Fault(
    "W013",
    "The default manager of {model} ({manager}) leaves accounts out, and nothing says how one returns: whoever was "
    "deleted so is refused with 409 when their identity provider creates them again.",
    "Write restore(self, account) on the adapter, which makes such an account visible again, and base tenant_users() "
    "on cls.all_accounts(). Silence this check if nobody comes back.",
)
ROW_WITHOUT_CUSTOMER = Fault(
    "W014",
    "Nobody fills {target}: it would be NULL for everybody new, although '{path}' is looked up within the customer.",
    "Add rows = {row} with what '{path}' has in within. Silence this check if your own code fills it.",
)
ROWS_ARE_HIDDEN = Fault(
    "W015",
    "The default manager of {model} ({manager}) leaves rows out, and nothing says how one returns: {consequence}.",
    "{advice}",
)
SSO_WITHOUT_NAMES = Fault(
    "W016",
    "{model} has no __str__: connections are called after its rows, and would be '{name}' and the like.",
    "Write def __str__(self) on {model} that names the customer. Silence this check if such names will do.",
)
NAME_IS_NEARLY = Fault(
    "W017",
    "The adapter has {name}, which nothing asks for; {near} is what is asked for.",
    "Call it {near}, or something less like it.",
)
SCHEMA_IS_NEARLY = Fault(
    "W018",
    "'{path}' declares a schema of your own, '{urn}', which is nearly '{near}': what is sent under that one is not "
    "found.",
    "Write '{right}' as the path. Silence this check if the schema is yours.",
)
SQLITE_DOES_NOT_WAIT = Fault(
    "W020",
    "The database '{alias}' is SQLite without transaction_mode IMMEDIATE: of requests at the same time most fail with "
    '"database is locked".',
    'Set OPTIONS of DATABASES["{alias}"] to {{"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": '
    '"PRAGMA journal_mode=WAL"}}.',
)
CACHE_MAY_HANG = Fault(
    "W021",
    'CACHES["default"], {backend}, sets no {missing}: while its server hangs, a request may wait for it for long, or '
    "for ever.",
    'Set {wanted} in OPTIONS of CACHES["default"], in seconds. SCIM goes on without the cache once it has given up.',
)
NAMES_NOT_UNIQUE = Fault(
    "W022",
    "Nothing keeps two rows of {model} with one name apart: the LMS can make one while '{path}' makes another, and "
    "people are divided among them.",
    "Merge those that are there, and add {constraint} to its constraints. Silence this check if names are not unique.",
)
NAME_WITHOUT_INDEX = Fault(
    "W023",
    "No index finds {target} in any case. {sentence}",
    "{advice}",
)
SESSIONS_CANNOT_END = Fault(
    "W024",
    "SESSION_ENGINE keeps sessions in cookies alone, where nobody can end them: of an account with a password one of "
    "before it was switched off is good again once it is switched on.",
    "Use django.contrib.sessions.backends.db or cached_db. Silence this check if no learner has a password.",
)
SSO_MODEL_APART = Fault(
    "W025",
    "{model} is in another database, '{alias}', than the app's tables: when its row is deleted and that is undone, "
    "the connection is archived all the same.",
    "Route {model} to the database of scim_provisioning in DATABASE_ROUTERS.",
)
SESSION_KEYS_UNNOTED = Fault(
    "W026",
    "Nothing notes the new key of a session whose password is changed, as on the admin's own page: such a session does "
    "not end with its account's access, and is good again once the account is switched on.",
    'Add "scim_provisioning.sessions.SessionKeyMiddleware" to MIDDLEWARE, after Django\'s AuthenticationMiddleware. '
    "Silence this check if no learner has a password.",
)
