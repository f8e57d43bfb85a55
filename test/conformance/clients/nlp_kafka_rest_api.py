"""Sends an empty body with GET and DELETE, and reads the topic of responses in base64."""

from common import GROUP, KEY, TOPIC, URL
from kafka_rest import Consumer, Producer

headers = {"Authorization": "Bearer " + KEY}
producer = Producer(kafka_rest_api_url=URL, topic_id=TOPIC + "-response", auth_headers=headers)
keys = producer.produce([{"text": "é"}, {"text": "second"}], "target")

seen = {}
with Consumer(kafka_rest_api_url=URL, topic_id=TOPIC, auth_headers=headers, consumer_group=GROUP) as consumer:
    for found, left in consumer.consume(keys, interval_sec=0):
        seen.update({record["key"]: record["value"] for record in found})
assert [seen[key]["payload"]["text"] for key in keys] == ["é", "second"], seen
