"""Check the links of the built pages: `python docs/check_links.py docs/_build/html`.

Every link inside the site must lead to a file, and to an anchor in it if it names one.
Links to other sites are counted and listed, not followed.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        """Keep what a tag refers to, and what it may be referred to by."""
        for name, value in attrs:
            if name in ("href", "src") and value and not value.startswith("data:"):
                self.links.append(value)
            elif name == "srcset" and value:
                self.links += [part.split()[0] for part in value.split(",")]
            elif name == "id":
                self.anchors.add(value)


def broken(pages, root, path, link):
    """Say what is wrong with a link of a page, or give None."""
    target, anchor = urldefrag(link)
    target = unquote(urlsplit(target).path)
    goal = (path.parent / target).resolve() if target else path
    if goal.is_dir():
        goal = goal / "index.html"
    if not goal.is_relative_to(root) or not goal.exists():
        return "no such file"
    if anchor and goal in pages and unquote(anchor) not in pages[goal].anchors:
        return "no such anchor"
    return None


def main(folder):
    """Print broken links and those to other sites; fail if one is broken."""
    root = Path(folder).resolve()
    pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}
    errors, others, count = [], set(), 0
    for path, page in pages.items():
        for link in page.links:
            if urlsplit(link).scheme or link.startswith("//"):
                others.add(link)
                continue
            count += 1
            reason = broken(pages, root, path, link)
            if reason:
                errors.append(f"{path.relative_to(root)}: {link}: {reason}")
    print(*sorted(others), sep="\n")
    print(f"{len(pages)} pages, {count} links inside, {len(others)} to other sites")
    if errors or not count:
        sys.exit("\n".join(["broken links:", *errors]))


if __name__ == "__main__":
    main(*sys.argv[1:])
