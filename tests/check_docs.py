#!/usr/bin/env python3
"""Every link and every path that the documentation names exists; exit 1 if not.

    tests/check_docs.py [ROOT]

Looked at: links [text](target) and `code` that begins with a folder of this repository.
Names with a placeholder (<, *, {, ...) or capitals only (RUN/...) are left alone.
"""

import pathlib
import re
import sys

FOLDERS = ("cmake", "configs", "docs", "jobs", "lib", "pipeline", "python", "stages",
           "tests")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`((?:" + "|".join(FOLDERS) + r")/[\w./-]*)`")


def named_paths(root, page):
    """(line, path) of everything the page points to inside the repository."""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        for target in LINK.findall(line):
            if "://" not in target:
                yield number, page.parent / target
        for target in CODE.findall(line):
            yield number, root / target


def problems(root):
    pages = [*sorted(root.glob("*.md")), *sorted((root / "docs").glob("*.md")),
             *sorted((root / "jobs").glob("*.md"))]
    found = [f"{page.relative_to(root)}:{line}: no such file: {path.name} ({path})"
             for page in pages for line, path in named_paths(root, page)
             if not path.exists()]
    return found, len(pages)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                        else pathlib.Path(__file__).parent.parent).resolve()
    found, count = problems(root)
    for line in found:
        print(line)
    print(f"check_docs: {count} pages, {len(found)} problems")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
