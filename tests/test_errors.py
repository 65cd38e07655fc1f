"""Whatever the package raises is an error of its own: one that callers can expect."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import mtlhelpers as mtl
from mtlhelpers import errors

PACKAGE = Path(mtl.__file__).parent
OWN = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, mtl.MTLError)
}
# What Python itself asks for, each with the files that may raise it.
OTHERS = {
    "AttributeError": "names.py",  # of a module's `__getattr__`
    "argparse.ArgumentTypeError": "commands/arguments.py",  # argparse shows it
    "SystemExit": ("commands/arguments.py", "terminal.py"),  # ends the process
    "found[0]": "data/published/transfer.py",  # what another thread caught
    "Hint": "lesson/",  # what a check says of an answer; the exercise shows it
    "KeyboardInterrupt": "terminal.py",  # SIGTERM ends as Ctrl-C does
}


def raised() -> Iterator[tuple[str, int, str]]:
    """File, line, and the name of what is raised there, of every `raise`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        makers = {  # functions that return an error, by the name of its kind
            node.name: ast.unparse(node.returns)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.returns
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and node.exc is not None:
                call = node.exc
                name = ast.unparse(call.func if isinstance(call, ast.Call) else call)
                file = path.relative_to(PACKAGE).as_posix()
                yield file, node.lineno, makers.get(name, name)


def test_every_raise_is_of_the_package_s_own_kinds():
    strange = [
        f"{file}, line {line}: {name}"
        for file, line, name in raised()
        if name not in OWN and not file.startswith(OTHERS.get(name, "-"))
    ]
    assert strange == []


def test_every_kind_is_raised_and_says_what_it_is():
    used = {name for _, _, name in raised()}
    assert OWN.keys() - used == {"MTLError"}
    assert OTHERS.keys() <= used
    assert all(inspect.getdoc(kind) for kind in OWN.values())


@pytest.mark.parametrize("kind", [k for n, k in OWN.items() if n != "MTLError"])
def test_every_kind_is_one_of_python_s_too(kind):
    assert issubclass(kind, ValueError | RuntimeError | OSError | TypeError)
    assert str(kind("corpus.csv, line 2: no label")) == "corpus.csv, line 2: no label"


def test_a_message_is_safe_to_show_and_no_longer_than_a_screen():
    assert str(errors.PlanError("no \x1b[2J\r\u202e, but é\n")) == (
        "no \\x1b[2J\\r\\u202e, but é\n"
    )
    shown = str(errors.CorpusError("a.csv: " + "x" * 10**6 + " is too long."))
    assert shown.startswith("a.csv: x") and shown.endswith("x is too long.")
    assert len(shown) < 2100
