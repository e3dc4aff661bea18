"""出错信息的统一写法：收到了什么、规则是什么、怎样改就行。"""

from difflib import get_close_matches


def explain(where: str, received: object, rule: str, suggestion: str) -> str:
    """拼出一条教学式的出错信息。

    参数：where 是出错的层或函数；received 是收到的东西；rule 是规则（带公式）；
    suggestion 是最近的可行写法。
    """
    return f"{where}：收到 {received}。规则：{rule}。可以改成：{suggestion}。"


def nearest(name: object, choices) -> str:
    """choices 里与 name 最像的一个，带引号；都不像时，少就全列出，多就指向规则。"""
    choices = [str(choice) for choice in choices]
    close = get_close_matches(str(name), choices, n=1, cutoff=0.5)
    if close:
        return repr(close[0])
    return " 或 ".join(map(repr, choices)) if len(choices) <= 3 else "上面列出的名字之一"
