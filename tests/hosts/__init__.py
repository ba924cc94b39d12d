"""Other shapes of host than the example LMS (a profile one-to-one with ``auth.User``)."""
