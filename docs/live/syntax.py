"""Read a cell: compile it, or say what is wrong with its text, in Chinese and with the line."""

import ast
import io
import keyword
import re
import tokenize
from types import CodeType

FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
DATASETS = {"mnist"}  # in files of their own, which come when a cell wants them

# Python's parser and compiler call themselves for each level of an expression. In a browser the
# stack ends, and Python with it, at about 900 operators or 200 brackets, one within another.
DEEPEST = 400
BRACKET = 5
# Each makes one level; a comma or the end of the line ends the levels of operators.
WORDS = set("and async await else for if in is lambda not or yield".split())


def parse(source: str, file: str = "cell") -> ast.Module:
    """The syntax tree; whatever stands in its way is a SyntaxError with its line."""
    if wrong := re.search("[\0\ud800-\udfff]", source):
        line = source.count("\n", 0, wrong.start()) + 1
        message = f"这里有一个不能写进代码的字符：U+{ord(wrong[0]):04X}，请删去。"
        raise SyntaxError(message, (file, line, None, None))
    if line := _too_deep(source):
        raise SyntaxError("这里嵌套得太深，Python 读不了，请拆成几步写。", (file, line, None, None))
    return _compile(source, source, file, "exec", ast.PyCF_ONLY_AST)


def compile_cell(source: str, file: str) -> tuple[CodeType, CodeType | None]:
    """The statements of a cell, and its last expression, whose value is shown."""
    tree = parse(source, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return (
        _compile(tree, source, file, "exec"),
        _compile(ast.Expression(last.value), source, file, "eval") if last else None,
    )


def _compile(code: str | ast.AST, source: str, file: str, mode: str, flags: int = 0):
    try:
        return compile(code, file, mode, FLAGS | flags, dont_inherit=True)
    except SyntaxError as error:
        error.filename, error.lineno = file, error.lineno or 1
        if error.text is None:  # Python does not know the text of a tree
            error.text = _line(source, error.lineno)
        raise
    except (ValueError, MemoryError, RecursionError) as error:
        message = f"Python 读不了这一格的代码：{error or type(error).__name__}"
        raise SyntaxError(message, (file, 1, None, None)) from None


def imports(source: str) -> str:
    """The import statements of a cell, wherever they stand in it; none where it does not parse."""
    try:
        nodes = ast.walk(parse(source))
    except SyntaxError:
        return ""
    return "\n".join(ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom))


def datasets(source: str) -> list[str]:
    """The data sets that a cell names: `labkit.datasets.mnist` and the like, however imported."""
    try:
        nodes = list(ast.walk(parse(source)))
    except SyntaxError:
        return []
    names = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update(*(alias.name.split(".") for alias in node.names))
            names.update((getattr(node, "module", None) or "").split("."))
    return sorted(names & DATASETS)


def _too_deep(source: str) -> int | None:
    """The line where the parser would have to go too deep."""
    if BRACKET * len(re.findall(r"[^\w\s,'\"#]|\b[a-z]{2,6}\b", source)) < DEEPEST:
        return None
    around, floors, depth = 0, [0], 0  # `floors`: the depth that a comma goes back to
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            text = token.string
            if token.type == tokenize.INDENT:
                around += BRACKET
            elif token.type == tokenize.DEDENT:
                around -= BRACKET
            elif token.type == tokenize.NEWLINE:
                floors, depth = [around], around
            elif token.type == tokenize.OP and text in "([{":
                depth += BRACKET
                floors.append(depth)
            elif token.type == tokenize.OP and text in ")]}":
                # f(1)(2)(3) is a call of a call of a call.
                depth = (floors.pop() if len(floors) > 1 else depth) - BRACKET + 1
            elif text in {",", ";"}:
                depth = floors[-1]
            elif text == "elif":
                around += 1
            elif token.type == tokenize.OP or text in WORDS:
                depth += 1
                if text == "lambda":  # a comma between parameters does not end it
                    floors[-1] += 1
            if depth > DEEPEST or around > DEEPEST:
                return token.start[0]
    except (tokenize.TokenError, SyntaxError):
        pass  # the parser says it better
    return None


def _line(source: str, number: int) -> str:
    return (source.split("\n") + [""] * number)[number - 1]


