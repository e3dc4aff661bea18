"""MkDocs hook: the layers that the page for wrong addresses, docs/overrides/404.html, lists."""

from docs.tools.reference import families


def on_template_context(context, *, template_name, config):
    """`explained` are the pages of layers by name, `others` the names that only the lab shows."""
    if template_name == "404.html":
        pages = [page.file for page in context["nav"].pages]
        names = sorted((name for _, group in families() for name in group), key=str.lower)
        explained = {file.name: file for file in pages if file.name in names}
        others = [name for name in names if name not in explained]
        context.update(explained=explained, others=others)
    return context
