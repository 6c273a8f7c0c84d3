"""The model service: a GPT-2 phrases an answer from passages, a judge says how far they support it."""
