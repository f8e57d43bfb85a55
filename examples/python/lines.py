"""Stores many records in one request, a line each, and counts the answers. The topic must exist.

    … python examples/python/lines.py TOPIC

Takes the variables of sample.py. `requests` sends the whole body before it reads: the gateway keeps the answers meanwhile.
"""

import json
import sys

import requests

from sample import ENDPOINT, access_token

COUNT = 5000


def lines():
    batch = []
    for number in range(COUNT):
        batch.append(json.dumps({"key": str(number % 10), "value": {"n": number}}) + "\n")
        # A chunk of many lines costs less than a chunk for each.
        if len(batch) == 500:
            yield "".join(batch).encode()
            batch = []


def main():
    response = requests.post(
        f"{ENDPOINT}/v1/producer/topics/{sys.argv[1]}",
        data=lines(),
        headers={"Authorization": "Bearer " + access_token(), "Content-Type": "application/x-ndjson"},
        stream=True,
        timeout=30,
    )
    response.raise_for_status()
    stored = 0
    for line in response.iter_lines():
        answer = json.loads(line)
        if "offset" in answer:
            stored += 1
        else:
            sys.exit(f"after {stored} records: {answer}")
    print("stored", stored)


if __name__ == "__main__":
    main()
