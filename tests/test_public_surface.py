"""The public names of charlm, and the cost of importing it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import charlm

# the names that other programs call
FIXED = {
    "CharModel",
    "CharlmError",
    "CheckpointError",
    "ConstraintError",
    "Counts",
    "CorpusError",
    "DiskError",
    "DivergedError",
    "DynamicConfig",
    "Ensemble",
    "Mixture",
    "ModelConfig",
    "PeerLostError",
    "RunLockedError",
    "SampleConfig",
    "SeriesConfig",
    "SeriesModel",
    "TrainConfig",
    "Transducer",
    "TransducerConfig",
    "UsageError",
    "Vocabulary",
    "VocabularyError",
    "evaluate",
    "extended",
    "generate",
    "load",
    "nn",
    "save",
    "score",
    "train",
    "transduce",
}
FIXED_PARTS = {
    "Adagrad",
    "Adam",
    "AdamW",
    "Bidirectional",
    "Dropout",
    "Embedding",
    "GRU",
    "LSTM",
    "Linear",
    "ParameterStore",
    "RMSprop",
    "RNN",
    "SGD",
    "Stack",
    "check_gradients",
    "clip_norm_",
    "clip_value_",
    "cross_entropy",
    "dot_attention",
    "join",
    "pad_left",
    "pad_right",
    "sigmoid_cross_entropy",
    "squared_error",
}
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(charlm.__path__, "charlm.")
    if not any(part.startswith("_") for part in module.name.split("."))
)


def test_type_checkers_see_the_same_names() -> None:
    source = Path(charlm.__file__).read_text("utf-8").split("if TYPE_CHECKING:")[1]
    seen = {
        one: home
        for home, names in re.findall(r"from charlm(?:\.([\w.]+))? import (\([^)]*\)|[^\n]+)", source)
        for one in re.findall(r"(\w+) as \1", names)
    }
    told = {one: home for home, names in charlm._NAMES.items() for one in names.split()}
    assert seen == {"nn": "", **told}
    assert sorted(charlm.__all__) == sorted([*seen, "__version__"])


def in_order(names: list[str]) -> list[str]:
    """Sort constants before classes before functions, each by name."""
    return sorted(names, key=lambda name: (not name.isupper(), not name[:1].isupper(), name))


def loaded(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after some code."""
    program = f"import sys\n{code}\nprint(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


@pytest.mark.parametrize("name", ["charlm", *MODULES])
def test_public_names_are_listed_in_order_and_exist(name: str) -> None:
    module: ModuleType = importlib.import_module(name)
    names: list[str] | None = getattr(module, "__all__", None)
    if names is None:
        assert hasattr(module, "__path__"), f"{name} lists no public names"
        public = [key for key, value in vars(module).items() if inspect.isfunction(value) or inspect.isclass(value)]
        assert public == []  # a package that only holds modules
        return
    assert names == in_order(names)
    assert len(set(names)) == len(names)
    for public in names:
        getattr(module, public)


def test_the_fixed_names() -> None:
    assert set(charlm.__all__) == FIXED | {"__version__"}
    assert set(charlm.nn.__all__) >= FIXED_PARTS
    assert dir(charlm) == sorted(charlm.__all__)
    for name in charlm.__all__:
        assert getattr(charlm, name) is not None


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'charlm' has no attribute 'pretrain'"):
        charlm.pretrain  # noqa: B018


def test_no_module_takes_the_name_of_a_function() -> None:
    for name in MODULES:
        importlib.import_module(name)
    functions = FIXED - {"nn"}
    assert functions.isdisjoint(module.name for module in pkgutil.iter_modules(charlm.__path__))
    assert all(callable(getattr(charlm, name)) for name in functions)
    assert inspect.isfunction(charlm.evaluate)
    assert inspect.isfunction(charlm.train)


def test_every_public_function_and_class_is_described() -> None:
    for name in MODULES:
        module = importlib.import_module(name)
        assert module.__doc__, name
        for public in getattr(module, "__all__", ()):
            value = getattr(module, public)
            if inspect.isfunction(value) or (inspect.isclass(value) and value.__module__ == name):
                assert value.__doc__, f"{name}.{public}"


def test_importing_charlm_loads_nothing_heavy() -> None:
    modules = loaded("import charlm")
    assert {name for name in modules if name.startswith("charlm")} == {"charlm", "charlm.lazy"}
    assert modules.isdisjoint({"numpy", "rich", "typer", "regex"})
    assert "numpy" not in loaded("import charlm; charlm.TrainConfig; charlm.CorpusError")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["train", "--help"], ["sample", "--help"], ["console", "--help"]]
)
def test_help_loads_no_numpy(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "charlm", *arguments], capture_output=True, text=True, check=True
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "charlm.cli.entry" in imported
    assert not {name for name in imported if name.split(".")[0] in ("numpy", "torch", "regex")}
    assert done.stdout


def test_the_package_is_typed() -> None:
    from importlib import resources

    assert resources.files("charlm").joinpath("py.typed").is_file()
