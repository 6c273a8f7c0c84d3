"""Code that runs inside Rasa, in its own Python 3.10 environment. Imports nothing of the other folders."""
