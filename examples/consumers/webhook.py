"""A receiver of webhooks: checks the signature, handles each trigger once, answers at once.

    pip install standardwebhooks
    SECRET=whsec_... python examples/consumers/webhook.py 8080

Subscribe with the address that Headrace reaches it by:

    curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8000/v1/subscriptions \\
        -d '{"delivery": "webhook", "url": "https://shop.example/hooks"}'
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SECRET"])
seen: set[str] = set()
"""Ids that were handled. A real receiver keeps them where they outlive it, for a week or so."""


def handle(event: dict) -> None:
    """Do what the campaign says: here, print it."""
    data = event["data"]
    print(f"send {data.get('send', {})} to {data['user']} for {data['campaign']}", flush=True)


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 for a trigger that was taken, 401 for what Headrace did not sign."""

    def do_POST(self) -> None:  # the name that the library looks for
        """Take one trigger."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            webhook.verify(body, dict(self.headers))
        except WebhookVerificationError:
            self._answer(401)
            return
        # It is sent again until it was answered with 2xx: under the same id.
        if self.headers["webhook-id"] not in seen:
            handle(json.loads(body))
            seen.add(self.headers["webhook-id"])
        self._answer(204)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: SECRET=whsec_... python examples/consumers/webhook.py PORT")
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver) as server:
        print("ready", flush=True)
        server.serve_forever()
