"""出错信息的统一写法：收到了什么、规则是什么、怎样改就行。"""

from difflib import get_close_matches


def explain(where: str, received: object, rule: str, suggestion: str) -> str:
    """拼出一条教学式的出错信息。

    参数：where 是出错的层或函数；received 是收到的东西；rule 是规则（带公式）；
    suggestion 是最近的可行写法。
    """
    return f"{where}：收到 {received}。规则：{rule}。可以改成：{suggestion}。"


def nearest(name: object, choices) -> str:
    """从 choices 里挑出与 name 最像的一个，写成带引号的文本；都不像就列出全部。"""
    choices = [str(choice) for choice in choices]
    close = get_close_matches(str(name), choices, n=1, cutoff=0.5)
    return repr(close[0]) if close else "、".join(repr(choice) for choice in choices)
