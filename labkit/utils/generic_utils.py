"""按名称取对象、序列化与进度条，名称与 `keras.utils.generic_utils` 相同。"""

from __future__ import annotations

import codecs
import functools
import inspect
import marshal
import warnings
from collections.abc import Callable, Iterable, Mapping
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

from ..errors import explain, nearest
from ..manner import refuse
from .progbar import Progbar

__all__ = [
    "Configurable",
    "CustomObjectScope",
    "Progbar",
    "check_keywords",
    "custom_object_scope",
    "deserialize_keras_object",
    "func_dump",
    "func_load",
    "get_custom_objects",
    "has_arg",
    "is_all_none",
    "object_list_uid",
    "public_objects",
    "resolve",
    "serialize_keras_object",
    "slice_arrays",
    "to_list",
    "transpose_shape",
    "unpack_singleton",
]

_custom_objects: dict[str, Any] = {}


def get_custom_objects() -> dict[str, Any]:
    """全局的自定义对象表：名称 → 类或函数。改动它，各模块的 `get` 立刻能找到。"""
    return _custom_objects


class CustomObjectScope:
    """`with` 语句之内按名称能找到自定义对象，离开时恢复原状。

    ```python
    with CustomObjectScope({"swish": swish}):
        layer = Dense(3, activation="swish")
    ```
    """

    def __init__(self, *custom_objects: Mapping[str, Any]) -> None:
        self.custom_objects = custom_objects

    def __enter__(self) -> CustomObjectScope:
        self.backup = dict(_custom_objects)
        for objects in self.custom_objects:
            _custom_objects.update(objects)
        return self

    def __exit__(self, *exception: object) -> None:
        _custom_objects.clear()
        _custom_objects.update(self.backup)


def custom_object_scope(*custom_objects: Mapping[str, Any]) -> CustomObjectScope:
    """同 `CustomObjectScope`。"""
    return CustomObjectScope(*custom_objects)


signature_of = functools.cache(inspect.signature)


class Configurable:
    """`get_config` 由 `__init__` 的签名得出：每个参数对应同名的属性。"""

    def get_config(self) -> dict[str, Any]:
        names = list(signature_of(type(self)).parameters)
        values = {name: getattr(self, name) for name in names}
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in values.items()
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]):
        return cls(**config)


def check_keywords(subject: str, received: Iterable[str], known: Iterable[str]) -> None:
    """有不认识的关键字参数时抛出 TypeError，并说出最接近的名称。"""
    known = list(known)
    for name in received:
        if name not in known:
            # Keras 2.2.5 knows only `lr`; later versions renamed it.
            renamed = name == "learning_rate" and "lr" in known
            raise TypeError(
                explain(
                    subject,
                    received=f"关键字参数 {name}",
                    rule=f"可用的参数：{'、'.join(known) or '没有参数'}",
                    suggestion="'lr'" if renamed else nearest(name, known) or "去掉它",
                )
            )


def public_objects(namespace: Mapping[str, Any]) -> dict[str, Callable]:
    """命名空间里可以按名称取得的对象：公开的类与函数，不含 `get` 等解析函数与引入的工具。"""
    return {name: value for name, value in namespace.items() if _is_public(name, value)}


def _is_public(name: str, value: Any) -> bool:
    utils = __name__.rpartition(".")[0]
    tools = ("builtins", "collections", "typing", explain.__module__, refuse.__module__, utils)
    return (
        not name.startswith("_")
        and name not in ("get", "serialize", "deserialize")
        and (inspect.isroutine(value) or inspect.isclass(value))
        and not (value.__module__ or "builtins").startswith(tools)
    )


def _look_up(
    name: str,
    module_objects: Mapping[str, Any] | None,
    custom_objects: Mapping[str, Any] | None,
    kind: str,
) -> Any:
    for objects in (custom_objects or {}, _custom_objects):
        if name in objects:
            return objects[name]
    if module_objects and name in module_objects and _is_public(name, module_objects[name]):
        return module_objects[name]
    available = public_objects(module_objects or {})
    raise ValueError(
        explain(
            kind,
            received=repr(name),
            rule=f"可用的名称：{'、'.join(sorted(available))}；"
            "自己写的对象要先放进 custom_object_scope",
            suggestion=nearest(name, available),
        )
    )


