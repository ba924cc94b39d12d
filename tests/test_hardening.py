"""What must hold of the package as a whole, whatever is asked of it."""

from __future__ import annotations

import ast
import functools
import json
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.test import Client
from django.urls import reverse

import scim_provisioning
from example_project.lms.models import Learner
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.sso import may_sign_in
from tests.client import ScimClient
from tests.people import person

PACKAGE = Path(scim_provisioning.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
#: Run, or bring back, code that somebody sent.
EVALUATES = {"eval", "exec", "compile", "__import__"}
RESTORES = {"pickle", "marshal", "shelve", "dill", "yaml", "jsonpickle"}


def test_nothing_that_is_sent_or_stored_is_ever_run() -> None:
    found = [
        f"{source.relative_to(PACKAGE)}:{node.lineno}"
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call | ast.Import | ast.ImportFrom) and _runs_or_restores(node)
    ]
    assert len(SOURCES) > 100
    assert found == []


def _runs_or_restores(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in EVALUATES
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
        return bool(RESTORES & {module.partition(".")[0] for module in modules})
    return False


#: Texts that are code to somebody: Python, its formats and its pickles, Django's templates, a shell, SQL.
CODE = {
    "python": "__import__('os').system('false')  # SENT",
    "format": "{0.__class__.__mro__} %(SENT)s ${SENT}",
    "pickle": "cos\nsystem\n(S'SENT'\ntR.",
    "template": "{{ SENT|add:SENT }}{% now 'Y' %}{% load SENT %}",
    "shell": "$(touch SENT); `SENT`",
}


#: Where the audit hook writes what it hears; None, while nobody listens.
_heard: list[str] | None = None


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _heard is not None and event in ("compile", "pickle.find_class", "os.system", "subprocess.Popen"):
        said = f"{event} {arguments[0]!r}"
        if event != "compile" or "SENT" in said:
            _heard.append(said)


@functools.cache
def _ear() -> None:
    """Python's audit hooks cannot be taken away, and are called all the time: one for all tests."""
    sys.addaudithook(_hear)


@contextmanager
def nothing_may_run() -> Iterator[list[str]]:
    """What of the texts is compiled, unpickled or handed to a shell meanwhile, by whatever road."""
    global _heard
    _ear()
    _heard = heard = []
    try:
        yield heard
    finally:
        _heard = None


@pytest.mark.django_db
@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_what_would_be_code_is_only_text(scim: ScimClient, code: str) -> None:
    said = {"title": code, "nickName": code, "roles": [{"value": code, "display": code}]}
    with nothing_may_run() as heard:
        scim_id = scim.post("/Users", person(**said)).json()["id"]
        path = f"roles[value eq {json.dumps(code)}].display"
        scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": path, "value": code[::-1]}])
        found = scim.get(f"/Users?filter={quote(f'title eq {json.dumps(code)}')}").json()
        ours = scim.get(f"/Users/{scim_id}").json()
    assert heard == []
    assert [resource["id"] for resource in found["Resources"]] == [scim_id]
    assert (ours["title"], ours["nickName"], ours["roles"][0]["display"]) == (code, code, code[::-1])


@pytest.mark.django_db
def test_no_address_in_a_payload_is_ever_fetched(scim: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    database_host = str(django_settings.DATABASES["default"].get("HOST") or "")

    def connect(own: socket.socket, address: Any) -> None:
        called.append(address)
        raise OSError("There is no network.")

    database.ensure_connection()
    if not database_host and "redis" not in str(django_settings.CACHES).casefold():
        monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: called.append(args))
    lure = "http://169.254.169.254/latest/meta-data/"
    body = person(
        profileUrl=lure,
        photos=[{"type": "photo", "value": lure}],
        x509Certificates=[{"value": lure}],
        meta={"location": lure},
    )
    body["manager"] = {"$ref": lure, "value": lure}
    scim_id = scim.post("/Users", body).json()["id"]
    scim.patch(f"/Users/{scim_id}", [{"op": "add", "path": "profileUrl", "value": lure + "again"}])
    scim.get(f"/Users/{scim_id}")
    assert [address for address in called if "169.254" in str(address)] == []


@pytest.mark.django_db
def test_what_no_mapping_names_is_never_written(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    link = ProvisionedUser.objects.get(scim_id=scim_id)
    user_model = get_user_model()
    before = user_model.objects.filter(pk=link.user_id).values().get()
    profile = Learner.objects.values().get()
    changed = person(emails=[{"type": "work", "value": "new@harborline.example"}], title="Changed")
    extra = {
        "emailVerified": True,
        "email_verified": True,
        "is_staff": True,
        "verified": True,
        "date_joined": "1999",
    }
    emails = [{"type": "work", "value": "new@harborline.example", "verified": True}]
    assert scim.put(f"/Users/{scim_id}", {**changed, **extra, "emails": emails}).status_code == 200
    after = user_model.objects.filter(pk=link.user_id).values().get()
    differs = {name for name, value in after.items() if value != before[name]}
    learner = Learner.objects.values().get()
    assert {name for name, value in learner.items() if value != profile[name]} == {"job_role"}
    # Who has a new address has to sign in anew: a password that nobody can use is replaced by another.
    assert differs - {"password"} == {"email"}
    assert not user_model.objects.get(pk=link.user_id).has_usable_password()


@pytest.mark.django_db
def test_whom_the_identity_provider_let_go_may_not_sign_in(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    user = get_user_model().objects.get()
    assert may_sign_in(user)
    assert may_sign_in(user, connection)
    scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "active", "value": False}])
    user.refresh_from_db()
    assert not may_sign_in(user)
    scim.delete(f"/Users/{scim_id}")
    assert not may_sign_in(user, connection)
    assert may_sign_in(get_user_model().objects.create_user("not.provisioned"))


@pytest.mark.django_db
def test_the_pages_cannot_be_framed_and_run_no_script_of_their_own_text(
    admin_client: Client, connection: SCIMConnection
) -> None:
    for name in ("change", "generate", "policies", "disconnect", "mapping"):
        address = reverse(f"admin:scim_provisioning_scimconnection_{name}", args=[connection.pk])
        page = admin_client.get(address)
        assert page.headers["X-Frame-Options"] == "DENY"
        html = page.content.decode()
        # Of the app's own: a Content-Security-Policy without 'unsafe-inline' lets all of it through.
        main = html[html.index('id="content-main"') :]
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", main), name
