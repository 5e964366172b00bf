"""The house: a module imports only modules that stand above it; third-party packages come in at their own door."""

import ast
import pathlib
import subprocess
import sys

import pytest

import kubeaccess_magic

HOUSE = pathlib.Path(kubeaccess_magic.__file__).parent
ROOMS = (
    "version text errors call process targets request query access kube dialects reply kubeconfig credentials "
    "transport discovery ways fetch engine cluster doctor suggest panel magics completion __init__"
).split()
ASIDE = "demo"
DOORS = {  # package -> rooms that may import it
    "pandas": {"dialects"},
    "numpy": {"dialects"},
    "msgspec": {"kube", "dialects"},
    "pyarrow": {"dialects"},
    "yaml": {"kubeconfig", "credentials"},
    "urllib3": {"transport"},
    "kubernetes": {"transport", "credentials"},
    "certifi": {"credentials"},  # kubernetes brings it
    "requests": set(),
    "IPython": {"magics", "completion"},
    "traitlets": {"panel", "magics"},
    "ipywidgets": {"panel"},
    "tqdm": {"magics"},
    "tornado": {ASIDE},
    "cryptography": {ASIDE},
}


def modules():
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE).with_suffix("").parts
        yield path, parts


def imports(path, parts):
    """Every import that can run, deferred ones too, as (line, absolute name); type-only ones are left out."""
    tree = ast.parse(path.read_text())
    package = ["kubeaccess_magic", *parts[:-1]]
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for body in node.body
        for inner in ast.walk(body)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            for name in node.names:
                yield node.lineno, f"{prefix}.{name.name}"


def room_of(parts):
    return parts[0]


def test_every_room_has_its_step():
    found = {room_of(parts) for _, parts in modules()}
    assert found == {*ROOMS, ASIDE}


def test_every_room_has_tests_that_are_named_after_it():
    tests = pathlib.Path(__file__).parent
    named = {path.stem for path in tests.rglob("test_*.py")} | {path.name for path in tests.iterdir() if path.is_dir()}
    assert not [room for room in (*ROOMS[:-1], ASIDE) if not {room, f"test_{room}"} & named]


@pytest.mark.parametrize(
    ("path", "parts"), list(modules()), ids=lambda value: "/".join(value) if isinstance(value, tuple) else ""
)
def test_a_module_imports_only_what_stands_above_it(path, parts):
    room = room_of(parts)
    for line, name in imports(path, parts):
        where = f"{'/'.join(parts)}.py:{line} imports {name}"
        package, *inside = name.split(".")
        if package == "kubeaccess_magic":
            other = inside[0] if inside else "__init__"
            other = other if other in {*ROOMS, ASIDE} else "__init__"
            if room == ASIDE:
                assert other == ASIDE, f"{where}: the demo imports nothing of ours"
            elif room != other:
                assert other != ASIDE, f"{where}: nobody imports the demo"
                assert ROOMS.index(other) < ROOMS.index(room), f"{where}, which stands below it"
        elif package in DOORS:
            assert room in DOORS[package], f"{where}: not its door"
        else:
            assert package in sys.stdlib_module_names, f"{where}: no door for it"


POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}


def test_nothing_is_imported_that_not_every_system_has():
    found = [(path.name, name) for path, parts in modules() for _, name in imports(path, parts)]
    assert len(found) > 1000
    assert not [(file, name) for file, name in found if name.partition(".")[0] in POSIX_ONLY]


HEAVY = ("pandas", "kubernetes", "requests", "urllib3", "msgspec", "ipywidgets", "yaml", "pyarrow", "tornado", "tqdm")


@pytest.mark.parametrize(
    "program",
    [
        "import kubeaccess_magic",
        "import kubeaccess_magic; dir(kubeaccess_magic); kubeaccess_magic.load_ipython_extension",
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.instance().run_line_magic('load_ext', 'kubeaccess_magic')",
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance(); shell.run_line_magic('load_ext', 'kubeaccess_magic')\n"
        "shell.run_cell('%kproxy -h')",
    ],
    ids=["import", "dir", "load_ext", "help"],
)
def test_importing_and_loading_brings_nothing_heavy(program, tmp_path):
    told = f"{program}\nimport sys; print('HEAVY', sorted(set({HEAVY!r}) & set(sys.modules)))"
    environment = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=120, env=environment)
    assert run.stdout.splitlines()[-1] == "HEAVY []", run.stdout + run.stderr


def test_public_names_can_be_had():
    for name in kubeaccess_magic.__all__:
        assert getattr(kubeaccess_magic, name) is not None
    with pytest.raises(AttributeError):
        kubeaccess_magic.nothing_of_that_name  # noqa: B018 - the look is the test
