"""Which cells of a page must run before a cell can run.

A page is one program cut into cells. A cell depends on the earlier cells that bind a name it reads
or change the object behind it; `History` remembers what ran, so that only what is missing or out
of date runs again.
"""

import ast
import symtable
import warnings
from dataclasses import dataclass, field
from functools import cache
from types import CodeType

from .syntax import FLAGS, compile_cell, parse

# `from m import *` may bind any name.
ANY = "*"

# Methods of arrays, strings, dicts and layers that leave their object as it was. Any other method
# call counts as a change: running a cell too many costs time, one too few gives a wrong result.
PURE_METHODS = frozenset(
    """all any argmax argmin argsort astype clip copy cumprod cumsum diagonal dot flatten max mean
    min nonzero prod ravel repeat reshape round squeeze std sum swapaxes take tobytes tolist trace
    transpose var endswith format join lower lstrip replace rstrip split splitlines startswith
    strip upper count get index items keys values compute_output_shape count_params get_config
    get_input_at get_output_at get_weights""".split()
)


@dataclass
class Names:
    """What one cell does to the names of the page's namespace."""

    reads: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)  # surely, whichever branch runs
    assigns: set[str] = field(default_factory=set)  # surely or perhaps
    changes: set[str] = field(default_factory=set)  # perhaps changes the object, not the name
    inert: set[str] = field(default_factory=set)  # imports and definitions: using them changes none


class _Synchronous(ast.NodeTransformer):
    """The same names without `await`, which symbol tables take only in a function."""

    def visit_Await(self, node: ast.Await) -> ast.AST:
        return self.visit(node.value)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self.generic_visit(ast.For(**vars(node)))

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self.generic_visit(ast.With(**vars(node)))

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.is_async = 0
        return self.generic_visit(node)


