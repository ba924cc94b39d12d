"""The HTTP face of SCIM: media types, authentication, throttling, errors and views (RFC 7644 section 3)."""
