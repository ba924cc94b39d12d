"""Requests that identity providers really send, with what they expect; data, played against the HTTP surface."""
