"""A small "existing LMS" that has added scim_provisioning: read it as the worked example."""
