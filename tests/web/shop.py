"""A customer's website on another origin: one page that embeds the chat, as widget/README.md says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Shop</title>
<script type="module" src="{server}/widget/frontdesk-chat.js"></script></head>
<body><main><h1>A shop</h1></main><frontdesk-chat server="{server}" heading="Shop support" identity="{identity}">
</frontdesk-chat></body></html>
"""


@dataclass
class Shop:
    """`identity`: what its server writes into the page for the logged-in customer, asked at every page load."""

    address: str
    server: str
    identity: Any = None

    def page(self) -> bytes:
        return PAGE.format(server=self.server, identity=self.identity() if self.identity else "").encode()

    @property
    def policy(self) -> str:
        return f"default-src 'self'; script-src {self.server}; connect-src {self.server}"


@contextmanager
def open_shop(server: str, port: int = 0) -> Iterator[Shop]:
    """Served at `localhost`, which is another site than the gateway's 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/"
            self.send_response(200 if found else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", shop.policy)
            self.end_headers()
            if found:
                self.wfile.write(shop.page())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    listener.daemon_threads = True
    shop = Shop(f"http://localhost:{listener.server_port}", server)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
