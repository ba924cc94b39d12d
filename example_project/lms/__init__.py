"""The "existing LMS": customers, learners, courses and progress. Only scim.py and admin.py know SCIM."""
