"""The floor: the least that a Django project does to answer. One function a view, no middleware, no SCIM."""