@cache
def names(source: str) -> Names:
    """The names of one cell; none where it does not compile, since running it shows the error."""
    with warnings.catch_warnings(action="ignore"):  # running it shows them
        try:
            compile_cell(source, "cell")
        except SyntaxError:
            return Names()
        try:
            return _read_tree(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return _read_bytecode(source)


def _read_bytecode(source: str) -> Names:
    """Roughly: what binds a name perhaps does not; what reads it perhaps changes it.

    For a tree too deep to walk in Python, which the compiler still takes: `1 + 1 + …`.
    """
    import dis

    found = Names()
    waiting = [compile(parse(source), "cell", "exec", FLAGS)]
    while waiting:
        code = waiting.pop()
        waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        for step in dis.get_instructions(code):
            if "IMPORT_STAR" in step.opname + step.argrepr:
                found.assigns.add(ANY)
            elif step.opname in ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL"):
                found.assigns.add(step.argval)
            elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
                found.reads.add(step.argval)
    found.changes |= found.reads
    return found


def _read_tree(source: str) -> Names:
    found = Names()
    body = _Synchronous().visit(parse(source)).body
    called_later: set[str] = set()

    def look(node: ast.AST, bound: set[str]) -> None:
        now, later, assigned = _scopes(ast.unparse(_Generators().visit(node)))
        found.reads |= now - bound
        found.assigns |= assigned
        called_later.update(later)

    def block(body: list[ast.stmt], bound: set[str]) -> set[str]:
        """Note what the statements read before they bind it; return what is bound after them."""
        bound = set(bound)
        for statement in body:
            match statement:
                case ast.For(target=target, iter=values):
                    look(values, bound)
                    found.assigns.update(_targets(target))
                    block(statement.body, bound | _targets(target))
                    block(statement.orelse, bound)
                case ast.If(test=test) | ast.While(test=test):
                    look(test, bound)
                    then = block(statement.body, bound)
                    otherwise = block(statement.orelse, bound)
                    bound |= then & otherwise
                case ast.With(items=items):
                    for item in items:
                        look(item.context_expr, bound)
                        if item.optional_vars:
                            found.assigns.update(_targets(item.optional_vars))
                            bound |= _targets(item.optional_vars)
                    bound = block(statement.body, bound)
                case ast.Try():
                    tried = block(statement.body, bound)
                    block(statement.orelse, tried)
                    for handler in statement.handlers:
                        block(handler.body, bound | {handler.name or ""})
                    bound = block(statement.finalbody, bound)
                case _:
                    look(statement, bound)
                    if isinstance(statement, ast.AugAssign):  # not a read in a symbol table
                        found.reads |= _targets(statement.target) - bound
                    bound |= _bound_by(statement)
        return bound

    found.binds = block(body, set())
    # A function's body runs after the cell has bound all its names.
    found.reads |= called_later - found.binds
    for node in ast.walk(ast.Module(body, [])):
        match node:
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                found.changes |= _root(node)
            case ast.Call(func=ast.Attribute(attr=method)) if method in PURE_METHODS:
                pass
            case ast.Call(func=function):  # `x.append(1)`; `layer(x)`, which builds the layer
                found.changes |= _root(function)
            case ast.Import() | ast.ImportFrom():
                found.inert |= _bound_by(node)
                if any(alias.name == ANY for alias in node.names):
                    found.assigns.add(ANY)
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                found.inert.add(name)
    return found


class _Generators(ast.NodeTransformer):
    """Comprehensions as generator expressions, which read and bind the same names.

    Only these have a symbol table of their own in every Python: since 3.12 the variables of the
    others are in the table around them.
    """

    def _generator(self, node: ast.ListComp | ast.SetComp) -> ast.GeneratorExp:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_ListComp = visit_SetComp = _generator

    def visit_DictComp(self, node: ast.DictComp) -> ast.GeneratorExp:
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def _scopes(code: str) -> tuple[set[str], set[str], set[str]]:
    """Global names that code reads, that its functions read when called, and that it assigns."""
    now, later, assigned = set(), set(), set()

    def visit(table: symtable.SymbolTable, deferred: bool) -> None:
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if top or symbol.is_global():
                if symbol.is_referenced():
                    (later if deferred else now).add(symbol.get_name())
                if symbol.is_assigned() or symbol.is_imported():
                    assigned.add(symbol.get_name())
        for child in table.get_children():
            # To a symbol table a generator expression is a function too, but it runs at once.
            function = child.get_type() == "function" and child.get_name() != "genexpr"
            visit(child, deferred or function)

    visit(symtable.symtable(code, "cell", "exec"), False)
    return now, later, assigned


def _bound_by(statement: ast.AST) -> set[str]:
    match statement:
        case ast.Assign(targets=targets):
            return set().union(*map(_targets, targets))
        case ast.AnnAssign(target=target, value=ast.expr()):
            return _targets(target)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {(alias.asname or alias.name).split(".")[0] for alias in aliases} - {ANY}
    return set()


def _targets(target: ast.expr) -> set[str]:
    """Names in an assignment target, also inside tuples; `x[0] = 1` binds none."""
    return {
        node.id
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _root(node: ast.expr) -> set[str]:
    """The name at the start of `name.a[0].b`; empty where there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


@dataclass(frozen=True)
class Access:
    """What a cell does to the data of its page: `writes` leaves out changes to what is no data."""

    reads: set[str]
    binds: set[str]
    writes: set[str]

    def writes_to(self, name: str) -> bool:
        return name in self.writes or ANY in self.writes


def accesses(sources: list[str]) -> list[Access]:
    """One for each cell, which depends on the cells before it."""
    made, data = [], set()
    for found in map(names, sources):
        data = (data - found.binds) | (found.assigns - found.inert)
        made.append(Access(found.reads, found.binds, found.assigns | (found.changes & data)))
    return made


def providers(page: list[Access], target: int) -> dict[int, set[str]]:
    """The earlier cells that a cell needs, directly or not, each with the names wanted from it."""
    wanted: dict[int, set[str]] = {}
    waiting = [target]
    while waiting:
        reader = waiting.pop()
        for name in page[reader].reads:
            for index in range(reader - 1, -1, -1):
                if page[index].writes_to(name):
                    if index not in wanted:
                        waiting.append(index)
                    wanted.setdefault(index, set()).add(name)
                if name in page[index].binds:
                    break
    return dict(sorted(wanted.items()))


@dataclass(frozen=True)
class Run:
    turn: int
    source: str | None  # None: it failed half-way, so its names may hold anything
    access: Access


class History:
    """What ran in one namespace, in what order and with which text."""

    def __init__(self) -> None:
        self.turn = 0
        self.runs: dict[int, Run] = {}

    def record(self, sources: list[str], index: int, *, complete: bool) -> None:
        self.turn += 1
        source = sources[index] if complete else None
        self.runs[index] = Run(self.turn, source, accesses(sources)[index])

    def missing(self, sources: list[str], target: int) -> list[int]:
        """The cells to run before `target`, in page order."""
        page = accesses(sources)
        needed = providers(page, target)
        others = [run for index, run in self.runs.items() if index not in {target, *needed}]
        missing: list[int] = []
        for index, wanted in needed.items():
            run, own = self.runs.get(index), providers(page, index)
            if (
                run is None
                or run.source != sources[index]
                or any(i in missing or self.runs[i].turn > run.turn for i in own)
                # Another cell of the page has put something else under a wanted name since.
                or any(o.turn > run.turn and any(map(o.access.writes_to, wanted)) for o in others)
            ):
                missing.append(index)
        return missing
