"""Self-contained pages: one HTML document with its pictures, which asks for nothing from outside."""

from alphaline.research.pages.document import Picture, document, figure, table
from alphaline.research.pages.ink import drawing, svg

__all__ = ["Picture", "document", "drawing", "figure", "svg", "table"]
