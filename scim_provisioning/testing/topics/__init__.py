"""The topics of the adapter's contract, one class each; `scim_provisioning.testing.contract` puts them together.

They know no pytest. An argument of a test that a topic names in ``cases``, or that stands in
``contract.subjects_of``, is a list: the test runs once for each, and is not there at all when the list is empty.
"""
