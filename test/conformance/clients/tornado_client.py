"""Speaks Avro with the media types of v1. Without a schema registry it must give up at once, not repeat for ever."""

import logging
import threading

from common import TOPIC, URL_WITH_KEY
from kafka_rest.client import KafkaRESTClient


class Lines(logging.Handler):
    lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


logging.getLogger("kafka_rest.producer").addHandler(Lines())
host, port = URL_WITH_KEY.rsplit(":", 1)
client = KafkaRESTClient(host, port, flush_length_threshold=1)
dropped = threading.Event()
reasons = []


def drop(topic, message, reason):
    reasons.append(reason)
    dropped.set()


client.registrar.register("drop_message", drop)
client.produce(TOPIC, {"n": 1}, {"type": "record", "name": "R", "fields": [{"name": "n", "type": "int"}]})
assert dropped.wait(20)
assert reasons == ["nonretriable"], reasons
assert any("Received 415 response" in line for line in Lines.lines), Lines.lines
client.shutdown()
