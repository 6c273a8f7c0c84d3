"""Confluence storage format to text, by example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.etree import XMLSyntaxError

from knowledge.connectors.storage_format import read_sections


def blocks(storage: str) -> list[str]:
    return [block for section in read_sections(storage) for block in section.blocks]


def macro(name: str, body: str) -> str:
    title = '<ac:parameter ac:name="title">T</ac:parameter>'
    return f'<ac:structured-macro ac:name="{name}">{title}{body}</ac:structured-macro>'


def rich(body: str) -> str:
    return f"<ac:rich-text-body>{body}</ac:rich-text-body>"


def test_a_page_is_cut_at_its_headings() -> None:
    sections = read_sections("<p>Intro.</p><h2>Limits</h2><p>Five.</p><h3>Free</h3><p>One.</p><h2>Help</h2><p>Ask.</p>")
    assert [section.heading for section in sections] == ["", "Limits", "Limits > Free", "Help"]
    assert [section.blocks for section in sections] == [["Intro."], ["Five."], ["One."], ["Ask."]]


@pytest.mark.parametrize(
    "headings", [("Limits", "Limits"), ("Web (new)", "Web new"), ("Log", "Log", "Log 2"), ("文", "字")]
)
def test_sections_of_one_page_never_share_an_anchor(headings: tuple[str, ...]) -> None:
    sections = read_sections("<p>Intro.</p>" + "".join(f"<h2>{heading}</h2><p>x</p>" for heading in headings))
    assert len({section.anchor for section in sections}) == len(headings) + 1


def test_a_heading_without_text_under_it_gives_no_section() -> None:
    assert [section.heading for section in read_sections("<h2>Empty</h2><h2>Full</h2><p>x</p>")] == ["Full"]


def test_a_table_row_carries_its_column_names() -> None:
    storage = (
        "<table><tbody><tr><th>Plan</th><th>Storage</th></tr><tr><td>Solo</td><td><p>500 GB</p></td></tr>"
        "<tr><td>Team</td><td>1 TB</td></tr></tbody></table>"
    )
    assert blocks(storage) == ["Plan: Solo; Storage: 500 GB.", "Plan: Team; Storage: 1 TB."]


def test_a_table_without_column_names_keeps_its_rows() -> None:
    assert blocks("<table><tr><th>Region</th><td>Dublin</td></tr></table>") == ["Region; Dublin."]


def test_a_cell_over_two_columns_does_not_shift_the_others() -> None:
    storage = (
        "<table><tr><th>Plan</th><th>Month</th><th>Year</th><th>Storage</th></tr>"
        '<tr><td>Enterprise</td><td colspan="2">by quote</td><td>agreed</td></tr></table>'
    )
    assert blocks(storage) == ["Plan: Enterprise; Month: by quote; Year: by quote; Storage: agreed."]


def test_a_cell_over_two_rows_holds_for_both() -> None:
    storage = (
        "<table><tr><th>System</th><th>Version</th></tr>"
        '<tr><td rowspan="2">Windows</td><td>10</td></tr><tr><td>11</td></tr></table>'
    )
    assert blocks(storage) == ["System: Windows; Version: 10.", "System: Windows; Version: 11."]


def test_a_numbered_list_keeps_its_numbers_and_its_depth() -> None:
    storage = "<ol><li>Open <strong>Files</strong></li><li>Choose<ul><li>one</li><li>all</li></ul></li></ol>"
    assert blocks(storage) == ["1. Open Files\n2. Choose\n  - one\n  - all"]


@pytest.mark.parametrize(("name", "word"), [("info", "Info"), ("note", "Note"), ("warning", "Warning"), ("tip", "Tip")])
def test_a_panel_says_its_kind(name: str, word: str) -> None:
    assert blocks(macro(name, rich("<p>Both lost means data lost.</p>"))) == [f"{word}: Both lost means data lost."]


def test_an_expand_gives_what_is_folded_in_it() -> None:
    assert blocks(macro("expand", rich("<p>One.</p><ul><li>two</li></ul>"))) == ["One.", "- two"]


def test_code_keeps_its_lines() -> None:
    code = macro("code", "<ac:plain-text-body><![CDATA[harbor login\n  harbor status && <x>]]></ac:plain-text-body>")
    assert blocks(code) == ["harbor login\n  harbor status && <x>"]


@pytest.mark.parametrize(
    "storage",
    [
        '<ac:structured-macro ac:name="toc"/>',
        macro("jira", ""),
        '<p><ac:image><ri:attachment ri:filename="a.png"/></ac:image></p>',
        macro("code", "<ac:plain-text-body><![CDATA[ ]]></ac:plain-text-body>"),
        "<ul></ul>",
        "<p> &nbsp; </p>",
        "<table><tr><td></td><td> </td></tr></table>",
        "<!-- hidden -->",
        "",
    ],
)
def test_what_says_nothing_gives_nothing(storage: str) -> None:
    assert read_sections(storage) == []


def test_a_link_is_read_by_its_text_or_its_page() -> None:
    with_text = (
        '<ac:link><ri:page ri:content-title="Plans"/><ac:plain-text-link-body><![CDATA[our plans]]>'
        "</ac:plain-text-link-body></ac:link>"
    )
    bare = '<ac:link><ri:page ri:content-title="Plans"/></ac:link>'
    assert blocks(f"<p>See {with_text}, {bare} and <a href='https://x.example'>more</a>.</p>") == [
        "See our plans, Plans and more."
    ]


def test_html_entities_become_characters() -> None:
    assert blocks("<p>10&nbsp;GB &ndash; &euro;6 &amp; &lt;path&gt; &quot;x&quot;</p>") == ['10 GB – €6 & <path> "x"']


@pytest.mark.parametrize("entity", ["&LT;", "&AMP;", "&nonsense;"])
def test_an_unusual_entity_does_not_cost_the_page(entity: str) -> None:
    assert len(blocks(f"<p>before {entity} after</p>")) == 1


def test_layouts_are_opened_in_reading_order() -> None:
    cell = "<ac:layout-cell><p>{}</p></ac:layout-cell>"
    storage = (
        f"<ac:layout><ac:layout-section>{cell.format('left')}{cell.format('right')}</ac:layout-section></ac:layout>"
    )
    assert blocks(storage) == ["left", "right"]


@pytest.mark.parametrize("storage", ["<div>loose text</div>", "loose text", macro("info", rich("loose text"))])
def test_text_without_a_paragraph_is_not_lost(storage: str) -> None:
    assert "loose text" in blocks(storage)[0]


@pytest.mark.parametrize("storage", ["<p>open", "<p>a</b>", "<ac:link", "a & b"])
def test_a_broken_body_is_a_syntax_error(storage: str) -> None:
    with pytest.raises(XMLSyntaxError):
        read_sections(storage)


def test_no_file_of_ours_can_be_read_through_an_entity() -> None:
    with pytest.raises(XMLSyntaxError):
        read_sections('<!DOCTYPE x [<!ENTITY f SYSTEM "/etc/passwd">]><p>&f;</p>')


@given(st.lists(st.text("abc <>&\"'é€", min_size=1, max_size=40), min_size=1, max_size=5))
def test_whatever_a_paragraph_says_is_read(texts: list[str]) -> None:
    from html import escape

    storage = "".join(f"<p>{escape(text)}</p>" for text in texts)
    assert blocks(storage) == [" ".join(text.split()) for text in texts if text.strip()]
