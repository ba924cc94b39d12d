"""The example LMS as a host of the older kind runs it: without time zones, where summer time begins and ends."""
