"""Debian's chromium, a live server under a strict policy, and an administrator who is signed in.

CHROMIUM names another executable. SCREENSHOTS names a folder into which the tests put pictures of the pages.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.admin.conftest import PASSWORD, make_administrator

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the browser; without one it is skipped."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if shutil.which(CHROMIUM) is None:
                item.add_marker(pytest.mark.skip(reason=f"there is no {CHROMIUM}"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright's loop runs in this thread; Django takes that for asynchronous code and would refuse the ORM.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def site(transactional_db: None, settings: Settings) -> Iterator[LiveServer]:
    """The example LMS, served under the policy, in the language of the browser."""
    # Unfold's own scripts need `unsafe-eval`.
    policy = [] if apps.is_installed("unfold") else ["tests.browser.policy.content_security_policy"]
    # A server reads them once, when it starts.
    settings.MIDDLEWARE = [
        *policy,
        *django_settings.MIDDLEWARE,
        "django.middleware.locale.LocaleMiddleware",
    ]
    settings.ALLOWED_HOSTS = ["*"]
    yield from serve()


def serve() -> Iterator[LiveServer]:
    """A live server, and an orderly end to it."""
    server = LiveServer("localhost")
    yield server
    # The server leaves its threads to themselves, and a browser opens connections that it may never use. A
    # thread that outlives the server would close the test's own database connection, in the next test.
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=5)
    server.stop()


@pytest.fixture
def superuser(transactional_db: None) -> User:
    return make_administrator("ada", is_superuser=True)


@pytest.fixture
def new_context(
    chromium: Browser, site: LiveServer, superuser: User
) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts in which the superuser is signed in; takes Playwright's own options."""
    opened: list[BrowserContext] = []

    def open_context(**options: object) -> BrowserContext:
        chosen: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, **options}
        context = chromium.new_context(base_url=site.url, **chosen)
        context.set_default_timeout(10_000)
        client = Client()
        client.force_login(superuser)
        context.add_cookies(
            [
                {
                    "name": django_settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[django_settings.SESSION_COOKIE_NAME].value,
                    "url": site.url,
                }
            ]
        )
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the console said against the policy or of broken scripts; must be empty in the end."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], complaints: list[str]) -> Page:
    """A page whose console is watched, with the clipboard allowed."""
    return watched(new_context(permissions=["clipboard-read", "clipboard-write"]).new_page(), complaints)


def watched(page: Page, complaints: list[str]) -> Page:
    """Collects what the page's console says of broken scripts and of the policy."""

    def listen(message: ConsoleMessage) -> None:
        # A refused form is an answer of its own, which the console calls an error.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Takes a picture of the whole page, where SCREENSHOTS says where to."""

    def take(page: Page, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take


__all__ = ["PASSWORD", "watched"]
