"""Public testing kit: identity providers that play their part over HTTP, and factories a host can reuse.

`scim_provisioning.testing.simulators` needs the standard library only; `scim_provisioning.testing.factories`
needs factory-boy. Nothing is imported here, so that asking for one does not bring in the other.
"""
