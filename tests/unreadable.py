"""Cells that Python cannot read; the wrong line is always the second."""

UNREADABLE = {
    name: f"a = 1\n{line}"
    for name, line in {
        "argument twice": "def f(a, a): pass",
        "global too late": "global a",
        "nonlocal outside": "nonlocal a",
        "rebound in a comprehension": "[i := 0 for i in range(3)]",
        "await in a function": "def f(): await a",
        "return outside": "return a",
        "unary minus": "-" * 5000 + "1",
        "sum": "1+" * 20_000 + "1",
        "not": "not " * 5000 + "1",
        "power": "1**" * 5000 + "1",
        "attributes": "a" + ".a" * 5000,
        "calls": "a" + "()" * 5000,
        "lambda": "lambda b, c: " * 5000 + "1",
        "choice": "1 if 1 else " * 5000 + "1",
        "brackets": "(" * 190 + ")" * 190,
        "dictionaries": "{1:" * 199 + "1" + "}" * 199,
        "minus in brackets": "1 and not -(" * 199 + "1" + ")" * 199,
        "null byte": "'\0'",
        "half a character": "'\ud800'",
        "number": "1" * 5000,
        "indentation": "  a",
        "bracket": "(",
    }.items()
} | {"elif": "if a:\n    pass\n" + "elif a:\n    pass\n" * 2000}
