"""The only place that builds clients. Nothing connects before the first use."""

from dataclasses import dataclass
from functools import cache

from actions.clients.generator import GeneratorClient
from actions.clients.knowledge import KnowledgeClient
from actions.clients.tickets import TicketStore
from actions.settings import Thresholds, settings


@dataclass(frozen=True)
class Services:
    knowledge: KnowledgeClient
    generator: GeneratorClient
    tickets: TicketStore
    thresholds: Thresholds


@cache
def services() -> Services:
    config = settings()
    return Services(
        knowledge=KnowledgeClient(config.knowledge_url),
        generator=GeneratorClient(
            config.generator_url, config.generator_breaker_failures, config.generator_breaker_seconds
        ),
        tickets=TicketStore(config.database_url),
        thresholds=config.thresholds(),
    )
