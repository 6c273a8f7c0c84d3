"""The only public door: takes a message, brings it to Rasa, and always gives back a sentence."""
