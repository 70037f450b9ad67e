"""Roundup tells faultd of each change of an issue, by faultd's webhook for desks. For Roundup 2, of the Python library alone.

Copy this file into the directory `detectors` of the tracker, and add to `detectors/config.ini`:

    [faultd]
    url = https://faultd.example.net/api/v1/faults/tickets/webhook
    secret_file = /etc/roundup/faultd-webhook-secret

The secret's file has one line, as faultd's `[ticketer] webhook_secret_file` has it; only the account of Roundup should be able
to read it. Then restart the tracker.
"""

import base64
import hashlib
import hmac
import json
import logging
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

AFTER_SECONDS = 0.3
"""A detector runs before the change is committed."""
TRIES = 4


def init(db):
    """Roundup calls this for each detector."""
    db.issue.react("create", tell)
    db.issue.react("set", tell)


def tell(db, cl, nodeid, oldvalues):
    """Start this file as a program of its own: it outlives the request, and nobody waits for it. What goes wrong here does not
    stop the change of the issue."""
    try:
        config = db.config.detectors
        program = os.path.join(db.config.TRACKER_HOME, "detectors", "roundup_faultd.py")
        words = [sys.executable, program, config["FAULTD_URL"], config["FAULTD_SECRET_FILE"], str(nodeid)]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.Popen(words, start_new_session=True, **quiet)
    except (KeyError, ValueError, OSError) as error:
        logging.getLogger("roundup").error("faultd is not told of issue %s: %r", nodeid, error)


def secret(path):
    """The key of Standard Webhooks: `whsec_` and base64, else the octets of the line."""
    with open(path, encoding="utf-8") as file:
        line = file.readline().strip()
    return base64.b64decode(line[6:]) if line.startswith("whsec_") else line.encode()


def send(url, key, issue):
    """One call. An answer of 4xx is final."""
    body = json.dumps({"type": "ticket.changed", "data": {"key": issue}}).encode()
    call_id, seconds = f"roundup-{uuid.uuid4()}", int(time.time())
    signed = f"{call_id}.{seconds}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": call_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }
    urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10).close()


def main(url, secret_file, issue):
    """Send, and try again for some seconds. What is lost then, faultd's next poll brings."""
    time.sleep(AFTER_SECONDS)
    key = secret(secret_file)
    for number in range(TRIES):
        try:
            send(url, key, issue)
            return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
        except OSError:
            pass
        time.sleep(2.0**number)


if __name__ == "__main__":
    main(*sys.argv[1:])
