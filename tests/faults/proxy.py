"""A server in between, which can lose the answer to COMMIT: the one thing that no client can tell from a failure."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import connection

#: Not MariaDB's `SET autocommit`.
_COMMIT = re.compile(rb"(?<!auto)COMMIT", re.IGNORECASE)
_INSERT = re.compile(rb"INSERT INTO", re.IGNORECASE)
#: Seconds.
_PATIENCE = 10
_STANDARD = {"postgresql": 5432, "mysql": 3306}


class Proxy:
    """Passes everything on, until it has passed on a COMMIT for whoever armed it; then both ends are closed. Or the
    first COMMIT is passed on late, when its client has gone and inserts something over another connection."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.loses_the_answer = threading.Event()
        self.is_late = threading.Event()
        self._insert_is_sent = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            lost = threading.Event()
            for source, target, is_request in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._pass_on, args=(source, target, is_request, lost), daemon=True
                ).start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, is_request: bool, lost: threading.Event
    ) -> None:
        try:
            while data := source.recv(65536):
                if is_request and self.is_late.is_set() and _COMMIT.search(data):
                    self.is_late.clear()
                    self._commit_late(source, target, data)
                    return
                if is_request and self.loses_the_answer.is_set() and _COMMIT.search(data):
                    lost.set()
                if not is_request and lost.is_set():
                    break
                target.sendall(data)
                if is_request and _INSERT.search(data):
                    self._insert_is_sent.set()
        except OSError:
            pass
        finally:
            for end in (source, target):
                # Closing alone would not wake the thread that waits for the other end.
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _commit_late(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        self._insert_is_sent.clear()
        # Its own thread passes on what comes back; only the client is gone.
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        self._insert_is_sent.wait(_PATIENCE)
        server.sendall(data)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def in_between() -> Iterator[Proxy]:
    """This thread's connection goes through a proxy."""
    settings = connection.settings_dict
    before = {name: settings[name] for name in ("HOST", "PORT")}
    proxy = Proxy(before["HOST"] or "127.0.0.1", int(before["PORT"] or _STANDARD[connection.vendor]))
    connection.close()
    settings.update(HOST="127.0.0.1", PORT=proxy.port)
    try:
        yield proxy
    finally:
        connection.close()
        settings.update(before)
        proxy.close()
