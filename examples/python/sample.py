"""Creates a topic, produces, consumes and deletes it again, with Microsoft's own library for the token.

    pip install -r examples/python/requirements.txt
    TENANT_ID=… CLIENT_ID=… CLIENT_SECRET=… SCOPE=… KAFKA_REST_ENDPOINT=https://… python examples/python/sample.py

`npm start` prints the variables for its own identity provider, AUTHORITY and REQUESTS_CA_BUNDLE among them.
"""

import json
import os
import random
import string
import sys
import time
from urllib.parse import urlsplit

import msal
import requests

TENANT_ID = os.environ.get("TENANT_ID", "")
CLIENT_ID = os.environ.get("CLIENT_ID", "")
CLIENT_SECRET = os.environ.get("CLIENT_SECRET", "")
ENDPOINT = os.environ.get("KAFKA_REST_ENDPOINT", "https://localhost:9400")
SCOPE = os.environ.get("SCOPE", "")
AUTHORITY = os.environ.get("AUTHORITY", "https://login.microsoftonline.com/" + TENANT_ID)
TIMEOUT_S = 10

RECORDS = [
    {"key": "greeting", "value": "a string"},
    {"partition": 0, "value": 42},
    {"value": 2.5},
    {"value": {"city": "Reykjavík", "people": 140000}},
    {"value": [{"id": 1, "name": "first"}, {"id": 2, "name": "second"}, {"id": 3, "name": "third"}]},
    {"value": {"group": 7, "server": {"id": 1, "tags": ["a", "b"], "parts": [{"id": 1}, {"id": 2}]}}},
]


def access_token():
    microsoft = urlsplit(AUTHORITY).hostname.endswith(".microsoftonline.com")
    application = msal.ConfidentialClientApplication(
        CLIENT_ID,
        client_credential=CLIENT_SECRET,
        authority=AUTHORITY,
        # Only Microsoft's own hosts are asked whether an authority is one of Microsoft's.
        **({} if microsoft else {"instance_discovery": False}),
    )
    answer = application.acquire_token_for_client(scopes=[SCOPE])
    if "access_token" not in answer:
        sys.exit("No token: " + json.dumps(answer))
    return answer["access_token"]


def main():
    session = requests.Session()
    session.headers["Authorization"] = "Bearer " + access_token()

    def call(method, path, **arguments):
        response = session.request(method, ENDPOINT + "/v1/" + path, timeout=TIMEOUT_S, **arguments)
        if not response.ok:
            sys.exit(f"{method} {path}: {response.status_code} {response.text}")
        return response

    topic = "sample_" + "".join(random.choices(string.ascii_letters, k=7))
    settings = {
        "partition_count": 1,
        "replication_factor": 1,
        "topic_properties": {"retention.ms": 604800000, "min.insync.replicas": "1"},
    }
    print("created", call("PUT", "topics/" + topic, json=settings).json())
    while topic not in call("GET", "metadata/topics").json()["topics"]:
        time.sleep(1)

    print("produced", call("POST", "producer/topics/" + topic, json={"records": RECORDS}).json())

    offset, values = "0", []
    while True:
        page = call("GET", f"consumer/topics/{topic}/partitions/0/offsets/{offset}?count=2")
        records = page.json()["records"]
        if not records:
            break
        values += [record["value"] for record in records]
        offset = page.headers["NextOffset"]
    print("consumed", json.dumps(values))

    print("partitions", json.dumps(call("GET", f"metadata/topics/{topic}/partitions").json()))
    print("partition", json.dumps(call("GET", f"metadata/topics/{topic}/partitions/0").json()))
    print("deleted", call("DELETE", "topics/" + topic).json())


if __name__ == "__main__":
    main()