# What the keyboard puts in for the ASCII characters that Python knows.
ASCII = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | dict(
    zip("“”„‟‘’‚‛「」『』、。【】〔〕《》〈〉×÷−–—", '""""\'\'\'\'"""",.[][]<><>*/---', strict=True)
)
for char in "？＄｀":  # Python has no use for them
    del ASCII[char]
ASCII |= {"≤": "<=", "≥": ">=", "≠": "!=", "…": "...", "\u3000": " ", "\xa0": " "}
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\xad"
QUOTED = re.compile(r"""(?P<quote>["'])(?:\\.|(?!(?P=quote)).)*(?P=quote)|#.*""")

# Python's message → its meaning; groups of the pattern fill {0}, {1}.
MEANINGS = {
    r"'(.)' was never closed": "这个 {0} 没有配对：后面少了 {1}。",
    r"unmatched '(.)'": "多了一个 {0}，或者前面少了与它配对的 {1}。",
    r"closing parenthesis '(.)' does not match opening parenthesis '(.)'": (
        "括号没有配对：{1} 要用 {2} 关上，这里却是 {0}。"
    ),
    r"unterminated triple-quoted": "三引号的字符串没有结束：少了后面的三个引号。",
    r"unterminated (?:f-|t-)?string": (
        "字符串没有结束：少了后面的引号，或者字符串里有同样的引号。"
    ),
    r"f-string: expecting": "f 字符串里的花括号没有配对，或者里面不是一个算式。",
    r"expected 'else' after 'if'": "写成“a if 条件 else b”，这里少了 else。",
    r"Exceeds the limit": "这个整数太长。",
    r"expected ':'": "这里少了英文冒号 : 。",
    r"expected an indented block after (.+) on line (\d+)": (
        "第 {1} 行以冒号结尾，它下面的语句要缩进，通常是 4 个空格。"
    ),
    r"expected an indented block": "上一行以冒号结尾，下面的语句要缩进，通常是 4 个空格。",
    r"unexpected indent": "这一行前面的空格多了：上一行以冒号结尾时才缩进。",
    r"unindent does not match": "这一行的缩进和上面哪一层都没有对齐。",
    r"inconsistent use of tabs": "缩进里混用了制表符（Tab）和空格，请都用空格。",
    r"Missing parentheses in call to '(print|exec)'": (
        "在 Python 3 里 {0} 是函数，后面要加括号：{0}(…)。"
    ),
    r"cannot (?:assign to|delete|use assignment expressions with) (True|False|None|__debug__)": (
        "{0} 是 Python 保留的名字，不能改。"
    ),
    r"cannot assign to": (
        "等号左边要是名字、下标或属性，不能是值或算式；比较是否相等要用两个等号 == 。"
    ),
    r"Maybe you meant '==' or ':=' instead of|perhaps you meant \"==\"": (
        "= 是赋值；比较是否相等要用两个等号 == 。"
    ),
    r"Perhaps you forgot a comma": "这里可能少了一个英文逗号 , 。",
    r"positional argument follows keyword": "带名字的参数（a=1）要写在不带名字的参数后面。",
    r"keyword argument repeated: (\w+)": "参数 {0} 写了两次。",
    r"(?:non-default argument follows|parameter without a default follows)": (
        "有默认值的参数要写在没有默认值的参数后面。"
    ),
    r"duplicate (?:argument|parameter) '(\w+)'": "参数 {0} 写了两次，名字不能重复。",
    r"name '(\w+)' is (?:used prior to|assigned to before) (global|nonlocal)": (
        "{1} {0} 要写在用到 {0} 之前。"
    ),
    r"name '(\w+)' is parameter and (global|nonlocal)": "{0} 已经是参数，不能再写 {1} {0}。",
    r"nonlocal declaration not allowed at module level": "nonlocal 只能写在函数里面的函数中。",
    r"no binding for nonlocal '(\w+)'": "外面的函数里没有变量 {0}，所以不能写 nonlocal {0}。",
    r"cannot rebind comprehension iteration variable '(\w+)'": (
        "{0} 是推导式的循环变量，在推导式里不能用 := 再给它赋值。"
    ),
    r"'(return|yield|yield from)' outside function": "{0} 只能写在函数里。",
    r"'(break|continue)' (?:outside|not properly in) loop": "{0} 只能写在循环里。",
    r"'(await|async for|async with)' outside|asynchronous comprehension outside": (
        "在函数里用 await、async for、async with，函数要写成 async def。"
    ),
    r"expected 'except' or 'finally'": "try 后面少了 except 或 finally。",
    r"leading zeros in decimal": "整数前面不能写 0。",
    r"invalid decimal literal": ("数字后面不能直接跟字母或下划线，名字也不能以数字开头。"),
    r"unexpected character after line continuation": (
        "反斜杠 \\ 表示接到下一行，它后面不能再有字符。"
    ),
    r"\(unicode error\)": "字符串里的反斜杠被当成了转义：在字符串前面加 r，或者把 \\ 写成 \\\\ 。",
    r"too many nested|too many levels|too many statically": "嵌套的层数太多，请拆成几步写。",
}
CLOSING = dict(zip("([{", ")]}", strict=True))
PAIRS = CLOSING | {closing: opening for opening, closing in CLOSING.items()}


