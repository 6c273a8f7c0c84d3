"""Code that runs inside Rasa, in its own Python 3.10 environment. Imports nothing of the other folders.

Rasa imports this package when it loads a model, since the pipeline names components of it.
"""

from rasa_components import action_results, event_types

action_results.install()
event_types.install()
