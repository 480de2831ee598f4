"""Importing LanceDB without what no case library needs of it.

LanceDB imports the client of a service of tables, and that builds some hundred checked methods:
half of the time that `import lancedb` takes. Of the client it only needs the types, which lie in
a subpackage; the rest is imported if somebody asks for it.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType

CLIENT = "lance_namespace_urllib3_client"


def import_lancedb() -> ModuleType:
    """The module `lancedb`, imported if it was not."""
    # Read when the module is imported: it warns of its own inner workings by the hundred.
    os.environ.setdefault("LANCEDB_LOG", "error")
    import_later(CLIENT)
    import lancedb

    return lancedb


def import_later(name: str) -> None:
    """Run a package's own `__init__` only when it is asked for a name that lies in it.

    Its submodules can be imported before, which `importlib.util.LazyLoader` does not allow. A
    package that is imported already, or not installed, is left as it is.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None:
        return
    package = module_from_spec(spec)

    def run(attribute: str) -> object:
        if package.__dict__.pop("__getattr__", None) is not None:
            spec.loader.exec_module(package)
            return getattr(package, attribute)
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}")

    package.__getattr__ = run
    sys.modules[name] = package
