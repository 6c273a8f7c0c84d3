"""`frontdesk doctor slack`: what is missing, and what to do."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import SlackSettings
from gateway.slack import doctor
from gateway.slack.doctor import Finding, examine
from tests.fakes.slack import FakeSlack, broken_json, html
from tests.gateway_slack.conftest import installed_slack

DOCTOR = (
    "import sys, pathlib, frontdesk.settings as s; s.ROOT = pathlib.Path(sys.argv.pop(1));"
    "from frontdesk.cli import main; main()"
)
Office = Callable[..., list[Finding]]


@pytest.fixture
def examined() -> Any:
    """`examined(prepare, name="value")`: what the doctor says of a well-kept workspace after `prepare(slack)`."""

    def look(prepare: Callable[[FakeSlack], object] | None = None, **given: str) -> list[Finding]:
        with installed_slack() as slack:
            mara = slack.add_user("mara")
            slack.add_channel("staff", [mara], private=True, id="C0STAFF")
            slack.add_channel("review", [mara], private=True, id="C0REVIEW")
            group = slack.add_usergroup("reviewers", [mara])
            well: dict[str, Any] = {
                "slack_bot_token": slack.bot_token, "slack_signing_secret": slack.signing_secret,
                "slack_api_url": slack.base_url, "slack_internal_channels": "C0STAFF",
                "slack_review_channel": "C0REVIEW", "slack_reviewers": group.id,
            }  # fmt: skip
            if prepare is not None:
                prepare(slack)
            return asyncio.run(examine(SlackSettings(**(well | given))))

    return look


def opened(slack: FakeSlack, channel: str) -> None:
    """Everybody may read along from now on."""
    slack.channel(channel).kind = "channel"


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if not finding.fine]


def test_all_is_well(examined: Office) -> None:
    findings = examined()
    assert wrong(findings) == []
    said = "\n".join(finding.text for finding in findings)
    for word in ("way in: HTTP", "token: the bot", "scopes: all 12", "clock: ", "staff channel C0STAFF (#staff)",
                 "review channel C0REVIEW (#review): private", "(SLACK_REVIEWERS): 1 person"):  # fmt: skip
        assert word in said


def test_socket_mode_is_all_right_too(examined: Office) -> None:
    findings = examined(slack_signing_secret="", slack_app_token=installed_slack().app_token)
    assert wrong(findings) == [] and any("a socket can be opened" in finding.text for finding in findings)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"slack_bot_token": ""}, "SLACK_BOT_TOKEN is missing"),
        ({"slack_bot_token": "xapp-1-secret"}, "SLACK_BOT_TOKEN isn't a bot token"),
        ({"slack_bot_token": "xoxb-secret"}, "Slack refuses it (invalid_auth); install the app anew"),
        ({"slack_signing_secret": ""}, "way in: none; set SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN"),
        ({"slack_app_token": "xapp-secret"}, "SLACK_APP_TOKEN doesn't open a socket (invalid_auth); make an app-level"),
        ({"slack_api_url": "http://127.0.0.1:9/api/"}, "can't be reached (ClientConnectorError); look at this machine"),
        ({"slack_internal_channels": "C0NONE"}, "staff channel C0NONE: channel_not_found; is the id right?"),
        ({"slack_review_channel": "C0NONE"}, "review channel C0NONE: channel_not_found; is the id right?"),
        ({"slack_correctors": "S0NONE"}, "user group S0NONE: no_such_subteam; put the id of one (S0…) into SLACK_CORR"),
    ],
)
def test_a_wrong_setting_is_named(examined: Office, given: dict[str, str], said: str) -> None:
    (finding,) = wrong(examined(**given))
    assert said in finding


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda slack: slack.app.scopes.discard("users:read"), "scopes: users:read missing; add them"),
        (lambda slack: slack.revoke_tokens(), "Slack refuses it (token_revoked)"),
        (lambda slack: slack.fail("auth.test", None, 503), "token: Slack can't be reached (status_503); look at this"),
        (lambda slack: slack.fail("auth.test", None, html()), "token: Slack can't be reached (no_json); look at this"),
        (lambda slack: slack.fail("auth.test", None, broken_json()), "token: Slack can't be reached (no_json)"),
        (lambda slack: opened(slack, "C0STAFF"), "staff channel C0STAFF (#staff): public; make it private"),
        (lambda slack: slack.share("C0STAFF"), "C0STAFF (#staff): shared with another company; stop sharing"),
        (lambda slack: opened(slack, "C0REVIEW"), "review channel C0REVIEW (#review): public; make it private"),
        (lambda slack: slack.share("C0REVIEW"), "review channel C0REVIEW (#review): shared with another company"),
        (lambda slack: slack.archive("C0REVIEW"), "review channel C0REVIEW (#review): archived; unarchive it"),
        (lambda slack: slack.leave(slack.bot_user_id, "C0REVIEW"), "review channel C0REVIEW: channel_not_found; is"),
        (lambda slack: [group.users.clear() for group in slack.workspace.usergroups.values()], "nobody is in it; add"),
    ],
)  # fmt: skip
def test_a_wrong_workspace_is_described(examined: Office, prepare: Callable[[FakeSlack], object], said: str) -> None:
    (finding,) = wrong(examined(prepare))
    assert said in finding


def test_a_public_channel_without_the_app_is_public_in_the_first_place(examined: Office) -> None:
    def prepare(slack: FakeSlack) -> None:
        slack.add_channel("open", bot=False, id="C0OPEN")

    assert "C0OPEN (#open): public" in wrong(examined(prepare, slack_internal_channels="C0OPEN"))[0]


def test_a_clock_that_is_wrong_is_described() -> None:
    assert doctor._clock({"Date": formatdate(time.time() - 10)}).fine
    finding = doctor._clock({"Date": formatdate(time.time() - 3_600.5)})
    assert not finding.fine and "s apart from Slack's; set this machine's clock" in finding.text


def test_without_reviewers_it_says_who_may_review(examined: Office) -> None:
    findings = examined(slack_reviewers="")
    assert wrong(findings) == [] and "every full member" in findings[-1].text


def test_every_complaint_says_what_to_do(examined: Office) -> None:
    def ruin(slack: FakeSlack) -> None:
        slack.app.scopes -= {"users:read", "usergroups:read"}
        slack.share("C0STAFF")
        slack.archive("C0REVIEW")

    complaints = wrong(examined(ruin, slack_signing_secret=""))
    assert len(complaints) == 5 and all(";" in one for one in complaints)
    assert "can't be looked at; grant the missing scopes first" in complaints[-1]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program, in a folder with nothing but its `.env`."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", DOCTOR, str(folder), *arguments], capture_output=True, text=True, timeout=60,
        check=False, env={**bare, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


def test_the_settings_of_the_env_file_are_enough(tmp_path: Path) -> None:
    with installed_slack() as slack:
        given = {"BOT_TOKEN": slack.bot_token, "SIGNING_SECRET": slack.signing_secret, "API_URL": slack.base_url}
        (tmp_path / ".env").write_text("".join(f"SLACK_{name}={value}\n" for name, value in given.items()))
        done = run(tmp_path, "doctor", "slack")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.startswith("✓ ") for line in done.stdout.splitlines())
    assert slack.bot_token not in done.stdout and slack.signing_secret not in done.stdout


def test_something_missing_is_exit_status_1_and_no_token_is_shown(tmp_path: Path) -> None:
    secret = "xoxb-a-token-that-nobody-must-see"
    with installed_slack() as slack:
        (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN={secret}\nSLACK_API_URL={slack.base_url}\n")
        done = run(tmp_path, "doctor", "slack")
    assert done.returncode == 1 and "✗ token: Slack refuses it (invalid_auth)" in done.stdout
    assert secret not in done.stdout + done.stderr


def test_without_any_setting_it_says_where_to_begin(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "slack")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("✗ token: SLACK_BOT_TOKEN is missing; ")
