"""The package as a whole: its rooms, its sizes, its public names, its quiet import."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import mtlhelpers as mtl

PACKAGE = Path(mtl.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = ("data", "model", "training", "study", "lesson")
# What it may not do: talk, connect, or leave something behind in the way of names.
IMPORT = """
import socket

def refuse(*_, **__):
    raise SystemExit("a socket was opened")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
import mtlhelpers
"""


def trees() -> dict[str, ast.Module]:
    """The syntax of every file, by its path within the package."""
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in FILES
    }


def imported(tree: ast.Module) -> set[str]:
    """The modules that a file imports, at its head or inside a function."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module)
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def test_importing_is_quiet_and_opens_no_socket():
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", IMPORT],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_rooms_import_from_their_left_alone():
    for path, tree in trees().items():
        room = path.split("/")[0]
        if room not in ROOMS:
            assert path in ("__init__.py", "__main__.py"), f"{path} is in no room"
            continue
        allowed = ROOMS[: ROOMS.index(room) + 1]
        for module in imported(tree):
            parts = module.split(".")
            if parts[0] == "mtlhelpers":
                assert len(parts) > 1, f"{path} imports the whole package"
                assert parts[1] in allowed, f"{path} imports {module}"


def test_files_hold_one_idea():
    lengths = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in FILES
    }
    assert {path: count for path, count in lengths.items() if count > 300} == {}


def test_functions_fit_on_a_screen():
    long = {}
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > 40:
                    long[f"{path}: {node.name}"] = lines
    assert long == {}


# pitfall 12: `evaluate` loads its metrics from the network
def test_no_prints_star_imports_pickles_or_network_metrics():
    for path, tree in trees().items():
        modules = imported(tree)
        assert not modules & {"evaluate", "pickle"}, path
        assert not any(name.endswith(".*") for name in modules), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print" or path == "__main__.py", path
            if isinstance(node, ast.Global):
                raise AssertionError(f"{path} has global state")


# pitfall 12: built from source where it is installed, so it may have failed to
def test_the_scorer_is_installed_and_scores():
    from seqeval.metrics import f1_score

    assert f1_score([["B-x", "I-x"]], [["B-x", "I-x"]]) == 1.0


def test_public_names_exist_sorted_and_say_what_they_are():
    assert sorted(mtl.__all__, key=_constants_first) == mtl.__all__
    for name in mtl.__all__:
        found = getattr(mtl, name)
        if name != "SCENARIOS":
            assert inspect.getdoc(found), name


def _constants_first(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_the_promised_names_are_public():
    promised = {"SCENARIOS", "Plan", "SharedModel", "apply_scenario", "evaluate"}
    promised |= {"count_parameters", "load_corpus", "parameter_table", "train"}
    assert promised <= set(mtl.__all__)


def test_every_module_and_public_function_has_a_docstring():
    bare = []
    for path, tree in trees().items():
        if not ast.get_docstring(tree):
            bare.append(path)
        for node in tree.body:
            is_named = isinstance(node, ast.FunctionDef | ast.ClassDef)
            if (
                is_named
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                bare.append(f"{path}: {node.name}")
    assert bare == []
