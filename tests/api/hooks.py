"""Who calls, and with what: without it every call would be refused for its token or its ids.

Of an operation's calls that fit the schema every other one, the first too, gets what exists: ids,
tokens, passwords. What does not fit stays as it was drawn.
"""

import atexit
import base64
import collections
import itertools
import json
import os
import re
import threading
from pathlib import Path

import requests
import schemathesis

ORIGIN = os.environ["ORIGIN"]
ADMIN = os.environ["ADMIN_EMAIL"]
PASSWORD = os.environ["PASSWORD"]
SERVICE = "Basic " + base64.b64encode(os.environ["SERVICE"].encode()).decode()
LETTERS = Path(os.environ["LETTERS"])
GUEST = "guest@example.com"

# Who calls these is signed in no more afterwards, or may be: each gets a session of its own.
ENDING = {"logout", "logout_all", "end_other_sessions", "end_session", "change_password", "revoke"}

lock = threading.Lock()
count = itertools.count()
fitting = collections.defaultdict(itertools.count)
# How often each operation was answered with which status, for whoever started this.
answers = collections.defaultdict(collections.Counter)
atexit.register(lambda: Path(os.environ["ANSWERS"]).write_text(json.dumps(answers)))


def call(path, body):
    answer = requests.post(ORIGIN + path, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.text else None


def sign_in(email):
    return call("/auth/login", {"email": email, "password": PASSWORD, "delivery": "body"})


def account(email):
    return call("/auth/register", {"email": email, "password": PASSWORD})["user"]["id"]


admin = sign_in(ADMIN)["access_token"]
account(GUEST)
# The one that is disabled, enabled, made an administrator and so on.
victim = account("victim@example.com")


def fresh():
    """An account that nobody else uses."""
    email = f"user{next(count)}@example.com"
    account(email)
    return email


def letter(asked, page):
    """The secret of the letter to a new account that this call sends, which leads to this page."""
    email = fresh()
    call(asked, {"email": email})
    for _ in range(200):
        for file in sorted(LETTERS.glob("*.txt"), reverse=True)[:20]:
            text = file.read_text()
            if f"To: {email}\n" in text and (found := re.search(rf"{page}\?token=([\w-]+)", text)):
                return found.group(1)
        threading.Event().wait(0.05)
    raise RuntimeError(f"no letter to {email}")


def operation(case):
    return case.operation.definition.raw.get("operationId")


@schemathesis.auth(refresh_interval=None)
class Callers:
    def get(self, case, context):
        name = operation(case)
        if name == "introspect":
            return SERVICE
        if name in ENDING:
            return "Bearer " + sign_in(GUEST)["access_token"]
        return "Bearer " + admin

    def set(self, case, data, context):
        # The one takes no bearer token, the other none of another session.
        if operation(case) not in {"revoke", "refresh"}:
            case.headers = {**(case.headers or {}), "Authorization": data}


# What a body gets in place of what was drawn, by operation.
BODIES = {
    "register": lambda: {"email": f"user{next(count)}@example.com", "password": PASSWORD, "name": "Somebody"},
    "login": lambda: {"email": GUEST, "password": PASSWORD, "remember": True},
    "refresh": lambda: {"refresh_token": sign_in(GUEST)["refresh_token"]},
    "logout": lambda: {"refresh_token": sign_in(GUEST)["refresh_token"]},
    "forgot_password": lambda: {"email": GUEST},
    "resend_verification": lambda: {"email": GUEST},
    "verify_email": lambda: {"token": letter("/auth/verify/resend", "/auth/verify")},
    "reset_password": lambda: {"token": letter("/auth/password/forgot", "/auth/reset"), "password": PASSWORD},
    "change_password": lambda: {"current_password": PASSWORD, "new_password": PASSWORD},
    "change_email": lambda: {"current_password": PASSWORD, "email": f"user{next(count)}@example.com"},
    "revoke": lambda: {"token": sign_in(GUEST)["access_token"]},
    "introspect": lambda: {"token": admin},
    "set_roles": lambda: {"roles": ["editor"]},
    "revoke_by_id": lambda: {"sid": sign_in(GUEST)["session_id"]},
}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    name = operation(case)
    with lock:
        if next(fitting[name]) % 2 == 1:
            return
    if name in BODIES:
        case.body = BODIES[name]()
        case.media_type = case.media_type or "application/json"
    path = case.path_parameters or {}
    if "sid" in path:
        path["sid"] = sign_in(GUEST)["session_id"]
    if "id" in path:
        path["id"] = victim
    if "provider" in path:
        path["provider"] = "github"


@schemathesis.hook
def after_call(context, case, response):
    # Calls with a method that is not described are none of the operation's.
    if response.request.method == case.operation.method.upper():
        with lock:
            answers[operation(case)][str(response.status_code)] += 1
