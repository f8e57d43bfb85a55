"""The same as CoMember.java with librdkafka: `co_member.py BOOTSTRAP GROUP TOPIC`."""

import sys
import threading

from confluent_kafka import Consumer, KafkaException

bootstrap, group, topic = sys.argv[1:4]
ended = threading.Event()


def say(*words):
    print(*words, flush=True)


def watch():
    sys.stdin.read()
    ended.set()


threading.Thread(target=watch, daemon=True).start()
consumer = Consumer(
    {
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "partition.assignment.strategy": "range",
        "isolation.level": "read_committed",
    }
)
consumer.subscribe(
    [topic],
    on_assign=lambda *_: say("assigned"),
    on_revoke=lambda *_: say("revoked"),
    on_lost=lambda *_: say("revoked"),
)
try:
    while not ended.is_set():
        runs = {}
        for message in consumer.consume(500, 0.1):
            if message.error() is not None:
                continue
            run = runs.setdefault(message.partition(), [message.offset(), 0, message.value().decode()])
            run[1] = message.offset() + 1
        for partition, (start, end, value) in runs.items():
            say("read", partition, start, end, value)
        if runs:
            try:
                consumer.commit(asynchronous=False)
            except KafkaException:
                say("uncommitted")
except Exception as error:
    say("died", error)
consumer.close()
