"""Rasa's custom actions. Read `answer_question.py` first.

Started by rasa-sdk, which imports every module here and constructs every action without arguments:

    python -m actions --port 5055
"""
