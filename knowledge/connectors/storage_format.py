"""Confluence storage format (XHTML with `ac:` and `ri:` elements) to plain text, section by section.

`<h2>Limits</h2><table>…<th>Plan</th><th>Storage</th>…<td>Solo</td><td>500 GB</td>…` becomes the section
`Limits` with the block `Plan: Solo; Storage: 500 GB`. Lists keep their numbers, panels their kind ("Note: …"),
code its lines; pictures and other macros are dropped.
"""

import html
import re
from dataclasses import dataclass, field
from itertools import count, product

from lxml import etree

from knowledge.documents import slug

NAMESPACES = "xmlns:ac='urn:ac' xmlns:ri='urn:ri'"
AC, RI = "{urn:ac}", "{urn:ri}"
HEADINGS = {"h1": 1, "h2": 1, "h3": 2, "h4": 3, "h5": 4, "h6": 5}
PANELS = {"info", "note", "warning", "tip", "panel", "expand"}
CONTAINERS = {"div", "section", f"{AC}layout", f"{AC}layout-section", f"{AC}layout-cell", f"{AC}rich-text-body"}
MAX_SPAN = 100
XML_ENTITIES = {"amp", "lt", "gt", "quot", "apos"}


@dataclass
class Section:
    """A heading with what stands under it. `heading` is the path (`Windows > Proxy`).

    `anchor` is its slug, unique in a page.
    """

    heading: str
    anchor: str
    blocks: list[str] = field(default_factory=list)


def read_sections(storage: str) -> list[Section]:
    """Cut a page body at its headings. Raises lxml.etree.XMLSyntaxError when it is not well-formed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(f"<root {NAMESPACES}>{_plain_entities(storage)}</root>".encode(), parser)
    sections, path = [Section("", "intro")], list[str]()
    for element in _flatten(root):
        level = HEADINGS.get(element.tag)
        if level:
            path = [*path[: level - 1], _text(element)]
            sections.append(Section(" > ".join(path), _unique(slug(path[-1]), sections)))
        else:
            sections[-1].blocks += [block for block in _blocks(element) if block]
    return [section for section in sections if section.blocks]


def _unique(anchor: str, sections: list[Section]) -> str:
    taken = {section.anchor for section in sections}
    numbered = (f"{anchor}-{number}" for number in count(2))
    return anchor if anchor not in taken else next(name for name in numbered if name not in taken)


def _plain_entities(storage: str) -> str:
    """HTML entities such as &nbsp; mean nothing to XML; write the characters. CDATA has no entities."""

    def plain(match: re.Match[str]) -> str:
        if match[1] is None or match[1] in XML_ENTITIES:
            return match[0]
        return html.escape(html.unescape(match[0])).replace("\xa0", " ")

    return re.sub(r"<!\[CDATA\[.*?\]\]>|&(\w+);", plain, storage, flags=re.DOTALL)


def _flatten(parent: etree._Element) -> list[etree._Element]:
    """Block elements in reading order, with layout containers opened; loose text becomes a paragraph."""
    found = _paragraph(parent.text)
    for element in parent:
        if element.tag in CONTAINERS:
            found += _flatten(element)
        elif isinstance(element.tag, str):
            found.append(element)
        found += _paragraph(element.tail)
    return found


def _paragraph(text: str | None) -> list[etree._Element]:
    if not (text or "").strip():
        return []
    paragraph = etree.Element("p")
    paragraph.text = text
    return [paragraph]


def _blocks(element: etree._Element) -> list[str]:
    if element.tag in ("ul", "ol"):
        return ["\n".join(_list_lines(element))]
    if element.tag == "table":
        return _table_lines(element)
    if element.tag == f"{AC}structured-macro":
        return _macro_blocks(element)
    text = _text(element)
    return [text] if text else []


def _list_lines(element: etree._Element, indent: str = "") -> list[str]:
    lines = []
    for number, item in enumerate(element.findall("li"), 1):
        nested = [child for child in item if child.tag in ("ul", "ol")]
        mark = f"{number}." if element.tag == "ol" else "-"
        lines.append(f"{indent}{mark} {_text(item, skip=nested)}")
        for child in nested:
            lines += _list_lines(child, indent + "  ")
    return lines


def _table_lines(table: etree._Element) -> list[str]:
    rows = [row for row in _table_rows(table) if any(text for _, text in row)]
    if rows and all(tag == "th" for tag, _ in rows[0]):
        names = [text for _, text in rows[0]]
        return [
            "; ".join(f"{name}: {text}" if name else text for name, (_, text) in zip(names, row, strict=False)) + "."
            for row in rows[1:]
        ]
    return ["; ".join(text for _, text in row) + "." for row in rows]


def _table_rows(table: etree._Element) -> list[list[tuple[str, str]]]:
    """Tag and text of each cell; a cell over several columns or rows stands in each of its places."""
    rows, grid = list(table.iter("tr")), dict[tuple[int, int], tuple[str, str]]()
    for y, row in enumerate(rows):
        x = 0
        for cell in (child for child in row if child.tag in ("th", "td")):
            while (y, x) in grid:
                x += 1
            places = product(range(y, y + _span(cell, "rowspan")), range(x, x + _span(cell, "colspan")))
            grid.update(dict.fromkeys(places, (cell.tag, _text(cell))))
    cells: list[list[tuple[str, str]]] = [[] for _ in rows]
    for y, x in sorted(grid):
        if y < len(rows):
            cells[y].append(grid[y, x])
    return cells


def _span(cell: etree._Element, name: str) -> int:
    value = cell.get(name, "1")
    return min(max(int(value), 1), MAX_SPAN) if value.isdecimal() else 1


def _macro_blocks(macro: etree._Element) -> list[str]:
    name = macro.get(f"{AC}name", "")
    if name in ("code", "noformat"):
        return [(macro.findtext(f"{AC}plain-text-body") or "").strip()]
    body = macro.find(f"{AC}rich-text-body")
    if name not in PANELS or body is None:
        return []
    blocks = [block for element in _flatten(body) for block in _blocks(element)]
    if blocks and name in ("info", "note", "warning", "tip"):
        blocks[0] = f"{name.capitalize()}: {blocks[0]}"
    return blocks


def _text(element: etree._Element, skip: list[etree._Element] | None = None) -> str:
    return re.sub(r"\s+", " ", "".join(_pieces(element, skip or []))).strip()


def _pieces(element: etree._Element, skip: list[etree._Element]) -> list[str]:
    if element in skip or not isinstance(element.tag, str) or element.tag in (f"{AC}parameter", f"{AC}image"):
        return []
    if element.tag == f"{AC}link":
        return [_link_text(element)]
    pieces = [element.text or ""]
    for child in element:
        space = " " if child.tag in ("p", "br", "li", "div") else ""
        pieces += [space, *_pieces(child, skip), space, child.tail or ""]
    return pieces


def _link_text(link: etree._Element) -> str:
    body = link.find(f"{AC}plain-text-link-body")
    if body is None:
        body = link.find(f"{AC}link-body")
    if body is not None:
        return "".join(str(text) for text in body.itertext())
    page = link.find(f"{RI}page")
    return "" if page is None else page.get(f"{RI}content-title", "")
