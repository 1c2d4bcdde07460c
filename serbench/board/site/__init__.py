"""The static site: the same rows as pages for a browser.

Conventions
-----------
The site opens from a disk and asks no host for anything: a content security policy allows its own files and nothing
else, no script or style stands inside a page. Jinja2 fills the templates with autoescape always on; every text
goes through :func:`serbench.text.visible` besides. Only this folder imports jinja2.

Tables are sorted and filtered by DataTables, whose script is taken from the pip package ``itables`` when a site is
built and lies beside the pages once; it is no view, git ignores it, and the pages are the same bytes with and without
it. Without it the tables stand in the order of their ranks.

Charts are SVG that the templates write. A library that draws on a canvas has nothing that the keyboard can reach; here
every mark is a link or can be stepped through, reads aloud, prints, follows light and dark by the style sheet, and is
the same to the byte whichever release of a library is installed. Places along the x axis are per cent of the width, so
words keep their size on a telephone.
"""

from __future__ import annotations
