"""Database servers of the soak's own, in a temporary folder, which may be stopped in any way at any moment."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import socket
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Protocol

_WAIT = 60


class Server(Protocol):
    """A database that can be put in trouble. ``trouble`` returns what it did when all is well again."""

    url: str

    def start(self) -> None: ...

    def trouble(self, rng: random.Random) -> str: ...

    def stop(self) -> None: ...


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def await_port(port: int) -> None:
    """Raises ``TimeoutError`` when nobody listens after a minute."""
    until = time.monotonic() + _WAIT
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"Nothing answers on port {port}.")


def _program(name: str) -> str:
    """Where a server's program is; Debian keeps PostgreSQL's out of PATH. Raises ``FileNotFoundError``."""
    known = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    found = str(known[-1]) if known else shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")
    if not found:
        raise FileNotFoundError(f"{name} is not installed.")
    return found


def _belongs_to(folder: Path, user: str) -> None:
    """Servers do not run as root: they get a user of their own, and the folder."""
    if os.geteuid() == 0:
        folder.parent.chmod(0o755)
        shutil.chown(folder, user)


class PostgreSQL:
    """Stopped as an operator would (sessions are ended), or at once, as a crash is."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder / "postgresql", free_port()
        self.url = f"postgres://soak@127.0.0.1:{self._port}/postgres"
        self._folder.mkdir()
        _belongs_to(self._folder, "postgres")
        self._run("initdb", "-U", "soak", "-A", "trust", "-E", "UTF8", "--no-locale")

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def trouble(self, rng: random.Random) -> str:
        mode = rng.choice(("fast", "immediate"))
        self._run("pg_ctl", "-w", "-m", mode, "stop")
        time.sleep(rng.uniform(0, 3))
        self.start()
        return f"restarted ({mode})"

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [_program(program), "-D", str(self._folder), *arguments]
        if os.geteuid() == 0:
            command = ["su", "postgres", "-c", shlex.join(command)]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL)  # noqa: S603


class MariaDB:
    """Stopped by SIGTERM, or by SIGKILL, as a crash is."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder / "mariadb", free_port()
        self.url = f"mysql://root@127.0.0.1:{self._port}/soak"
        self._user = ["--user=mysql"] if os.geteuid() == 0 else []
        self._socket = folder / "mariadb" / "socket"
        self._folder.mkdir()
        _belongs_to(self._folder, "mysql")
        self._process: subprocess.Popen[bytes] | None = None
        install = [_program("mariadb-install-db"), "--no-defaults", *self._user, f"--datadir={self._folder}"]
        install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        self.start()
        words = "CREATE DATABASE soak CHARACTER SET utf8mb4"
        client = [_program("mariadb"), "--no-defaults", f"--socket={self._socket}", "-u", "root", "-e", words]
        subprocess.run(client, check=True)  # noqa: S603

    def start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        command = [_program("mariadbd"), "--no-defaults", *self._user, f"--datadir={self._folder}"]
        command += [f"--socket={self._socket}", f"--port={self._port}", "--bind-address=127.0.0.1"]
        command += [f"--pid-file={self._folder / 'pid'}", f"--log-error={self._folder / 'log'}"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet)  # noqa: S603
        await_port(self._port)

    def trouble(self, rng: random.Random) -> str:
        mode = rng.choice(("stopped", "killed"))
        self._end(kill=mode == "killed")
        time.sleep(rng.uniform(0, 3))
        self.start()
        return f"restarted ({mode})"

    def stop(self) -> None:
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        if self._process is not None:
            self._process.kill() if kill else self._process.terminate()
            self._process.wait(_WAIT)


class SQLite:
    """Has no server to stop: somebody else locks the file for a while."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "soak.sqlite3"
        self.url = f"sqlite:///{self._file}"

    def start(self) -> None:
        """Nothing: the file is made by whoever opens it."""

    def trouble(self, rng: random.Random) -> str:
        locked = sqlite3.connect(self._file, timeout=60, isolation_level=None)
        try:
            locked.execute("BEGIN EXCLUSIVE")
            time.sleep(rng.uniform(0.5, 3))
            locked.execute("ROLLBACK")
        finally:
            locked.close()
        return "locked"

    def stop(self) -> None:
        """Nothing."""


SERVERS: dict[str, type[PostgreSQL] | type[MariaDB] | type[SQLite]] = {
    "postgresql": PostgreSQL,
    "mariadb": MariaDB,
    "sqlite": SQLite,
}
