"""Small sources to read: one FAQ, one page and one ticket as their systems export them, to be changed at will."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

MEMORABLE = "Reinstall the printer driver from the vendor's site and restart the spooler service."


def faq(number: int = 1, **changes: Any) -> dict[str, Any]:
    item = {
        "id": f"faq-{number}",
        "question": f"How do I reset password number {number}?",
        "answer": f"Choose Forgot password {number} and follow the link in the mail.",
        "product": "account",
        "audience": "public",
        "updated": "2026-05-27",
        "url": f"https://help.example/faq/{number}",
    }
    return {key: value for key, value in {**item, **changes}.items() if value is not None}


def page(number: int = 1, body: str = "<p>Logs are kept 14 days.</p>", **changes: Any) -> dict[str, Any]:
    labels = changes.pop("labels", ("audience-public", "product-desktop"))
    when = changes.pop("when", "2026-03-02T09:14:00.000Z")
    return {
        "id": str(number),
        "type": "page",
        "status": "current",
        "title": f"Page {number}",
        "version": {"number": 1, "when": when},
        "metadata": {"labels": {"results": [{"name": label} for label in labels]}},
        "body": {"storage": {"value": body, "representation": "storage"}},
        "_links": {"base": "https://help.example", "webui": f"/pages/{number}"},
        **changes,
    }


def ticket(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "subject": f"Printer number {number} is not found",
        "status": "solved",
        "priority": "normal",
        "created_at": "2026-04-01T08:00:00Z",
        "updated_at": "2026-04-02T08:00:00Z",
        "product": "desktop",
        "requester": {"name": "Brigid Nolan", "email": "brigid.nolan@customer.example"},
        "assignee": {"name": "Maren Aldous", "email": "maren@harborlight.example"},
        "resolution": MEMORABLE,
        "comments": [{"author": "Brigid Nolan", "role": "end-user", "body": "It is gone."}],
        **changes,
    }


def write_faqs(folder: Path, items: Iterable[dict[str, Any]], name: str = "faqs.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(yaml.safe_dump(list(items), allow_unicode=True), encoding="utf-8")
    return folder


def write_pages(folder: Path, items: Iterable[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for item in items:
        (folder / f"{item['id']}.json").write_text(json.dumps(item), encoding="utf-8")
    return folder


def write_tickets(folder: Path, items: Iterable[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(item, ensure_ascii=False) for item in items]
    (folder / "tickets.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
