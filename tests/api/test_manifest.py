"""Manifests and earlier snapshots through the API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime

import httpx
from api.institution import DAN
from api.live import PROVISIONING, LiveServer, complete, ended, start


def test_a_manifest_says_what_the_file_holds(client: httpx.Client, live: LiveServer) -> None:
    first = live.settings.lake.snapshots()[0]
    run = complete(client, users=True, terms=True, as_of=first.id)
    manifest = client.get(f"{PROVISIONING}/{run['id']}/manifest").json()
    content = client.get(run["attachment"]["url"]).content
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["size"] == len(content)
    assert manifest["rows"] == sum(manifest["files"].values())
    assert manifest["snapshot"] == f"lake:{first.id}"
    loaded_at = first.loaded_at.replace(microsecond=0)
    assert datetime.fromisoformat(manifest["data_as_of"]) == loaded_at
    assert run["parameters"]["as_of"] == str(first.id)
    assert manifest["parameters"] == run["parameters"]
    assert (manifest["report"], manifest["warnings"]) == ("provisioning_csv", [])
    stored = live.settings.data / "files" / f"{run['id']}-1.json"
    assert json.loads(stored.read_text("utf-8")) == manifest


def test_a_run_without_a_file_has_no_manifest(client: httpx.Client) -> None:
    run = ended(client, start(client))
    assert run["status"] == "error"
    assert client.get(f"{PROVISIONING}/{run['id']}/manifest").status_code == 404


def test_who_may_not_see_the_run_may_not_see_its_manifest(
    client: httpx.Client, anonymous: httpx.Client, as_user: Callable[[int], httpx.Client]
) -> None:
    address = f"{PROVISIONING}/{client.get(PROVISIONING).json()[0]['id']}"
    for other in (anonymous, as_user(DAN)):
        seen = other.get(address)
        assert seen.status_code in (401, 403)
        assert other.get(f"{address}/manifest").status_code == seen.status_code


def test_data_that_were_never_there_are_refused_at_once(client: httpx.Client) -> None:
    before = client.get(PROVISIONING).json()[:1]
    answer = client.post(PROVISIONING, json={"parameters": {"users": True, "as_of": "2001-01-01"}})
    assert answer.status_code == 400
    assert "No data are kept as of 2001-01-01T00:00:00" in answer.json()["errors"][0]["message"]
    assert client.get(PROVISIONING).json()[:1] == before
