"""What every command of ours does with what cannot be done: a sentence, and no traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.utils import translation

from scim_provisioning import databases
from scim_provisioning.administration import host, troubles
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.management.output import Inert, Unread
from scim_provisioning.models import SCIMConnection
from scim_provisioning.provisioning.transactions import begin_anew
from scim_provisioning.tokens import TokenRefused


class ScimCommand(BaseCommand):
    """A command that raises ``CommandError`` with a sentence where it is refused, the adapter does not load, a hook of
    the application's raises, or the database is in the way. What else goes wrong is a fault of the program, and keeps
    its traceback. Whatever it reads it reads where it would be written: a replica may be behind."""

    #: Whether it never changes anything, so that nobody need look whether it did.
    only_reads: ClassVar[bool] = False
    #: Whether it is many transactions: what the others did stays done where one of them fails.
    in_parts: ClassVar[bool] = False
    #: What it ends with where it could not be done.
    refused_code: ClassVar[int] = 1

    def __init__(self, stdout: Any = None, *args: Any, **options: Any) -> None:
        read: Any = stdout or Unread(sys.stdout, ends=self.only_reads)
        super().__init__(read, *args, **options)

    @property
    def stdout(self) -> OutputWrapper:
        """Where Django has the command write to."""
        return self._stdout

    @stdout.setter
    def stdout(self, stream: OutputWrapper) -> None:
        self._stdout = _inert(stream)

    @property
    def stderr(self) -> OutputWrapper:
        """The same for what went wrong."""
        return self._stderr

    @stderr.setter
    def stderr(self, stream: OutputWrapper) -> None:
        self._stderr = _inert(stream)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it, as Django does."""
        begin_anew()
        try:
            with databases.primary():
                return super().execute(*args, **options)
        except CommandError:
            raise
        except (ConnectionRefused, TokenRefused, host.AdapterBroken) as refusal:
            raise CommandError(refusal.message, returncode=self.refused_code) from None
        except Exception as error:
            # As every command: English, whoever reads it.
            with translation.override("en"):
                told = troubles.words(error, reads=self.only_reads, in_parts=self.in_parts)
                told = told or troubles.of_host(error, in_parts=self.in_parts)
            if not told:
                raise
            raise CommandError(told, returncode=self.refused_code) from error
        finally:
            self.stdout.flush()

    def each(
        self, connections: Iterable[SCIMConnection], work: Callable[[SCIMConnection], None]
    ) -> Exception | None:
        """Do something for one connection after the other. Where code of the application's fails for one, the others
        need not wait for it: that is said, and the first such failure is returned, to be raised once all is done."""
        first: Exception | None = None
        for connection in connections:
            try:
                work(connection)
            except Exception as error:
                told = troubles.of_one(error, connection)
                if not told:
                    raise
                self.stderr.write(f"{connection}: {told}")
                first = first or error
        return first


def _inert(stream: OutputWrapper) -> Inert:
    out: Any = stream._out
    wrapped = Inert(out, ending=stream.ending)
    wrapped.style_func = stream.style_func
    return wrapped
