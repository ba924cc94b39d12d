"""SCIM 2.0 on plain Python data. It never imports Django, and knows no learner.

A request comes in through ``body`` (within ``limits``), ``messages`` and ``bulk``. ``schema`` says what a User is
made of, ``filters`` and ``paths`` how parts of one are named, ``documents`` and ``patch`` what a body changes;
``resources`` is the plain data that all of them work on. What goes out is cut by ``projection`` and described by
``discovery``, or is one of ``errors``.
"""

from __future__ import annotations
