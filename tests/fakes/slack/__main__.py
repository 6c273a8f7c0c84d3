"""Run the fake alone: `python -m tests.fakes.slack --port 8900 [--deliver-to http://127.0.0.1:3000/slack/events]`.

Prints what an app needs to connect. Lines typed on standard input are said in #general by a person; a line that
starts with `/` is a slash command, one that starts with `@` mentions the bot.
"""

import argparse
import sys
import threading

from tests.fakes.slack.server import FakeSlack


def main() -> None:
    parser = argparse.ArgumentParser(description="A local Slack for tests.")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--deliver-to", help="request URL of the app; without it, Socket Mode")
    options = parser.parse_args()
    with FakeSlack(port=options.port) as slack:
        person = slack.add_user("ada", "Ada Vos")
        general = slack.add_channel("general", [person])
        slack.deliver_to(options.deliver_to)
        print(f"SLACK_API_URL={slack.base_url}\nSLACK_BOT_TOKEN={slack.bot_token}\nSLACK_APP_TOKEN={slack.app_token}")
        print(f"SLACK_SIGNING_SECRET={slack.signing_secret}\nchannel {general.id}, user {person.id}", flush=True)
        for line in sys.stdin:
            text = line.strip()
            if text.startswith("/"):
                command, _, rest = text.partition(" ")
                slack.command(person, general, command, rest)
            elif text:
                slack.say(person, general, slack.mention(text[1:].strip()) if text.startswith("@") else text)
        threading.Event().wait()


if __name__ == "__main__":
    main()
