"""Ways out of an impossible setting, and how far a number can go: found by asking the layer."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

from .. import layers
from .controls import controls
from .copies import sketch, undisturbed
from .examples import EXAMPLES
from .states import bounded, example, input_of, layer_of, takes_list

SEARCH = 250  # settings that are tried in search of a legal one


def fixes(state: dict, changed: str = "", wanted: int = 2) -> list[dict[str, Any]]:
    """The nearest states that work, each with a sentence; at most one for every part changed."""
    found: list[dict[str, Any]] = []
    with undisturbed():
        for tried, (part, label, other) in enumerate(neighbours(state, changed)):
            if tried > (SEARCH // 4 if found else SEARCH) or len(found) == wanted:
                break
            if part not in {fix["part"] for fix in found} and works(other):
                found.append({"part": part, "label": label, "state": other})
    return found


def works(state: dict) -> bool:
    try:
        _, _, outputs = sketch(layer_of(state), input_of(state))
    except Exception:  # noqa: BLE001  any refusal means that it does not work
        return False
    return all(n is None or n > 0 for shape in outputs for n in shape)


def neighbours(state: dict, changed: str) -> Iterator[tuple[str, str, dict]]:
    """(part, sentence, state) near a state: what was changed last first, small changes first."""
    own = {c["name"]: c for c in controls(getattr(layers, state["layer"]))}
    names = sorted(own, key=lambda name: (name != changed, own[name]["more"]))
    generators: list[Iterator] = [around(state, own[name]) for name in names]
    generators.insert(0 if changed == "input" else 1, around_input(state))
    changed_last = generators[0]
    yield from without_unknown(state, own)
    # A few of each in turn: the best of the second may be nearer than the last of the first.
    while generators:
        for generator in list(generators):
            for _ in range(24 if generator is changed_last else 6):
                try:
                    yield next(generator)
                except StopIteration:
                    generators.remove(generator)
                    break


def without_unknown(state: dict, own: dict) -> Iterator[tuple[str, str, dict]]:
    """A link may hold parameters that the layer does not have."""
    for name in state["settings"].keys() - own.keys():
        settings = {k: v for k, v in state["settings"].items() if k != name}
        yield name, f"去掉 {name}", {**state, "settings": settings}


def around(state: dict, control: dict) -> Iterator[tuple[str, str, dict]]:
    name, default = control["name"], control["default"]
    current = state["settings"].get(name, default)
    usual = example(state["layer"])["settings"] if state["layer"] in EXAMPLES else {}
    last = default or usual.get(name, "3")
    for text in [*numbers_near(current), *control["choices"], last]:
        if text != current:
            settings = {**state["settings"], name: text}
            yield name, f"改成 {name}={text}", {**state, "settings": settings}


def numbers_near(text: str) -> list[str]:
    """Integers and tuples of them near the given one, nearest first."""
    try:
        value = ast.literal_eval(bounded(text))
    except (SyntaxError, TypeError, ValueError):
        return []
    if isinstance(value, bool) or not isinstance(value, int | float | tuple):
        return []
    if isinstance(value, float):
        return ["0.5", "0.0", str(abs(value))]
    steps = [sign * step for step in range(1, 9) for sign in (-1, 1)]
    if isinstance(value, int):
        near = [value + step for step in steps]
        return [str(n) for n in near if n > 0] + ([str(-value)] if value < 0 else [])
    if not all(isinstance(n, int) for n in value):
        return []
    one = [(*value[:i], n + s, *value[i + 1 :]) for s in steps for i, n in enumerate(value)]
    lengths = [value[:1] * n for n in (1, 2, 3) if n != len(value)] if value else []
    return [repr(v) for v in [*one, *lengths] if min(v) >= 0]


def around_input(state: dict) -> Iterator[tuple[str, str, dict]]:
    """Longer and shorter axes, equal inputs, another number of axes."""

    def changed(shapes):
        text = "、".join(str(tuple(shape)) for shape in shapes)
        return "input", f"输入改成 {text}", {**state, "inputs": [list(s) for s in shapes]}

    shapes = state["inputs"]
    if len(shapes) > 1:
        yield changed([shapes[0]] * len(shapes))
    if takes_list(state["layer"]):
        yield changed([shapes[0]] * 2)
    if any(None in shape[1:] for shape in shapes):
        yield changed([[shape[0], *(n or 5 for n in shape[1:])] for shape in shapes])
    for step in range(1, 13):
        for sign in (1, -1):
            for axis in range(1, len(shapes[0])):
                moved = [list(shape) for shape in shapes]
                n = moved[0][axis]
                new = (n or 5) + sign * step if n or (step, sign) == (1, 1) else 0
                if new > 0:
                    moved[0][axis] = new
                    yield changed(moved)
        if step == 2:
            for rank in (5, 4, 3, 2):
                if rank != len(shapes[0]):
                    yield changed([([None, 6, 6, 6][: rank - 1] + [2]) for _ in shapes])
        if step > 2:  # all space axes together
            grown = [
                [n if i in (0, len(s) - 1) else (n or 5) + step for i, n in enumerate(s)]
                for s in shapes
            ]
            yield changed(grown)


def ranges(state: dict) -> dict[str, list[int | None]]:
    """The legal numbers around each int parameter, all else unchanged: [least, most or None]."""
    found = {}
    with undisturbed():
        for control in controls(getattr(layers, state["layer"])):
            current = state["settings"].get(control["name"], control["default"])
            if control["kind"] != "int" or not re.fullmatch("-?[0-9]{1,9}", current):
                continue

            def legal(n: int, name=control["name"]) -> bool:
                return works({**state, "settings": {**state["settings"], name: str(n)}})

            found[control["name"]] = [bound(legal, int(current), -1), bound(legal, int(current), 1)]
    return found


def bound(legal: Callable[[int], bool], start: int, step: int) -> int | None:
    """The last legal number in a direction; None if there are many."""
    n = start
    while abs(n - start) < 8 and legal(n + step):
        n += step
    return None if abs(n - start) == 8 else n
