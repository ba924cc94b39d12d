"""``path("api/scim/", include("scim_provisioning.api.urls"))`` turns the API on."""

from __future__ import annotations

from django.urls import path

from scim_provisioning.api.connections import ConnectionViewSet, PoliciesViewSet, SelfTestViewSet
from scim_provisioning.api.disconnection import DisconnectionViewSet
from scim_provisioning.api.events import EventViewSet
from scim_provisioning.api.joining import JoiningViewSet
from scim_provisioning.api.keeping import KeepingViewSet
from scim_provisioning.api.ownership import OwnershipViewSet
from scim_provisioning.api.people import PeopleViewSet
from scim_provisioning.api.queue import QueueViewSet
from scim_provisioning.api.takeover import TakeOverViewSet
from scim_provisioning.api.tokens import TokenViewSet
from scim_provisioning.api.units import UnitsViewSet

app_name = "scim_provisioning_api"

_ONE = "connections/<int:connection_id>/"

urlpatterns = [
    path("connections/", ConnectionViewSet.as_view({"get": "list", "post": "create"}), name="connections"),
    path("connections/take-over/", TakeOverViewSet.as_view({"get": "list"}), name="ended"),
    path(_ONE, ConnectionViewSet.as_view({"get": "retrieve"}), name="connection"),
    path(f"{_ONE}take-over/", TakeOverViewSet.as_view({"post": "create"}), name="take_over"),
    path(f"{_ONE}pause/", ConnectionViewSet.as_view({"post": "pause"}), name="pause"),
    path(f"{_ONE}resume/", ConnectionViewSet.as_view({"post": "resume"}), name="resume"),
    path(f"{_ONE}disconnect/", DisconnectionViewSet.as_view({"post": "disconnect"}), name="disconnect"),
    path(
        f"{_ONE}disconnection/",
        DisconnectionViewSet.as_view({"get": "retrieve", "post": "go_on"}),
        name="disconnection",
    ),
    path(
        f"{_ONE}policies/",
        PoliciesViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="policies",
    ),
    path(f"{_ONE}share/", OwnershipViewSet.as_view({"post": "share"}), name="share"),
    path(f"{_ONE}share/withdraw/", OwnershipViewSet.as_view({"post": "withdraw"}), name="withdraw"),
    path(f"{_ONE}own/", OwnershipViewSet.as_view({"post": "own"}), name="own"),
    path(f"{_ONE}locks/", KeepingViewSet.as_view({"get": "list"}), name="locks"),
    path(f"{_ONE}lock/", KeepingViewSet.as_view({"post": "lock"}), name="lock"),
    path(f"{_ONE}unlock/", KeepingViewSet.as_view({"post": "unlock"}), name="unlock"),
    path(f"{_ONE}detach/", KeepingViewSet.as_view({"post": "detach"}), name="detach"),
    path(f"{_ONE}queue/", QueueViewSet.as_view({"get": "list"}), name="queue"),
    path(f"{_ONE}queue/link/", QueueViewSet.as_view({"post": "link"}), name="link_at_once"),
    path(
        f"{_ONE}queue/<int:event_id>/",
        QueueViewSet.as_view({"get": "retrieve", "post": "answer"}),
        name="answer",
    ),
    path(f"{_ONE}questions/<int:question_id>/", QueueViewSet.as_view({"post": "same"}), name="same_person"),
    path(f"{_ONE}doubles/", JoiningViewSet.as_view({"get": "list"}), name="doubles"),
    path(f"{_ONE}join/", JoiningViewSet.as_view({"post": "join"}), name="join"),
    path(
        f"{_ONE}units/",
        UnitsViewSet.as_view({"get": "list", "patch": "partial_update"}),
        name="units",
    ),
    path(
        f"{_ONE}units/<str:digest>/", UnitsViewSet.as_view({"get": "retrieve", "post": "decide"}), name="unit"
    ),
    path(f"{_ONE}selftest/", SelfTestViewSet.as_view({"post": "create"}), name="selftest"),
    path(f"{_ONE}tokens/", TokenViewSet.as_view({"get": "list", "post": "create"}), name="tokens"),
    path(f"{_ONE}tokens/<int:token_id>/", TokenViewSet.as_view({"get": "retrieve"}), name="token"),
    path(f"{_ONE}tokens/<int:token_id>/rotate/", TokenViewSet.as_view({"post": "rotate"}), name="rotate"),
    path(
        f"{_ONE}tokens/<int:token_id>/rotation/", TokenViewSet.as_view({"get": "rotation"}), name="rotation"
    ),
    path(f"{_ONE}tokens/<int:token_id>/revoke/", TokenViewSet.as_view({"post": "revoke"}), name="revoke"),
    path(f"{_ONE}events/", EventViewSet.as_view({"get": "list"}), name="events"),
    path(f"{_ONE}people/", PeopleViewSet.as_view({"get": "list"}), name="people"),
    path(f"{_ONE}events/<int:event_id>/", EventViewSet.as_view({"get": "retrieve"}), name="event"),
]
