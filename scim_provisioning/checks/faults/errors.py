"""Errors: something could not work, or would be unsafe."""

from __future__ import annotations

from scim_provisioning.checks.fault import Fault

SETTING_IS_NO_DICT = Fault(
    "E001",
    "The setting SCIM_PROVISIONING is missing or not a dict.",
    'Add SCIM_PROVISIONING = {{"ADAPTER": "…", "SITE_URL": "https://…"}} to your settings.',
)
UNKNOWN_KEY = Fault(
    "E002",
    "SCIM_PROVISIONING has an unknown key: {key}.",
    "{advice}",
)
WRONG_KIND = Fault(
    "E003",
    "SCIM_PROVISIONING: {key} must be {wanted}, not {value}.",
    "Set {key} to {wanted}, or remove it to use the default.",
)
ADAPTER_MISSING = Fault(
    "E004",
    "SCIM_PROVISIONING has no ADAPTER.",
    "Write a subclass of scim_provisioning.adapters.LearnerAdapter and set ADAPTER to its dotted path.",
)
ADAPTER_NOT_IMPORTABLE = Fault(
    "E005",
    "The adapter '{path}' cannot be imported: {error}",
    "{advice}",
)
ADAPTER_IS_NO_ADAPTER = Fault(
    "E006",
    "The adapter '{path}' is not a subclass of scim_provisioning.adapters.LearnerAdapter.",
    "Derive it from scim_provisioning.adapters.LearnerAdapter.",
)
MAPPED_FIELD_MISSING = Fault(
    "E007",
    "The mapping of '{path}' names a field that is not there: {message}.",
    "{advice}",
)
MAPPED_FIELD_UNWRITABLE = Fault(
    "E008",
    "The mapping of '{path}' names a field that cannot be written: {message}.",
    "{advice}",
)
FORBIDDEN_TARGET = Fault(
    "E009",
    "The mapping of '{path}' is forbidden: {message}.",
    "Remove the line: identity providers never set '{target}'. Grant permissions in your own code.",
)
BAD_PATH = Fault(
    "E010",
    "The mapping has a path that cannot be used: {message}.",
    "{advice}",
)
HANDLER_OVERRIDDEN = Fault(
    "E011",
    "The adapter overrides {method}(), which is never called: PATCH is applied to the SCIM document.",
    "Remove {method}() and {instead}.",
)
SSO_MODEL_MISSING = Fault(
    "E012",
    "SSO_MODEL names '{model}', which is not an installed model.",
    'Set SSO_MODEL to "app_label.ModelName" of your SSO settings, or remove it.',
)
SSO_KEY_FIELD_MISSING = Fault(
    "E013",
    "SSO_KEY_FIELD names '{field}', which is not a field of {model}.",
    "Set SSO_KEY_FIELD to a field of {model} that never changes, or remove it to use the primary key.",
)
SSO_KEY_FIELD_NOT_UNIQUE = Fault(
    "E014",
    "SSO_KEY_FIELD names '{field}', which is not unique in {model}: a connection could find two rows.",
    "Make the field unique, or choose another one.",
)
SSO_ENABLED_UNKNOWN = Fault(
    "E015",
    "SSO_ENABLED names '{field}', which {model} does not have.",
    "Name fields of {model}, with the values that mean that single sign-on is on.",
)
SEVERAL_DATABASES = Fault(
    "E016",
    "The app's tables, the user table and the mapped rows are in more than one database: {where}.",
    "Route them to one database in DATABASE_ROUTERS: what is changed in one transaction stands as a whole there only.",
)
URLS_NOT_INCLUDED = Fault(
    "E017",
    "The URLs of scim_provisioning are not included.",
    'Add path("", include("scim_provisioning.urls")) to {urlconf}.',
)
URLS_INCLUDED_TWICE = Fault(
    "E018",
    "The URLs of scim_provisioning are included {count} times: there is one Tenant URL only.",
    'Keep one path("", include("scim_provisioning.urls")) and remove the others.',
)
URLS_NOT_REVERSIBLE = Fault(
    "E019",
    "The Tenant URL cannot be built: {error}",
    "Include the URLs under a fixed path, without parameters in it.",
)
SITE_URL_MISSING = Fault(
    "E020",
    "SCIM_PROVISIONING has no SITE_URL, and DEBUG is off.",
    'Set SITE_URL to the public address of this site, such as "https://lms.example.com".',
)
SITE_URL_MALFORMED = Fault(
    "E021",
    "SITE_URL '{url}' is not a scheme and a host.",
    'Write it like "https://lms.example.com": no path, no query, no user name.',
)
SITE_URL_WITHOUT_HTTPS = Fault(
    "E022",
    "The Tenant URL begins with http:, and DEBUG is off: '{url}'. Tokens would travel in clear.",
    "Serve the site over https and write https:// in SITE_URL.",
)
OUT_OF_RANGE = Fault(
    "E023",
    "SCIM_PROVISIONING: {key} is {value}, which is out of range.",
    "Set {key} to {wanted}.",
)
BAD_NETWORK = Fault(
    "E024",
    "TRUSTED_PROXIES holds {value}, which is not an address or network.",
    'Write addresses like "10.0.0.5" and networks like "10.0.0.0/8".',
)
PATH_NOT_IMPORTABLE = Fault(
    "E025",
    "SCIM_PROVISIONING: {key} names '{path}', which cannot be imported: {error}",
    "Correct the dotted path in {key}, or remove the key to use the default.",
)
SCOPE_UNKNOWN = Fault(
    "E026",
    "within or defaults of '{path}' cannot be used: {message}.",
    "{advice}",
)
ADAPTER_IS_THE_BASE = Fault(
    "E027",
    "ADAPTER names LearnerAdapter itself, which maps nothing.",
    "Write a subclass of scim_provisioning.adapters.LearnerAdapter with a mapping, and set ADAPTER to its dotted path.",
)
MAPPING_IS_EMPTY = Fault(
    "E028",
    "The mapping of the adapter '{path}' is empty: of a person, only userName and active would reach the account.",
    'Write mapping = [scim.Text("name.givenName", "first_name"), …], or override mapping_for(connection).',
)
NO_DECLARATION = Fault(
    "E029",
    "The adapter's {place} is {value}, where {wanted} is expected.{others}",
    "{advice}",
)
MAPPING_FAILS = Fault(
    "E030",
    "The mapping of the adapter '{path}' cannot be used: {error}",
    "Correct the line of mapping or rows that the error is about; {name}.mapping_problems() in manage.py shell shows "
    "where it comes from.",
)
MIXIN_BEHIND_MODEL_ADMIN = Fault(
    "E031",
    "{admin} has {mixin} behind {base}: Django's own methods come first, and nothing of the mixin is shown.",
    "Write class {name}({bases}): the mixin goes before the class that it extends.",
)
PANEL_ON_ANOTHER_MODEL = Fault(
    "E032",
    "{admin} shows the SCIM panel on {model}, but SSO_MODEL is {named}: it would be set up for the wrong row.",
    "{advice}",
)
URLS_DEPEND_ON_LANGUAGE = Fault(
    "E033",
    "The Tenant URL depends on the language: the URLs of scim_provisioning are included inside {where}.",
    'Move path("", include("scim_provisioning.urls")) out of it, into a list of its own: '
    'urlpatterns = [path("", include("scim_provisioning.urls")), *i18n_patterns(…)].',
)
URLS_ANSWERED_BY_ANOTHER = Fault(
    "E034",
    "{path} is answered by another view, {view}: its pattern '{pattern}' comes before the URLs of scim_provisioning.",
    'Move path("", include("scim_provisioning.urls")) above that pattern.',
)
SITE_URL_WITHOUT_WWW = Fault(
    "E035",
    "PREPEND_WWW is on, and SITE_URL '{url}' has no www: every SCIM request would be redirected, and lose its body.",
    'Set SITE_URL to "{better}".',
)
SSO_KEY_FIELD_IS_RELATION = Fault(
    "E036",
    "SSO_KEY_FIELD names '{field}' of {model}, which is a relation: a connection keeps text, and would find no row.",
    'Set SSO_KEY_FIELD to "{attname}".',
)
ACTIVE_CANNOT_SWITCH = Fault(
    "E037",
    "What '{path}' is mapped to cannot end access: {message}.",
    "{advice}",
)
COLUMN_WRITTEN_TWICE = Fault(
    "E038",
    "Two attributes would overwrite each other in '{target}': {message}.",
    "{advice}",
)
REFERENCE_BY_NOTHING = Fault(
    "E039",
    "The reference of '{path}' has no field to go by: {message}.",
    "{advice}",
)
VALUE_IS_NO_CHOICE = Fault(
    "E040",
    "The mapping of '{path}' would store what the field does not allow: {message}.",
    "{advice}",
)
ACCOUNT_WITHOUT_NAME = Fault(
    "E041",
    "New accounts would have no name: {message}.",
    "{advice}",
)
METRICS_IS_NO_BACKEND = Fault(
    "E042",
    "METRICS names '{path}', which is not a subclass of scim_provisioning.telemetry.Metrics.",
    "Derive it from scim_provisioning.telemetry.Metrics, or name one of the bundled back-ends.",
)
