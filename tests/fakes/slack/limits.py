"""Rate limits: tiers per method and minute, and one message a second per channel.

https://docs.slack.dev/apis/web-api/rate-limits. Slack says how many calls it lets through at least, not how large a
burst may be; here a tier's number is the limit of any 60 seconds, and `post_burst` messages may come at once.
"""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

POST = "post"
TIERS: dict[str, int | str] = {
    "api.test": 4,
    "apps.connections.open": 1,
    "assistant.threads.setStatus": 600,
    "assistant.threads.setSuggestedPrompts": 4,
    "assistant.threads.setTitle": 4,
    "auth.revoke": 3,
    "auth.test": 600,
    "chat.appendStream": 4,
    "chat.delete": 3,
    "chat.getPermalink": 600,
    "chat.postEphemeral": 4,
    "chat.postMessage": POST,
    "chat.startStream": 2,
    "chat.stopStream": 2,
    "chat.update": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.join": 3,
    "conversations.list": 2,
    "conversations.members": 4,
    "conversations.open": 3,
    "conversations.replies": 3,
    "reactions.add": 3,
    "usergroups.list": 2,
    "usergroups.users.list": 2,
    "users.info": 4,
    "users.list": 2,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}
"""Tier 1 to 4, `post`, or a number of calls a minute of its own."""


@dataclass
class RateLimits:
    """Off until `on` is set. All numbers may be changed by a test."""

    on: bool = False
    per_minute: dict[int, int] = field(default_factory=lambda: {1: 1, 2: 20, 3: 50, 4: 100})
    window_seconds: float = 60.0
    post_per_second: float = 1.0
    post_burst: int = 3
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _posts: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, method: str, channel: str, now: float) -> int:
        """Seconds to wait before this call is allowed, as Retry-After says it; 0 when it is allowed now."""
        tier = TIERS.get(method, 3)
        if not self.on:
            return 0
        if tier == POST:
            return self._wait_to_post(channel, now)
        return self._wait_for_tier(method, self.per_minute.get(int(tier), int(tier)), now)

    def _wait_for_tier(self, method: str, most: int, now: float) -> int:
        recent = self._calls[method]
        while recent and recent[0] <= now - self.window_seconds:
            recent.popleft()
        if len(recent) >= most:
            return max(1, math.ceil(recent[0] + self.window_seconds - now))
        recent.append(now)
        return 0

    def _wait_to_post(self, channel: str, now: float) -> int:
        left, since = self._posts.get(channel, (float(self.post_burst), now))
        left = min(float(self.post_burst), left + (now - since) * self.post_per_second)
        if left < 1:
            self._posts[channel] = (left, now)
            return max(1, math.ceil((1 - left) / self.post_per_second))
        self._posts[channel] = (left - 1, now)
        return 0
