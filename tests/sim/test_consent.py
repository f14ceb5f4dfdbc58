"""The town's pages of consent are as strict as the strictest: what a client does wrong once, it hears."""
import base64
import hashlib
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REDIRECT = "http://127.0.0.1:8710/"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def post(town, path, **fields):
    answer, data = town.call("POST", path, urlencode(fields).encode(), headers=FORM)
    return answer.status, json.loads(data)


@pytest.fixture
def client(town):
    """A Mastodon server with somebody on it, and a client that it has registered."""
    town.do(op="server", kind="mastodon", name="social")
    town.do(op="person", server="social", key="shop")
    status, made = post(town, "/m/social/api/v1/apps", client_name="answerd", redirect_uris=REDIRECT, scopes="read write")
    assert status == 200
    return {"client_id": made["client_id"], "client_secret": made["client_secret"]}


def consent(town, client, **more):
    asked = {"response_type": "code", "client_id": client["client_id"], "redirect_uri": REDIRECT, "scope": "read write", "state": "s",
             "code_challenge": CHALLENGE, "code_challenge_method": "S256", "town_person": "shop", **more}
    answer, _ = town.call("GET", "/m/social/oauth/authorize?" + urlencode(asked))
    if answer.status != 302:
        return answer.status, {}
    return 302, {k: v[0] for k, v in parse_qs(urlsplit(answer.getheader("Location")).query).items()}


def redeem(town, client, code, **more):
    return post(town, "/m/social/oauth/token",
                **{"grant_type": "authorization_code", **client, "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **more})


def test_a_code_becomes_a_token_once(town, client):
    status, back = consent(town, client)
    assert status == 302 and back["state"] == "s"
    status, made = redeem(town, client, back["code"])
    assert status == 200 and made["scope"] == "read write"
    assert town.get("/m/social/api/v1/accounts/verify_credentials", made["access_token"])["acct"] == "shop"
    assert redeem(town, client, back["code"])[0] == 400


@pytest.mark.parametrize("wrong", ({"code_verifier": "w" * 43}, {"redirect_uri": REDIRECT + "x"}, {"client_secret": "x"}, {"code": "x"},
                                   {"grant_type": "password"}))
def test_what_is_wrong_brings_nothing(town, client, wrong):
    _, back = consent(town, client)
    status, said = redeem(town, client, **{"code": back["code"], **wrong})
    assert status in (400, 401) and "access_token" not in said and said["error"]


@pytest.mark.parametrize("wrong", ({"client_id": "x"}, {"redirect_uri": "http://127.0.0.1:8711/"}, {"scope": "read admin"}, {"response_type": "token"}))
def test_nobody_is_sent_to_an_address_that_was_not_registered(town, client, wrong):
    assert consent(town, client, **wrong)[0] == 400


def test_a_person_says_no_or_less(town, client):
    assert consent(town, client, town_deny=1)[1]["error"] == "access_denied"
    _, back = consent(town, client, town_scopes="read")
    assert redeem(town, client, back["code"])[1]["scope"] == "read"


def test_a_refresh_token_that_comes_twice_ends_all(town):
    town.do(op="server", kind="blogger", name="loaf", single_use=True)
    ident, secret, first = town.do(op="person", server="loaf", key="shop", own="acme")["token"].split(":")

    def renew(token):
        return post(town, "/g/loaf/token", grant_type="refresh_token", client_id=ident, client_secret=secret, refresh_token=token)
    status, made = renew(first)
    assert status == 200 and made["refresh_token"] != first
    status, again = renew(made["refresh_token"])
    assert status == 200
    assert renew(first)[0] == 400, "it comes twice"
    assert renew(again["refresh_token"])[0] == 400, "and the newest one ends with it"