def _uninterpretable(
    identifier: Any, module_objects: Mapping[str, Any] | None, kind: str
) -> ValueError:
    names = "、".join(map(repr, sorted(public_objects(module_objects or {}))))
    return ValueError(
        explain(
            kind,
            received=repr(identifier),
            rule='要给出名称、配置字典 {"class_name": 名称, "config": 参数} 或可以调用的对象',
            suggestion=f"名称之一：{names}",
        )
    )


def serialize_keras_object(instance: Any) -> Any:
    """对象 → `{"class_name": ..., "config": ...}`，函数 → 名称，None → None。"""
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        return {"class_name": type(instance).__name__, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return instance.__name__
    raise ValueError(
        explain(
            "serialize_keras_object",
            received=repr(instance),
            rule="只有带 get_config() 的对象和带 __name__ 的函数可以序列化",
            suggestion="给这个类写 get_config()，返回 __init__ 的参数",
        )
    )


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "对象",
) -> Any:
    """`serialize_keras_object` 的逆：配置字典 → 新对象，名称 → 函数或类本身。

    名称先在 `custom_objects`，再在 `get_custom_objects()`，最后在 `module_objects` 中找。
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        return _look_up(identifier, module_objects, custom_objects, printable_module_name)
    if not isinstance(identifier, Mapping) or not {"class_name", "config"} <= identifier.keys():
        raise _uninterpretable(identifier, module_objects, printable_module_name)
    name, config = identifier["class_name"], identifier["config"]
    build = _look_up(name, module_objects, custom_objects, printable_module_name)
    parameters = signature_of(build).parameters
    rebuild = getattr(build, "from_config", None)
    # A config for such a from_config (a model's, a wrapper's) is more than the arguments.
    own_form = rebuild is not None and "custom_objects" in signature_of(rebuild).parameters
    if not own_form and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        check_keywords(name, config, parameters)
    with CustomObjectScope(custom_objects or {}):
        if rebuild is None:
            return build(**config)
        if own_form:
            return build.from_config(config, custom_objects=dict(_custom_objects))
        return build.from_config(config)


def resolve(
    identifier: Any, module_objects: Mapping[str, Any], kind: str, construct: bool = True
) -> Any:
    """各模块 `get` 的共同部分：名称、配置字典或可调用的对象 → 对象。

    `construct`：名称与类要不要先构造（initializers 等要，activations、losses、metrics 不要）。
    """
    if construct and inspect.isclass(identifier):
        return identifier()
    if callable(identifier):
        return identifier
    if construct and isinstance(identifier, str):
        identifier = {"class_name": identifier, "config": {}}
    if identifier is None:
        raise _uninterpretable(identifier, module_objects, kind)
    return deserialize_keras_object(identifier, module_objects, printable_module_name=kind)


#: The code that func_dump has written in this process: no need to read it from bytes again.
_dumped: dict[str, CodeType] = {}


def func_dump(func) -> tuple[str, tuple | None, tuple | None]:
    """函数 → (字节码的 base64 文字, 默认值, 闭包里的值)；由 func_load 还原。"""
    text = codecs.encode(marshal.dumps(func.__code__), "base64").decode("ascii")
    _dumped[text] = func.__code__
    closure = func.__closure__ and tuple(cell.cell_contents for cell in func.__closure__)
    return text, func.__defaults__, closure


def func_load(code, defaults=None, closure=None, globs=None) -> FunctionType:
    """func_dump 的逆，只能由自己的代码调用：labkit 读模型文件时从不用它。

    不是这个进程写下的字节码会给出警告：它能做任何事，还只认得写它的那个版本的 Python。
    出错：读不懂的字节码抛出 ValueError。
    """
    if isinstance(code, tuple | list):
        code, defaults, closure = code
    found = _dumped.get(code) or foreign_code(code)
    cells = closure and tuple(x if isinstance(x, CellType) else CellType(x) for x in closure)
    return FunctionType(
        found,
        globals() if globs is None else globs,
        found.co_name,
        None if defaults is None else tuple(defaults),
        cells,
    )


def foreign_code(text: str) -> CodeType:
    warnings.warn(
        "func_load 读到的字节码不是这个进程写下的。执行它等于执行别人的程序，"
        "只用于自己信任的来源；可以的话改用 def 写成的函数和 custom_objects。",
        stacklevel=3,
    )
    try:
        try:
            raw = codecs.decode(text.encode("ascii"), "base64")
            found = marshal.loads(raw)
        except ValueError:  # as Keras wrote it before 2.1.2
            found = marshal.loads(text.encode("raw_unicode_escape"))
    except (ValueError, EOFError, TypeError) as error:
        raise not_code(text) from error
    if not isinstance(found, CodeType):
        raise not_code(text)
    return found


def not_code(text: str) -> ValueError:
    return ValueError(
        explain(
            "func_load",
            f"{text[:30]!r}…",
            "参数是 func_dump 的结果，由同一个版本的 Python 写下",
            "用 def 重新写这个函数",
        )
    )


def slice_arrays(arrays, start: Any = None, stop=None):
    """每个数组取同样的一段：start 到 stop，或 start 是下标的列表。

    arrays 是数组的列表，里面的 None 保持 None。一个数组只按下标的列表取，别的得到 [None]。
    """
    if arrays is None:
        return [None]
    if isinstance(start, list) and stop is not None:
        raise ValueError(
            explain(
                "slice_arrays",
                f"start 是下标的列表，stop={stop}",
                "start 是列表时已经说明取哪些",
                "去掉 stop",
            )
        )
    picked: Any = start if hasattr(start, "__len__") else slice(start, stop)
    if hasattr(picked, "tolist"):
        picked = picked.tolist()  # HDF5 wants lists
    if isinstance(arrays, list):
        return [None if x is None else x[picked] for x in arrays]
    # As in Keras, an array alone is cut only where its rows are listed.
    return arrays[picked] if hasattr(start, "__len__") else [None]


def has_arg(fn: Callable, name: str, accept_all: bool = False) -> bool:
    """函数有没有能按关键字给出的参数 name；accept_all 时 **kwargs 也算。"""
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):
        return False
    if name in parameters:
        return parameters[name].kind in {
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        }
    return accept_all and any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())


def is_all_none(iterable_or_element: Any) -> bool:
    """一个元素，或列表、元组里的每个元素，都是 None。"""
    return all(x is None for x in to_list(iterable_or_element, allow_tuple=True))


def object_list_uid(object_list: Any) -> str:
    """由各个对象的身份拼成的键。"""
    return ", ".join(str(abs(id(x))) for x in to_list(object_list))


def to_list(x: Any, allow_tuple: bool = False) -> list:
    """列表原样返回（`allow_tuple` 时元组变成列表），其他值变成只有一项的列表。"""
    if isinstance(x, list):
        return x
    if allow_tuple and isinstance(x, tuple):
        return list(x)
    return [x]


def transpose_shape(shape: Any, target_format: str, spatial_axes: Iterable[int]) -> Any:
    """channels_last 的形状换成 target_format 的；spatial_axes 是空间轴。列表得列表，元组得元组。"""
    if target_format not in {"channels_last", "channels_first"}:
        rule = "target_format 是 'channels_last' 或 'channels_first'"
        received = f"target_format={target_format!r}"
        raise ValueError(explain("transpose_shape", received, rule, "'channels_first'"))
    if target_format == "channels_last":
        return shape
    space = [shape[axis] for axis in spatial_axes]
    return type(shape)([*shape[: -1 - len(space)], shape[-1], *space])


def unpack_singleton(x: list) -> Any:
    """只有一项的列表变成那一项，其他列表原样返回。"""
    return x[0] if len(x) == 1 else x
