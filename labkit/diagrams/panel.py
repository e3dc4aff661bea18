"""The parameter panel of a page: from a state (states.py) to pictures, sentences, ways out."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from .. import backend as K
from .. import layers
from ..manner import manner
from .contrasts import contrasts, facts
from .controls import controls
from .cost import cost
from .fixes import fixes, ranges
from .states import code_of, example, layer_type
from .views import VIEWS, Subject, views_of

MOST = 240  # characters of each part of a sentence


def show(state: dict, view: str = "shape", changed: str = "", wide: bool = False) -> dict[str, Any]:
    """What the panel shows for a state: picture, sentences, code; or the error and ways out of it.

    `changed`: the parameter that the reader changed last, where a way out is looked for first.
    `wide`: see Subject.
    """
    try:
        subject = subject_of(state)
        subject.wide = wide
        facts = told(subject)
        view = view if view in facts["views"] else facts["views"][0]
        return {"view": view, **facts, **drawn(subject, view)}
    except Exception as error:  # noqa: BLE001  whatever the layer says is shown to the reader
        ways = fixes(state, changed) if layer_type(state["layer"]) else []
        return {"error": sentence(error), "fixes": ways}


def subject_of(state: dict) -> Subject:
    return kept(json.dumps(state, sort_keys=True), repr(settings()))


@lru_cache(maxsize=8)
def kept(state: str, settings: str) -> Subject:
    """What a state is about: another view of it asks the layer nothing anew.

    settings: of labkit as a whole; they decide what an argument that is not given means.
    """
    return Subject(json.loads(state))


def settings() -> tuple:
    return K.floatx(), K.epsilon(), K.image_data_format(), manner()


def told(subject: Subject) -> dict[str, Any]:
    """All but the picture."""
    built, inputs, outputs = subject.sketch
    return {
        "views": views_of(subject.layer),
        "outputs": [list(output) for output in outputs],
        "cost": cost(built, inputs, outputs),
        "code": code_of(subject.state, len(outputs)),
        "phases": subject.layer.uses_learning_phase,
    }


def both_widths(subject: Subject, view: str) -> dict[str, Any]:
    """`drawn` for a phone, with "wide" beside "svg" where a desk has another picture."""
    subject.wide = True
    wide = drawn(subject, view)["svg"]
    subject.wide = False
    narrow = drawn(subject, view)
    return narrow if narrow["svg"] == wide else {**narrow, "wide": wide}


def drawn(subject: Subject, view: str) -> dict[str, Any]:
    try:
        picture = VIEWS[view].draw(subject)
        return {**picture, "notes": [*map(sentence, subject.warnings), *picture["notes"]]}
    except Exception as error:  # noqa: BLE001  the layer is legal, only this picture of it is not
        return {**VIEWS["shape"].draw(subject), "notes": [sentence(error)]}


def sentence(error: Exception) -> str:
    # str of a KeyError quotes its message.
    message = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if not re.search(r"[\u4e00-\u9fff]", message):
        # Of Python or NumPy themselves, at what no check has foreseen.
        return bounded(f"这个设置算不出来（{type(error).__name__}: {message}）。")
    # Without what a layer's automatic name adds.
    return bounded(re.sub(r"^(\w+)（\w+_\d+）", r"\1", message))


def bounded(message: str) -> str:
    """What was given, the rule and the suggestion, none of them longer than can be read."""
    parts = re.split("(。(?:规则|可以改成)：)", message)
    return "".join(p if len(p) <= MOST else f"{p[: MOST // 2]} … {p[-MOST // 4 :]}" for p in parts)


def compare(
    states: list[dict], view: str, changed: list[str], wide: bool = False
) -> dict[str, Any]:
    """`show` for two states in one view, and what they have in common, where both are legal.

    One that has not this view shows its first.
    """
    shown = [show(state, view, last, wide) for state, last in zip(states, changed, strict=True)]
    legal = not any("error" in one for one in shown)
    return {"shown": shown, "facts": facts(*map(subject_of, states)) if legal else []}


# --- what a page asks for ---


def start(subject: Subject) -> dict[str, Any]:
    """What a page holds before Python is up: the state, its controls, the default's sentences."""
    return {
        "state": subject.state,
        "controls": controls(getattr(layers, subject.state["layer"])),
        "contrasts": contrasts(subject.state["layer"]),
        "titles": {name: view.title for name, view in VIEWS.items()},
        "shown": told(subject),
    }


def opening(name: str) -> dict[str, Any]:
    """`start` of a layer's example with its pictures: what the site keeps in a file a layer."""
    subject = Subject(example(name))
    pictures = {view: both_widths(subject, view) for view in views_of(subject.layer)}
    return {**start(subject), "pictures": pictures}


def answer(request: str) -> str:
    """The answer to a page's JavaScript, both as JSON text: an action and what it needs."""
    asked = json.loads(request)
    if asked["action"] == "start":
        return json.dumps(start(Subject(example(asked["layer"]))), ensure_ascii=False)
    if asked["action"] == "ranges":
        return json.dumps(ranges(asked["state"]))
    state, view, changed, wide = (asked[key] for key in ("state", "view", "changed", "wide"))
    if asked["action"] == "compare":
        shown = compare([state, asked["other"]], view, [changed, asked["otherChanged"]], wide)
    else:
        shown = show(state, view, changed, wide)
    return json.dumps(shown, ensure_ascii=False)
