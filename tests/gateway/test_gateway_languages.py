"""Another language gets a sentence that says so; English with typos goes through."""

import pytest

from contracts.errors import BadRequest
from gateway import phrases
from gateway.message import MessageReader
from tests.gateway.conftest import Gateway

FOREIGN = [
    "Wie kann ich eine gelöschte Datei wiederherstellen?",
    "Was kostet der Familientarif im Monat?",
    "Comment puis-je restaurer un fichier supprimé ?",
    "Combien coûte l'abonnement pour une famille ?",
    "¿Cómo puedo recuperar un archivo borrado?",
    "Quiero cambiar mi contraseña, ¿qué hago?",
    "Как восстановить удалённый файл?",
    "Здравствуйте",
    "削除したファイルを復元するにはどうすればいいですか？",
    "如何恢复文件",
    "كيف يمكنني استعادة ملف محذوف؟",
    "Come posso ripristinare un file cancellato dal mio computer?",
    "Hoe kan ik een verwijderd bestand terugzetten op mijn computer?",
]
ENGLISH = [
    "how do i restor a singel file",
    "hw do I rest my pasword pls",
    "does it wrk on linux",
    "cant sign in on my iphone anymore!!",
    "price of the family plan per yr?",
    "deleted folder 3 weeks ago, can i get it bakc",
    "error HL-2203 on windows 11 what now",
    "sso w/ okta not wrking for new users",
    "do you have a linux client (ubuntu 22.04)",
    "can i use harborlight without internet conection",
    "my files are in /Users/müller/Documents, where is the log",
    "restore",
    "hi",
    "T-000123",
    "12345",
    "ann.lee@mail.example.com",
    "naïve question: is the café wifi ok for backups",
    "what is the difference between sync and backup",
    "invoice vat id wrong how change",
    "2fa lost phone backup codes",
]


@pytest.fixture(scope="module")
def reader() -> MessageReader:
    return MessageReader()


@pytest.mark.parametrize("text", FOREIGN)
def test_another_language_gets_the_language_sentence(reader: MessageReader, text: str) -> None:
    assert reader.read(text).reply == phrases.NOT_ENGLISH


@pytest.mark.parametrize("text", ENGLISH)
def test_english_with_typos_goes_through(reader: MessageReader, text: str) -> None:
    message = reader.read(text)
    assert (message.reply, message.for_rasa) == (None, text)


@pytest.mark.parametrize("text", ["", " ", "\x00"])
def test_nothing_is_refused_by_the_reader(reader: MessageReader, text: str) -> None:
    with pytest.raises(BadRequest, match="no text"):
        reader.read(text)


def test_another_language_is_answered_through_the_public_door(gateway: Gateway) -> None:
    before = len(gateway.rasa.heard)
    reply = gateway.ask("Wie kann ich eine gelöschte Datei wiederherstellen?").json()
    assert (reply["text"], reply["status"]) == (phrases.NOT_ENGLISH, "answered")
    assert len(gateway.rasa.heard) == before
