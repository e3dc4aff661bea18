"""层与模型的图：都是从层本身算出来、画成 SVG 文本的纯函数；在笔记本里直接显示。

shape_diagram、model_diagram 画形状，box_view 把模型画成按比例的方块；dependency_view、
step_view、connectivity_view 逐格画出谁由谁算出；recurrent_view、unrolled_view、gate_view
画循环层。dependencies、steps 是这些图背后的数据。
"""

from .boxes import box_view
from .connectivity import connectivity_view
from .dependencies import Dependencies, dependencies
from .gates import gate_view
from .grids import dependency_view
from .models import model_diagram
from .recurrent import recurrent_view
from .shapes import shape_diagram
from .steps import Steps, step_view, steps
from .svg import standalone
from .unrolled import unrolled_view

__all__ = [
    "Dependencies",
    "Steps",
    "box_view",
    "connectivity_view",
    "dependencies",
    "dependency_view",
    "gate_view",
    "model_diagram",
    "recurrent_view",
    "shape_diagram",
    "standalone",
    "step_view",
    "steps",
    "unrolled_view",
]
