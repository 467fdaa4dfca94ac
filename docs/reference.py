"""Writes the reference of the research library from its docstrings: ``python docs/reference.py FOLDER``.

pdoc renders; what is done here is what its command line cannot: show the modules of a package that names
its exports too, and keep the tables of docstrings, which are reStructuredText, as they are aligned.
"""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pdoc
from pdoc import docstrings

import alphaline

TABLE = re.compile(r"^=+(?: +=+)+ *$.*^=+(?: +=+)+ *$", re.MULTILINE | re.DOTALL)


def main(folder: Path) -> None:
    """Write ``folder/alphaline.html`` and a page for each module of the parts."""
    pdoc.render.configure(docformat="numpy", math=True)
    keep_tables()
    modules = {name: pdoc.doc.Module(module) for name, module in documented()}
    for name, module in modules.items():
        write(folder / f"{name.replace('.', '/')}.html", pdoc.render.html_module(module, modules))
    write(folder / "index.html", pdoc.render.html_index(modules))
    write(folder / "search.js", pdoc.render.search_index(modules))
    print(folder / "alphaline.html")  # noqa: T201 - what the command is for


def documented() -> Iterator[tuple[str, Any]]:
    """Give the library's module and those of every part that it names, with their names."""
    yield "alphaline", alphaline
    for part in dir(alphaline):
        module = import_module(f"alphaline.{part}")
        yield module.__name__, unlisted(module)
        within = getattr(module, "__path__", ())
        for found in walk_packages(within, f"{module.__name__}."):
            yield found.name, unlisted(import_module(found.name))


def unlisted(module: Any) -> Any:
    """Return the module without ``__all__``, which would hide its submodules; each describes its own."""
    vars(module).pop("__all__", None)
    return module


def keep_tables() -> None:
    """Let a table be shown as it is written."""
    convert = docstrings.convert

    def with_tables(text: str, form: str, source: Path | None) -> str:
        return convert(TABLE.sub(lambda table: f"```text\n{table[0]}\n```", text), form, source)

    docstrings.convert = with_tables


def write(file: Path, text: str) -> None:
    """Write a page and the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
