"""The pages of a connection's tokens: generate (shown once), rotate, how far the rotation is, revoke."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from scim_provisioning import tokens
from scim_provisioning.admin.pages import ConnectionPages
from scim_provisioning.admin.token_forms import GenerateForm, RevokeForm, RotateForm
from scim_provisioning.administration import permissions, rotation, times, token_rules
from scim_provisioning.conf import app_settings, tenant_url_or_empty
from scim_provisioning.http.address import client_address
from scim_provisioning.models import SCIMConnection, SCIMToken

NO_STORE: Final = "no-store, private"


class TokenPages(ConnectionPages):
    """Everything an administrator does with tokens."""

    def connection_urls(self) -> list[URLPattern]:
        """Generate, rotate, the rotation and its JSON status, revoke."""
        generate, revoke = permissions.GENERATE, permissions.REVOKE
        return [
            *super().connection_urls(),
            self.connection_path("tokens/generate/", self.generate_view, "generate", permission=generate),
            self.connection_path(
                "tokens/<int:token_id>/rotate/", self.rotate_view, "rotate", permission=generate
            ),
            self.connection_path("tokens/<int:token_id>/rotation/", self.rotation_view, "rotation"),
            self.connection_path(
                "tokens/<int:token_id>/rotation/status/", self.rotation_status_view, "rotation_status"
            ),
            self.connection_path(
                "tokens/<int:token_id>/revoke/", self.revoke_view, "revoke", permission=revoke
            ),
        ]

    def generate_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """The form; after it, in the answer to the POST, the token: once."""
        form = GenerateForm(_posted(request), request=request, connection=connection)
        return self._token_form(request, connection, form, None)

    def rotate_view(self, request: HttpRequest, connection: SCIMConnection, token_id: int) -> HttpResponse:
        """As ``generate_view``; the new token is going to replace ``token_id``."""
        old = _token(connection, token_id)
        if not old.is_live:
            messages.error(request, _("Only a live token can be rotated. Generate a new one instead."))
            return HttpResponseRedirect(self.page_url("change", connection))
        form = RotateForm(_posted(request), request=request, connection=connection, replaces=old)
        return self._token_form(request, connection, form, old)

    @sensitive_variables("secret")
    def _token_form(
        self, request: HttpRequest, connection: SCIMConnection, form: GenerateForm, old: SCIMToken | None
    ) -> HttpResponse:
        status = 200
        if request.method == "POST":
            try:
                rotation.refuse_second_use(connection, request.POST.get("nonce", ""))
                if form.is_valid():
                    token, secret = self._generate(request, connection, form, old)
                    return self._shown_once(request, connection, token, secret)
            except rotation.AlreadyShown as shown:
                return self._already_shown(request, connection, shown.token)
            except tokens.TokenRefused as refusal:
                form.add_error(None, refusal.message)
                status = 409
        context = {
            "title": _("Generate SCIM Token") if old is None else _("Rotate token"),
            "form": form,
            "old": old,
            "is_blocked": app_settings.require_sso and not connection.sso_is_on,
        }
        return self.render_page(request, "token/form.html", connection, context, status=status)

    def _generate(
        self, request: HttpRequest, connection: SCIMConnection, form: GenerateForm, old: SCIMToken | None
    ) -> tuple[SCIMToken, rotation.Secret]:
        user: Any = request.user
        return rotation.generate(
            connection,
            actor=user,
            nonce=form.cleaned_data["nonce"],
            label=form.cleaned_data["label"],
            expires_in_days=form.expires_in_days,
            allowed_networks=form.cleaned_data["networks"],
            replaces=old,
            overlap=form.overlap_span if isinstance(form, RotateForm) else None,
            address=client_address(request),
        )

    @sensitive_variables("secret")
    def _shown_once(
        self, request: HttpRequest, connection: SCIMConnection, token: SCIMToken, secret: rotation.Secret
    ) -> HttpResponse:
        context = {
            "title": _("Token generated"),
            "token": token,
            "secret": secret,
            "tenant_url": tenant_url_or_empty(),
            "rotation_url": self.page_url("rotation", connection, token_id=token.pk)
            if token.replaces
            else "",
        }
        response = self.render_page(request, "token/shown.html", connection, context)
        # Rendered here and now, so that the secret ends with this call.
        response.render()
        response.context_data = None
        response["Cache-Control"] = NO_STORE
        return response

    def _already_shown(
        self, request: HttpRequest, connection: SCIMConnection, token: SCIMToken
    ) -> HttpResponse:
        context = {"title": _("This token was already shown"), "token": token}
        if permissions.has_permission(request.user, permissions.REVOKE) and not token.is_revoked:
            context["revoke_url"] = self.page_url("revoke", connection, token_id=token.pk)
        return self.render_page(request, "token/already_shown.html", connection, context, status=409)

    def rotation_view(self, request: HttpRequest, connection: SCIMConnection, token_id: int) -> HttpResponse:
        """How far the rotation is that the new token ``token_id`` began."""
        token = _rotating(connection, token_id)
        progress = rotation.progress(token)
        context = {
            "title": _("Rotation"),
            "token": token,
            "old": token.replaces,
            "progress": progress,
            "sentence": rotation_sentence(progress),
            "status_url": self.page_url("rotation_status", connection, token_id=token.pk),
        }
        if permissions.has_permission(request.user, permissions.REVOKE) and token.replaces is not None:
            context["revoke_url"] = self.page_url("revoke", connection, token_id=token.replaces.pk)
        return self.render_page(request, "token/rotation.html", connection, context)

    def rotation_status_view(
        self, request: HttpRequest, connection: SCIMConnection, token_id: int
    ) -> HttpResponse:
        """The same as JSON, for the page to ask every few seconds: ``state`` and a sentence."""
        progress = rotation.progress(_rotating(connection, token_id))
        response = JsonResponse({"state": progress.state, "sentence": rotation_sentence(progress)})
        add_never_cache_headers(response)
        return response

    def revoke_view(self, request: HttpRequest, connection: SCIMConnection, token_id: int) -> HttpResponse:
        """What revoking means, and the button; it cannot be undone."""
        token = _token(connection, token_id)
        if token.is_revoked:
            messages.info(request, _("“%(token)s” is revoked already.") % {"token": token})
            return HttpResponseRedirect(self.page_url("change", connection))
        is_live = token.is_live and not connection.is_archived
        is_only = token_rules.is_only_live(token)
        form = RevokeForm(_posted(request), token=token, is_only=is_only)
        if request.method == "POST" and form.is_valid():
            user: Any = request.user
            if rotation.revoke(token, actor=user, address=client_address(request)):
                messages.success(request, _("“%(token)s” was revoked.") % {"token": token})
            return HttpResponseRedirect(self.page_url("change", connection))
        context = {
            "title": _("Revoke token"),
            "token": token,
            "form": form,
            "is_only": is_only,
            "is_live": is_live,
        }
        return self.render_page(request, "token/revoke.html", connection, context)


def rotation_sentence(progress: rotation.Progress) -> str:
    """Where a rotation is and what to do next, for people."""
    facts = {
        "first": times.brief(progress.new_first_used_at),
        "last": times.brief(progress.old_last_used_at),
    }
    if progress.state == "waiting":
        return _("Waiting for the new token’s first use…")
    if progress.state == "finished":
        return _("The old token is no longer live. The rotation is complete.")
    if progress.state == "both":
        return (
            _("New token in use since %(first)s, but the old one was still used at %(last)s. Wait.") % facts
        )
    if progress.old_last_used_at is None:
        return (
            _("New token in use since %(first)s. The old one was never used. It is safe to revoke it.")
            % facts
        )
    return (
        _("New token in use since %(first)s. The old one was last used at %(last)s. It is safe to revoke it.")
        % facts
    )


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _token(connection: SCIMConnection, token_id: int) -> SCIMToken:
    token = SCIMToken.objects.filter(connection=connection, pk=token_id).first()
    if token is None:
        raise Http404("There is no such token.")
    token.connection = connection
    return token


def _rotating(connection: SCIMConnection, token_id: int) -> SCIMToken:
    rows = SCIMToken.objects.select_related("replaces").filter(connection=connection, pk=token_id)
    token = rows.first()
    if token is None or token.replaces is None:
        raise Http404("There is no such rotation.")
    return token
