"""Requests that identity providers really send, and what they expect, played against the HTTP surface."""
