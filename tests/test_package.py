"""The package as a whole: its rooms, its sizes, its names, its quiet import."""

import ast
import inspect
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

import mtlhelpers as mtl

PACKAGE = Path(mtl.__file__).parent
# Each imports only from those before it.
FLOORS = ("names", "escapes", "errors", "data", "model", "doctor", "training", "study")
FLOORS += ("terminal", "inspection", "comparison", "lesson", "commands", "cli")
WITHIN_STUDY = {
    "protocol": (),
    "records": ("protocol",),
    "running": ("protocol", "records"),
    "verdicts": ("protocol", "records"),
    "advice": ("protocol", "records", "verdicts"),
}

# Nouns, though they end as participles do.
NOUNS = {"counting", "decoding", "encoding", "freezing", "saving", "timing"}
ALIKE_FILES = {"store"}  # of hidden states, and of records
LESSON_FILE = re.compile(r"lesson\.(exercises|tables)\.lesson\d\d")  # found by number

# What an import may not do: talk, connect, or load what takes seconds.
IMPORT = """
import socket, sys

def refuse(*_, **__):
    raise SystemExit("a socket was opened")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
import mtlhelpers as mtl
if heavy := sys.modules.keys() & {"numpy", "pandas", "torch", "transformers"}:
    raise SystemExit(f"it loads {heavy}")
for name in mtl.__all__:
    getattr(mtl, name)
"""


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax of every file, by its module within the package: "data.load"."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def is_special(module: str) -> bool:
    return module.split(".")[-1] in ("__init__", "__main__")


def imported(tree: ast.Module) -> set[str]:
    """The modules that a file imports, at its head or inside a function."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            modules.add(node.module)
            modules |= {f"{node.module}.{name.name}" for name in node.names}
    return modules


def of_package(tree: ast.Module) -> set[str]:
    """What a file imports of the package, without its name: "data.load"."""
    head = "mtlhelpers."
    return {name.removeprefix(head) for name in imported(tree) if name.startswith(head)}


def public_names(tree: ast.Module) -> set[str]:
    """Constants, functions and classes at the top of a file."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [part for target in targets for part in ast.walk(target)]
            names |= {part.id for part in parts if isinstance(part, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def in_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter whose user has chosen nothing but this."""
    chosen = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT")
    ours = {key: value for key, value in os.environ.items() if key not in chosen}
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code],
        env=ours | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_importing_is_quick_and_quiet_and_opens_no_socket():
    done = in_python(IMPORT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("chosen", "policy"),
    [
        ({}, "PASSIVE"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE"),
        ({"KMP_BLOCKTIME": "200"}, None),
        ({"GOMP_SPINCOUNT": "9"}, None),
    ],
)
def test_threads_sleep_while_they_wait_unless_the_user_chose(chosen, policy):
    code = "import os, sys, mtlhelpers; assert 'torch' not in sys.modules; "
    names = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
    done = in_python(f"{code}print(*map(os.environ.get, {names}))", **chosen)
    spin = chosen.get("GOMP_SPINCOUNT", None if chosen else "1500")
    assert done.stdout == f"{policy} {spin}\n", done.stderr


def test_once_torch_is_loaded_the_choice_is_made():
    code = "import os, sys; sys.modules['torch'] = os; import mtlhelpers; "
    assert (
        in_python(f"{code}print('OMP_WAIT_POLICY' in os.environ)").stdout == "False\n"
    )


def test_public_names_are_listed():
    assert {"Corpus", "train", "lesson", "plots", "studies"} <= set(mtl.__all__)
    assert dir(mtl) == sorted([*mtl.__all__, "__version__"])


def test_public_names_say_what_they_are():
    for name in mtl.__all__:
        assert name == "SCENARIOS" or inspect.getdoc(getattr(mtl, name)), name


def test_names_of_namespaces_are_reached_from_the_top_too():
    for room in (mtl.lesson, mtl.plots, mtl.studies):
        for name in room.__all__:
            assert getattr(mtl, name) is getattr(room, name)


def test_a_name_that_is_none_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        mtl.trian  # noqa: B018


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_rooms_import_from_below_alone():
    for module, tree in trees().items():
        room = module.split(".")[0]
        if room in ("__init__", "__main__"):
            continue
        below = FLOORS[: FLOORS.index(room) + 1]
        assert "mtlhelpers" not in imported(tree) or room == "cli", module
        for name in of_package(tree) - {"__version__"}:
            assert name.split(".")[0] in below, f"{module} imports {name}"


def test_within_study_floors_import_from_below_alone():
    for module, tree in trees().items():
        path = module.split(".")
        if path[0] != "study" or is_special(module):
            continue
        below = (*WITHIN_STUDY[path[1]], path[1])
        for name in of_package(tree):
            if name.startswith("study."):
                assert name.split(".")[1] in below, f"{module} imports {name}"


def test_files_hold_one_idea():
    sizes = {
        path: path.read_text("utf-8").count("\n") for path in PACKAGE.rglob("*.py")
    }
    assert {path: size for path, size in sizes.items() if size > 300} == {}


def test_small_files_serve_several():
    importers = Counter(name for tree in trees().values() for name in of_package(tree))
    small = set()
    for module in trees():
        if LESSON_FILE.fullmatch(module):
            continue
        lines = (
            PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
        )
        if lines.count("\n") < 60 and not is_special(module) and importers[module] < 2:
            small.add(module)
    assert small == set()


def test_rooms_hold_a_dozen_files():
    rooms = Counter(
        module.rpartition(".")[0] for module in trees() if not is_special(module)
    )
    assert {room: count for room, count in rooms.items() if count > 12} == {}


def test_functions_fit_on_a_screen():
    long = {}
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > 40:
                    long[f"{module}: {node.name}"] = lines
    assert long == {}


def test_no_two_files_and_no_two_names_are_alike():
    files, names = Counter(), defaultdict(list)
    for module, tree in trees().items():
        alone = not is_special(module) and not LESSON_FILE.fullmatch(module)
        files[module.split(".")[-1]] += alone
        for name in public_names(tree):
            names[name].append(module)
    assert {file for file, count in files.items() if count > 1} == ALIKE_FILES
    assert {name: homes for name, homes in names.items() if len(homes) > 1} == {}


def test_files_are_called_by_nouns():
    words = {word for module in trees() for word in module.split(".")[-1].split("_")}
    assert {word for word in words if word.endswith("ing")} <= NOUNS


# pitfall 12: `evaluate` loads its metrics from the network
def test_no_prints_star_imports_pickles_or_network_metrics():
    for module, tree in trees().items():
        modules = imported(tree)
        assert not modules & {"evaluate", "pickle"}, module
        assert not any(name.endswith(".*") for name in modules), module
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print" or module == "terminal", module
            assert not isinstance(node, ast.Global), f"{module} has global state"


def test_every_module_and_public_function_has_a_docstring():
    bare = []
    for module, tree in trees().items():
        if not ast.get_docstring(tree):
            bare.append(module)
        for node in tree.body:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                bare.append(f"{module}: {node.name}")
    assert bare == []
