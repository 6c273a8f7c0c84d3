"""NLU component: a message that is probably a question is answered, not bounced.

    pipeline:
      - name: FallbackClassifier
        ...
      - name: rasa_components.question_first.QuestionFirst
        intents: [ask_question, ask_price, follow_up]   # all of them lead to the same answer
        threshold: 0.4                                  # of their confidences together

FallbackClassifier looks at the best intent alone. When a message hovers between two kinds of question it gives up,
although either would have been answered. This component undoes that: where the question intents together hold at
least `threshold`, the best of them is the intent. Worked example: ask_price 0.31, follow_up 0.29, deny 0.08 became
nlu_fallback (0.31 is below 0.4); together the questions hold 0.60, so the intent is ask_price.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.fallback_classifier import FallbackClassifier, is_fallback_classifier_prediction
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class QuestionFirst(GraphComponent):  # type: ignore[misc]
    """Replaces nlu_fallback by the likeliest question intent where questions together are likely."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Keep the options named at the top of this module."""
        self._intents = set(config["intents"])
        self._threshold = float(config["threshold"])

    @classmethod
    def required_components(cls) -> list[type[Any]]:
        """The component whose verdict is reviewed."""
        return [FallbackClassifier]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """No intent is a question until config.yml says so."""
        return {"intents": [], "threshold": 0.4}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> QuestionFirst:
        """Rasa's constructor: there is nothing to load."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Review the messages in place."""
        for message in messages:
            if is_fallback_classifier_prediction(message.data):
                self._review(message)
        return messages

    def _review(self, message: Message) -> None:
        _fallback, *ranking = message.get(INTENT_RANKING_KEY)
        questions = [guess for guess in ranking if guess[INTENT_NAME_KEY] in self._intents]
        if sum(guess[PREDICTED_CONFIDENCE_KEY] for guess in questions) >= self._threshold:
            others = [guess for guess in ranking if guess is not questions[0]]
            message.set(INTENT, questions[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, [questions[0], *others], add_to_output=True)
