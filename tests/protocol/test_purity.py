from __future__ import annotations

import subprocess
import sys


def test_no_protocol_module_imports_django() -> None:
    program = """
import importlib, pkgutil, sys
import scim_provisioning.protocol as package
names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
assert len(names) > 12, names
for name in names:
    importlib.import_module(name)
loaded = [name for name in sys.modules if name.split(".")[0] in ("django", "rest_framework")]
assert not loaded, loaded
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
