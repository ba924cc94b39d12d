"""Filters and sorting as SQL, and the searchable copy of the document that they ask."""
