"""The page on look-ahead: its code runs and prints what it shows, its table is the catalogue."""

import re
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from alphaline.cli.verification.leaks.catalogue import LEAKS
from alphaline.cli.verification.lookahead_table import page_table
from tests.line_values import ROOT

PAGE = (ROOT / "docs" / "lookahead.md").read_text()
# A block of code, and the indented lines that follow it: what it prints.
BLOCK = re.compile(r"```python\n(.*?)```\n\n((?:    [^\n]*\n)+)", re.DOTALL)


def test_the_code_prints_what_the_page_shows() -> None:
    names: dict[str, Any] = {}
    blocks = BLOCK.findall(PAGE)
    assert len(blocks) == PAGE.count("```python") == 2
    for code, shown in blocks:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(code, names)  # noqa: S102 - the page is ours
        assert printed.getvalue().splitlines() == [line[4:] for line in shown.splitlines()]


def test_the_table_is_the_catalogue() -> None:
    assert PAGE.endswith(f"\n{page_table(LEAKS)}\n")
