"""What administrators do and ask, whatever page, API or command they do it through.

Connections set up, paused and ended; tokens rotated; health in words; the self-test; notices; the catalogue
that explains every refusal. The pages are in ``admin``, the JSON API in ``api``, commands in ``management``.
"""
