"""Bodies without a length, on real servers: what .NET's ``PostAsJsonAsync`` sends is read, or refused with a reason."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.people import person
from tests.processes import ROOT, serving

pytestmark = [pytest.mark.long]

WSGI, ASGI = "example_project.wsgi:application", "tests.http.asgi:application"
SERVERS = {
    "gunicorn": ["gunicorn", WSGI, "--bind", "127.0.0.1:{port}", "--workers", "1"],
    "waitress": ["waitress", "--listen=127.0.0.1:{port}", WSGI],
    "uvicorn, WSGI": ["uvicorn", WSGI, "--interface", "wsgi", "--port", "{port}"],
    "uvicorn, ASGI": ["uvicorn", ASGI, "--port", "{port}"],
    "runserver": ["django", "runserver", "--noreload", "127.0.0.1:{port}"],
}
READ = ["gunicorn", "waitress", "uvicorn, WSGI", "uvicorn, ASGI"]

MAKE = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.sharing import Customer
print(Customer.make().token)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The example project on a database file of its own, whatever server the other tests run on."""
    file = tmp_path_factory.mktemp("servers") / "db.sqlite3"
    return {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{file}",
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture(scope="module")
def bearer(environment: dict[str, str]) -> str:
    made = subprocess.run(
        [sys.executable, "-c", MAKE], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return made.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, environment: dict[str, str], bearer: str, tmp_path_factory: Any
) -> Iterator[int]:
    """The port of that server."""
    folder: Path = tmp_path_factory.mktemp("log")
    with serving(SERVERS[request.param], environment, folder) as port:
        yield port


def send(port: int, token: str, body: bytes, *, chunks: int, path: str = "/scim/v2/Users") -> tuple[int, Any]:
    """POST a body in chunks of that size."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as wire:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        parts = (body[start : start + chunks] for start in range(0, len(body), chunks))
        wire.request("POST", path, parts, headers, encode_chunked=True)
        answer = wire.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize("server", READ, indirect=True)
def test_a_body_in_chunks_is_read_as_any_other_and_under_the_same_limit(server: int, bearer: str) -> None:
    name = f"chunked.{server}"
    status, made = send(server, bearer, json.dumps(person(name)).encode(), chunks=100)
    assert (status, made["userName"]) == (201, person(name)["userName"])
    status, error = send(server, bearer, json.dumps(person(f"{name}.whole")).encode(), chunks=100_000)
    assert status == 201, error
    long = json.dumps(person(f"{name}.long", nickName="x" * 300_000)).encode()
    status, error = send(server, bearer, long, chunks=50_000)
    assert (status, error["status"]) == (413, "413")
    status, error = send(server, bearer, b'{"userName"', chunks=4)
    assert (status, error["scimType"]) == (400, "invalidSyntax")


@pytest.mark.parametrize("server", ["gunicorn"], indirect=True)
def test_what_are_no_chunks_is_refused_as_a_body_that_cannot_be_read(server: int, bearer: str) -> None:
    head = (
        f"POST /scim/v2/Users HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\n"
        "Content-Type: application/scim+json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server), timeout=30) as wire:
        wire.sendall(head.encode() + b"zz\r\n{}\r\n0\r\n\r\n")
        answer = http.client.HTTPResponse(wire)
        answer.begin()
        body = json.loads(answer.read())
        assert (answer.status, body.get("scimType")) == (400, "invalidSyntax"), body


@pytest.mark.parametrize("server", ["runserver"], indirect=True)
def test_where_the_server_does_not_read_chunks_the_answer_says_so(server: int, bearer: str) -> None:
    status, error = send(server, bearer, json.dumps(person("chunked")).encode(), chunks=100)
    assert (status, error["status"]) == (411, "411")
    assert "Content-Length" in error["detail"]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_more_parameters_than_django_reads_beside_a_charset_are_400_on_every_server(
    server: int, bearer: str
) -> None:
    query = "&".join(["p"] * 1001)  # Longer, and gunicorn itself would refuse it.
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/scim+json; charset=utf-8"}
    with closing(http.client.HTTPConnection("127.0.0.1", server, timeout=30)) as wire:
        wire.request("POST", f"/scim/v2/Users?{query}", json.dumps(person("many")), headers)
        answer = wire.getresponse()
        body = json.loads(answer.read())
    assert (answer.status, body["scimType"]) == (400, "invalidSyntax")


@pytest.mark.parametrize("server", SERVERS, indirect=True)
@pytest.mark.parametrize("charset", ["hex", "undefined", "utf-16"])
def test_a_query_beside_a_charset_that_is_none_of_its_own_is_read_on_every_server(
    server: int, bearer: str, charset: str
) -> None:
    headers = {
        "Authorization": f"Bearer {bearer}",
        "Content-Type": f"application/scim+json; charset={charset}",
    }
    with closing(http.client.HTTPConnection("127.0.0.1", server, timeout=30)) as wire:
        wire.request("GET", "/scim/v2/Users?count=0&a=1", headers=headers)
        answer = wire.getresponse()
        body = json.loads(answer.read())
    assert (answer.status, body.get("itemsPerPage")) == (200, 0)
