"""Produces, reads half of it in both manners of the client, commits, and ends without a farewell."""

import asyncio
import base64
import os

from common import TOPIC, URL_WITH_KEY
from crashing_consumer import crashing_consumer
from kafka_bridge_client import KafkaBridgeProducer, Message
from kafka_bridge_client.exceptions import KafkaBridgeTopicNotFoundError


def produce():
    producer = KafkaBridgeProducer(URL_WITH_KEY, timeout=20)
    records = [Message(key=str(at), value=b"\x00\xff" + str(at).encode()) for at in range(4)]
    assert producer.sends(TOPIC, records, binary=True)
    assert producer.send(TOPIC, Message(key="4", value={"n": 1.5}))
    try:
        producer.send(TOPIC + "-nowhere", Message(key="4", value="lost"))
    except KafkaBridgeTopicNotFoundError:
        return
    raise AssertionError("a topic that is not there was taken")


async def read_half(proxy):
    consumer = crashing_consumer(proxy)
    await consumer.__aenter__()
    seen = []
    while len(seen) < 3:
        # A key of one byte and a value of three: less than two records.
        for record in await consumer.poll_records(max_bytes=7, timeout=20000):
            seen.append(base64.b64decode(record["value"])[2:].decode())
    assert seen == ["0", "1", "2"], seen
    await consumer.commit()


produce()
for mode in ("strimzi", "confluent"):
    asyncio.run(read_half(mode))
os._exit(0)
