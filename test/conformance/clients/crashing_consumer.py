"""A consumer of kafka-bridge-client whose name and group outlive its process."""

from common import GROUP, KEY, TOPIC, URL
from kafka_bridge_client import KafkaBridgeConsumer


def crashing_consumer(proxy):
    return KafkaBridgeConsumer(
        TOPIC,
        bootstrap_server=URL,
        group_id=GROUP + proxy,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_name="crashing",
        headers={"Authorization": "Bearer " + KEY},
        proxy=proxy,
    )
