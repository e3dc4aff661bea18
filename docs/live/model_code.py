"""Run a script for Keras as far as its models: what trains, reads files or plots is left out.

The script is run statement by statement. One that needs what was left out is left out too, unless
it builds a part of a model: then the script ends there, with the reason.
"""

import ast
import difflib
import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple

from .model_data import data_sets
from .syntax import parse

# What a model's picture does not need: it takes long, needs data, or writes files.
WORK = set(
    """fit fit_generator train_on_batch evaluate evaluate_generator test_on_batch predict
    predict_generator predict_on_batch predict_classes predict_proba summary load_weights save
    save_weights save_model load_model plot_model plot show savefig imshow model_to_dot
    flow flow_from_directory""".split()
)
WORKING = "训练、评估、打印、保存、画图"
PRESENT = {"keras", "labkit", "numpy", "tensorflow", *sys.stdlib_module_names}
KERAS = ("tensorflow.keras", "tensorflow.python.keras")  # other names that old code has for it
MOST = 6  # models shown of a script
ADVICE = "请直接写出数，例如 input_shape=(28, 28, 1)，或者去掉读数据的行。"
LONGEST = 200  # characters of an error in a note


class Left(NamedTuple):
    line: int
    why: str


class Rewrite(ast.NodeTransformer):
    """Statements that only work with a model become `pass`; their results become None."""

    def __init__(self, tree: ast.AST) -> None:
        #: The script's own functions, which may have such a name too.
        self.own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self.lines: list[int] = []
        self.built = False  # before that, a loop may be what builds

    def visit_For(self, node: ast.For | ast.While) -> ast.stmt:
        return self.visit_Expr(node) if self.built else self.generic_visit(node)  # type: ignore

    visit_While = visit_For

    def visit_Expr(self, node: ast.stmt) -> ast.stmt:
        if not self.works(node):
            return self.generic_visit(node)  # type: ignore[return-value]
        self.lines.append(node.lineno)
        return ast.copy_location(ast.Pass(), node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        if self.works(node.value):
            self.lines.append(node.lineno)
            node.value = ast.copy_location(ast.Constant(None), node.value)
        return node

    def works(self, node: ast.AST) -> bool:
        """Whether something in it trains, evaluates, saves, plots."""
        calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
        named = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        methods = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
        return not WORK.isdisjoint(methods | (named - self.own))


def called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


class ModelCode:
    """A script, and after `run` its models, and what to tell its reader."""

    def __init__(self, source: str, file: str) -> None:
        self.file = file
        self.tree = parse(source, file)
        self.rewrite = Rewrite(self.tree)
        self.finished = False
        self.models: list[Any] = []
        self.left: list[Left] = []
        self.missing: dict[str, Left] = {}  # names, and why nothing stands behind them
        self.data: dict[str, int] = {}  # data sets that zeros stood in for
        self.namespace: dict[str, Any] = {"__name__": "__main__"}

    def run(self) -> None:
        """The error of a statement that builds comes through, with a hint where one is known."""
        labkit = importlib.import_module("labkit")
        keras = labkit.as_keras()
        labkit.backend.clear_session()
        self.layers = keras.layers
        self.building = set(self._building())
        with (
            stand_ins(keras, data_sets(self.data)),
            noted([labkit.Model, labkit.Sequential], self.models),
        ):
            for node in apart(self.tree.body):
                self._statement(node)
        self.finished = True

    def _statement(self, node: ast.stmt) -> None:
        gone = next((name for name in read(node) if name in self.missing), None)
        if gone:
            origin = self.missing[gone]
            if not self._builds(node):
                return self._leave(node, origin.why)
            self._execute(unavailable(gone, origin, node))
        if module := absent(node):
            return self._leave(node, f"这里没有 {module}")
        if isinstance(node, ast.Assign) and self.rewrite.works(node.value):
            self.rewrite.lines.append(node.lineno)
            self.missing |= dict.fromkeys(bound(node), Left(node.lineno, WORKING))
            return
        self.rewrite.built = bool(self.built)
        try:
            self._execute(self.rewrite.visit(node))
        except OSError as error:
            return self._leave(node, f"读写文件，{type(error).__name__}")
        except Exception as error:
            if self.built and not self._built_by(error):
                why = f"{type(error).__name__}: {error}"
                return self._leave(node, why if len(why) < LONGEST else why[:LONGEST] + "…")
            gone = self.missing.get(getattr(error, "name", "") or "")
            if isinstance(error, NameError) and gone:
                error.add_note(
                    f"{error.name} 来自没有运行的第 {gone.line} 行（{gone.why}）。{ADVICE}"
                )
            elif words := hint(error, self.namespace):
                error.add_note(words)
            raise
        for name in bound(node):
            self.missing.pop(name, None)

    def _execute(self, node: ast.stmt) -> None:
        tree = ast.fix_missing_locations(ast.Module([node], []))
        exec(compile(tree, self.file, "exec", dont_inherit=True), self.namespace)

    def _leave(self, node: ast.stmt, why: str) -> None:
        self.left.append(Left(node.lineno, why))
        self.missing |= dict.fromkeys(bound(node), self.left[-1])

    # --- what builds a model ---

    def _building(self) -> Iterator[int]:
        """The lines of all calls that make a layer or add one."""
        for part in ast.walk(self.tree):
            if isinstance(part, ast.Call) and self._makes(called(part)):
                yield from range(part.lineno, (part.end_lineno or part.lineno) + 1)

    def _makes(self, name: str) -> bool:
        return name in {"add", "Sequential", "Model", "Input"} or hasattr(self.layers, name)

    def _builds(self, node: ast.stmt) -> bool:
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        return not self.building.isdisjoint(lines) and not isinstance(node, ast.FunctionDef)

    def _built_by(self, error: Exception) -> bool:
        """Whether it came from a line that builds, or from within a layer that is being called."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == self.file]
        within = any(f.name == "__call__" and "base_layer" in f.filename for f in frames)
        return within or bool(own) and own[-1].lineno in self.building

    # --- afterwards ---

    @property
    def built(self) -> list[Any]:
        return [model for model in self.models if model.built and getattr(model, "_nodes", None)]

    def shown(self) -> list[tuple[str, Any]]:
        """The models to draw, with the names that the script gave them."""
        names = {id(value): name for name, value in self.namespace.items()}
        return [(names.get(id(model), model.name), model) for model in self.built[:MOST]]

    def notes(self) -> list[str]:
        """What was taken for what, what was left out, what is no model yet."""
        found = []
        if line := next((n.lineno for n in ast.walk(self.tree) if imports_tensorflow(n)), None):
            found.append(
                f"第 {line} 行的 TensorFlow 只有 tf.keras，由 labkit 代替，同 Keras 2.2.5。"
            )
        for name, count in self.data.items():
            found.append(f"没有下载 {name} 的数据，用形状相同的 {count} 个全零样本代替。")
        groups: dict[str, set[int]] = {}
        if self.rewrite.lines:
            groups[WORKING] = set(self.rewrite.lines)
        for line, why in self.left:
            groups.setdefault(why, set()).add(line)
        for why, lines in groups.items():
            found.append(f"没有运行第 {'、'.join(map(str, sorted(lines)))} 行（{why}）。")
        if len(self.built) > MOST:
            found.append(f"有 {len(self.built)} 个模型，只画前 {MOST} 个。")
        for model in self.models:
            if not model.built and model.layers:
                found.append(
                    f"{model.name} 还不知道输入的形状：给第一层加上 input_shape=(…)，"
                    "或者写 model.build((None, …))。"
                )
        if self.finished and not self.models:
            found.append("这段代码里没有模型：用 Sequential(…) 或 Model(…) 建一个。")
        return found


# --- what stands in for modules that are not here ---


class TensorFlow(type(sys)):  # a module
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"这里没有 TensorFlow：tf.keras 由 labkit 代替，别的（tf.{name}）没有。"
        )


@contextmanager
def stand_ins(keras: Any, datasets: dict[str, Any]) -> Iterator[None]:
    """keras.datasets without downloads, and tensorflow.keras, for the time of a script."""
    before, own = dict(sys.modules), keras.__dict__.get("datasets")
    tensorflow = TensorFlow("tensorflow")
    tensorflow.__dict__.update(keras=keras, __path__=[], __version__="1.14.0")
    tensorflow.__dict__["python"] = tensorflow
    try:
        sys.modules |= datasets
        keras.datasets = datasets["keras.datasets"]
        for name, module in list(sys.modules.items()):
            if name == "keras" or name.startswith("keras."):
                sys.modules |= {start + name[5:]: module for start in KERAS}
        sys.modules |= {"tensorflow": tensorflow, "tensorflow.python": tensorflow}
        yield
    finally:
        for name in set(sys.modules) - set(before):
            if name.split(".")[0] in {"tensorflow", "keras"}:
                del sys.modules[name]
        sys.modules |= {name: before[name] for name in datasets if name in before}
        if own is None:
            del keras.datasets
        else:
            keras.datasets = own


@contextmanager
def noted(classes: list[type], found: list[Any]) -> Iterator[None]:
    """Every model that is made meanwhile, also those that the script keeps in a function."""

    def noting(original):
        @wraps(original)
        def init(instance: Any, *args: Any, **kwargs: Any) -> None:
            if not any(instance is model for model in found):
                found.append(instance)
            original(instance, *args, **kwargs)

        return init

    originals = [cls.__init__ for cls in classes]
    for cls, original in zip(classes, originals, strict=True):
        cls.__init__ = noting(original)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for cls, original in zip(classes, originals, strict=True):
            cls.__init__ = original  # type: ignore[method-assign]


# --- reading statements ---


def read(node: ast.AST) -> Iterator[str]:
    """The names that a statement needs; a definition needs none until it is called."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
            yield part.id
        if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
            yield part.target.id


def bound(node: ast.AST) -> set[str]:
    found = {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return found


def apart(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """One import to a statement: of several, only those that are not here are left out."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (ast.copy_location(ast.Import([alias]), node) for alias in node.names)
        else:
            yield node


def absent(node: ast.AST) -> str | None:
    """The package that a statement imports, where it is neither here nor Keras."""
    if isinstance(node, ast.Import):
        roots = [alias.name.split(".")[0] for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        roots = [(node.module or "").split(".")[0]]
    else:
        return None
    return next((root for root in roots if root not in PRESENT), None)


def imports_tensorflow(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == "tensorflow"
    return isinstance(node, ast.Import) and any(
        alias.name.split(".")[0] == "tensorflow" for alias in node.names
    )


def unavailable(name: str, origin: Left, at: ast.stmt) -> ast.stmt:
    """A statement on the line of another that raises the reason why that cannot be run."""
    why = f"这一行要用 {name}，它来自没有运行的第 {origin.line} 行（{origin.why}）。{ADVICE}"
    made = ast.parse(f"raise RuntimeError({why!r})").body[0]
    for part in ast.walk(made):
        if hasattr(part, "lineno"):
            part.lineno = part.end_lineno = at.lineno  # type: ignore[attr-defined]
            part.col_offset = part.end_col_offset = 0  # type: ignore[attr-defined]
    return made


# --- what is wrong ---


def hint(error: Exception, namespace: dict[str, Any]) -> str:
    """In Chinese, for a name that is not there: the nearest that is."""
    message = str(error)
    if re.search("[\u4e00-\u9fff]", message):
        return ""
    if "'module' object is not callable" in message:
        return "Keras 1 的 merge([a, b], mode=…) 现在写成 concatenate([a, b])、add([a, b]) 等。"
    if found := re.search(r"cannot import name '(\w+)' from '(?:labkit|keras)([\w.]*)'", message):
        name, module = found.groups()
        return absent_name(f"keras{module}", name, sys.modules.get(f"labkit{module}"))
    if found := re.search(r"No module named '(?:tensorflow\.)?(keras[\w.]*)'", message):
        known = [name for name in sys.modules if name.startswith("keras.")]
        return f"Keras 2.2.5 里没有模块 {found[1]}{nearest(found[1], known)}"
    if found := re.search(r"module '(?:labkit|keras)([\w.]*)' has no attribute '(\w+)'", message):
        module, name = found.groups()
        return absent_name(f"keras{module}", name, sys.modules.get(f"labkit{module}"))
    if isinstance(error, NameError) and error.name:
        layers = namespace_of("labkit.layers")
        if error.name in layers:
            return f"{error.name} 还没有导入：在前面加一行 from keras.layers import {error.name}。"
        if error.name in {"Sequential", "Model"}:
            return f"{error.name} 还没有导入：在前面加一行 from keras.models import {error.name}。"
        return f"没有名字 {error.name}{nearest(error.name, [*namespace, *layers])}"
    if isinstance(error, AttributeError) and error.name and error.obj is not None:
        return f"没有属性 {error.name}{nearest(error.name, dir(error.obj))}"
    if isinstance(error, TypeError) and "unexpected keyword argument" in message:
        return "参数的名字不对，Keras 2.2.5 没有这个参数。"
    return ""


def namespace_of(module: str) -> list[str]:
    return [name for name in dir(sys.modules.get(module)) if not name.startswith("_")]


def absent_name(where: str, name: str, module: Any) -> str:
    return f"{where} 里没有 {name}{nearest(name, dir(module))}"


def nearest(name: str, choices: list[str]) -> str:
    """Whatever the case: dense is nearest to Dense."""
    known = {choice.lower(): choice for choice in choices if not choice.startswith("_")}
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f"，最像的是 {known[close[0]]}。" if close else "。"
