"""Slack as a channel: Bolt takes events in, the inbox answers them, the outbox sends."""
