"""Every file that the pages name is there."""

import re
from pathlib import Path

import pytest

from tests.line_values import ROOT

PAGES = sorted(
    page
    for pattern in ("docs/**/*.md", "services/*.md", "services/*/README.md")
    for page in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")
CODE = re.compile(r"`([a-z_/]+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


def test_every_module_in_the_life_of_a_bar_is_there() -> None:
    named = CODE.findall((ROOT / "docs/life-of-a-bar.md").read_text())
    assert len(named) > 20
    missing = [
        name
        for name in named
        if not any(
            found
            for found in (
                ROOT / name,
                ROOT / "src/alphaline" / name,
                *ROOT.glob(f"services/*/{name}"),
            )
            if found.is_file()
        )
    ]
    assert missing == []