def meaning(error: SyntaxError, source: str) -> str:
    """One line in Chinese; empty where Python's own message says it already, or nobody knows."""
    message, number = error.msg or "", error.lineno or 1
    line = _line(source, number)
    place = f"第 {number} 行"
    if re.match("invalid (?:non-printable )?character|unterminated|invalid syntax", message):
        if found := _full_width(line, "unterminated" in message):
            return f"{place}{found}。"
    if re.match(r"\s*else\s+if\b", line):
        return f"{place}：else if 要写成 elif。"
    if re.match(r"\s*import\s+\w+\s+from\b", line):
        return f"{place}：要写成 from 模块 import 名字。"
    for pattern, text in MEANINGS.items():
        if found := re.search(pattern, message):
            groups = [group or "" for group in found.groups()]
            groups += [PAIRS.get(groups[-1], "")] if groups else []
            return f"{place}：{text.format(*groups)}"
    if message.startswith("invalid character"):
        return f"{place}：这个字符只能写在引号里。"
    if message.startswith("invalid syntax"):
        return f"{place}：{_invalid(line, (error.offset or 1) - 1)}"
    return ""


def _full_width(line: str, in_strings: bool) -> str:
    """The characters to change: those outside strings; where a string does not end, quotes too."""
    outside = QUOTED.sub(lambda quoted: " " * len(quoted[0]), line)
    found = [(i, char) for i, char in enumerate(outside) if char in ASCII or char in INVISIBLE]
    if in_strings:  # only a quote of the wrong kind explains a missing end
        found = [(i, char) for i, char in found if ASCII.get(char) in {'"', "'"}][-1:]
    words = []
    for index, char in found[:6]:
        new = ASCII.get(char)
        if new is None:
            words.append(f"第 {index + 1} 个字符是看不见的 U+{ord(char):04X}，请删去")
        elif new == " ":
            words.append(f"第 {index + 1} 个字符是全角空格或不换行空格，请换成普通空格")
        else:
            words.append(f"第 {index + 1} 个字符 {char} 要换成英文的 {new} ")
    return "；".join(words)


def _invalid(line: str, offset: int) -> str:
    """What stands where Python gave up with nothing but `invalid syntax`."""
    before, here = line[:offset].rstrip(), line[offset:]
    word = re.match(r"\w*", here)[0]
    last = re.search(r"(\w*)$", before)[1]
    naming = {"as", "class", "def", "for", "global", "import", "nonlocal"}
    if keyword.iskeyword(last) and re.match("=(?!=)", here):
        word = last
    elif not (
        keyword.iskeyword(word)
        and (last in naming or before.endswith(".") or re.match(r"\w+\s*=(?!=)", here))
    ):
        word = ""
    if word:
        return f"{word} 是 Python 的关键字，不能用作名字。"
    if re.search(r"(\+\+|--)$", before) and not here.strip():
        return f"Python 没有 {before[-2:]}：写成 x {before[-1]}= 1。"
    if re.search("&$", before) and here.startswith("&"):
        return "Python 里“并且”写作 and，没有 && 。"
    if re.search(r"\|$", before) and here.startswith("|"):
        return "Python 里“或者”写作 or，没有 || 。"
    if here.startswith("!"):
        return "Python 里“不是”写作 not，没有 ! 。"
    return "Python 读到这里就不懂了，错处在标出的地方或它前面。"
