"""The REST client inside the MCP server: it commits without a body, and types every call as JSON records."""

import requests
from common import GROUP, KEY, TOPIC, URL, URL_WITH_KEY
from kafka_mcp.api_client import Api

records = {"records": [{"key": "k", "value": {"n": at}} for at in range(3)]}
types = {"Content-Type": "application/vnd.kafka.json.v2+json"}
assert requests.post(URL_WITH_KEY + "/topics/" + TOPIC, json=records, headers=types).status_code == 200

for proxy in (Api(base_url=URL, token=KEY), Api(base_url=URL, username="key", password=KEY)):
    made = proxy.create_consumer(GROUP, name="mcp")
    assert made["instance_id"] == "mcp" and made["base_uri"] == URL + "/consumers/" + GROUP + "/instances/mcp", made
    assert proxy.subscribe_consumer(GROUP, "mcp", [TOPIC]) == {"status": "success"}
    page = proxy.consume_records(GROUP, "mcp", timeout=20000)
    assert [record["value"] for record in page] == [{"n": 0}, {"n": 1}, {"n": 2}], page
    assert proxy.commit_offsets(GROUP, "mcp") == []
    assert proxy.delete_consumer(GROUP, "mcp") == {"status": "success"}
    try:
        proxy.consume_records(GROUP, "mcp", timeout=0)
        raise AssertionError("an instance that was deleted is there")
    except Exception as gone:
        assert "404" in str(gone) and "40403" in str(gone), gone
    GROUP += "-basic"
