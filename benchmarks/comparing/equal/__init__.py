"""The equal-work floor: bare views that read and write the rows that the app has to, in the example LMS's own tables.

What it takes is the work itself; what the app takes beyond it is ours and REST framework's. It checks nothing.
"""
