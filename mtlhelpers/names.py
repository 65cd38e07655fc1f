"""Public names of a package, each imported when it is first asked for."""

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def lazy_names(
    package: str, file: str
) -> tuple[list[str], Callable[[str], object], Callable[[], list[str]]]:
    """Return `__all__`, `__getattr__` and `__dir__` of a package, from its own file.

    Its names are those that it imports under `if TYPE_CHECKING:`, so checkers and
    readers are told what is imported here when it is first used.
    """
    homes = {
        name.name: node.module
        for block in ast.parse(Path(file).read_text(encoding="utf-8")).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    }
    names = sorted(homes)

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return names, get, lambda: names
