"""Asks for a subscription before there is an instance, follows `base_uri`, and seeks with a slash at the end."""

import os

import requests
from common import GROUP, KEY, TOPIC, URL, URL_WITH_KEY
from pymapr_kafkarest import MaprKlient
from pymapr_kafkarest.exceptions import MKConsumerException

records = {"records": [{"value": {"n": at}} for at in range(2)]}
types = {"Content-Type": "application/vnd.kafka.json.v2+json"}
assert requests.post(URL_WITH_KEY + "/topics/" + TOPIC, json=records, headers=types).status_code == 200

for follows in (False, True):
    client = MaprKlient(
        URL + "/",
        GROUP,
        headers={"Authorization": "Bearer " + KEY},
        topics=[TOPIC],
        instance="mapr",
        follow_base_uri=follows,
        verify=os.environ["REQUESTS_CA_BUNDLE"],
    )
    client.connect()
    # The second time it is there: 409, deleted, made again.
    client.connect(clear=True)
    client.subscribe()
    assert client._subscription_topics()["topics"] == [TOPIC]
    first = client.consume()
    assert [record["value"]["n"] for record in first] == [0, 1], first
    assert client.consume(position=1)[0]["value"] == {"n": 1}
    assert client.consume(seek=True)[0]["value"] == {"n": 0}
    client._instance_delete()
    try:
        client.consume()
        raise AssertionError("an instance that was deleted is there")
    except MKConsumerException as gone:
        assert "404" in str(gone), gone
    GROUP += "-follows"
