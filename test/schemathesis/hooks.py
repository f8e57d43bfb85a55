"""What Schemathesis sends, and what it may be answered, beyond what its configuration can say."""

import re

import schemathesis

# Of what is sent at random, some is led to what is there: a topic of one partition, which run.ts creates, on one broker.
TOPIC = "kept"
MOST_PARTITIONS = 4

# Which refusals of a request that is as described are Kafka's to make, as only it knows its own state.
KAFKAS_OWN = {
    "PUT /v1/topics/{topic}": {
        "INVALID_TOPIC_PROPERTY",
        "INVALID_PARTITION_COUNT",
        "INVALID_REPLICATION_FACTOR",
        "POLICY_VIOLATION",
    },
    "POST /v1/producer/topics/{topic}": {"INVALID_PARTITION", "INVALID_TIMESTAMP", "INVALID_RECORD"},
    "POST /v1/producer/topics/{topic}/value": {"INVALID_PARTITION", "INVALID_TIMESTAMP", "INVALID_RECORD"},
    # A pattern cannot know which days a month has.
    "GET /v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}": {"OFFSET_OUT_OF_RANGE", "INVALID_OFFSET"},
    # A position may name other partitions than the request does, or another topic.
    "GET /v1/consumer/topics/{topic}/records": {
        "OFFSET_OUT_OF_RANGE",
        "INVALID_OFFSET",
        "INVALID_PARTITION",
        "POSITION_OF_ANOTHER_TOPIC",
    },
}
# Nothing more comes to the topic: to wait for long would only take long.
LONGEST_WAIT_MS = 50


def is_number(value, least, most):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def is_scalar(value):
    return value is None or isinstance(value, (str, int, float, bool))


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    topic = path_parameters.get("topic") if isinstance(path_parameters, dict) else None
    changes_topics = context.operation.path == "/v1/topics/{topic}"
    if changes_topics or not isinstance(topic, str) or not re.fullmatch(r"[a-zA-Z0-9._-]+", topic) or len(topic) > 5:
        return path_parameters
    led = {**path_parameters, "topic": TOPIC}
    if is_number(led.get("partition"), 1, 2**31 - 1):
        led["partition"] = 0
    if is_number(led.get("offset"), 1, 2**53 - 1):
        led["offset"] = "earliest"
    return led


@schemathesis.hook
def map_query(context, query):
    if not isinstance(query, dict) or not is_number(query.get("wait"), LONGEST_WAIT_MS, 60_000):
        return query
    return {**query, "wait": LONGEST_WAIT_MS}


@schemathesis.hook
def map_body(context, body):
    if not isinstance(body, dict):
        return body
    led = dict(body)
    # Thousands of partitions are a valid wish, and minutes of work for one broker.
    if is_number(led.get("partition_count"), MOST_PARTITIONS, 2**31 - 1):
        led["partition_count"] = MOST_PARTITIONS
    if is_number(led.get("replication_factor"), 2, 32_767):
        led["replication_factor"] = 1
    properties = led.get("topic_properties")
    # Not one that is wrong on purpose: it would be made right.
    if isinstance(properties, dict) and len(properties) == 1 and all(map(is_scalar, properties.values())):
        led["topic_properties"] = {"retention.ms": 604_800_000}
    if isinstance(led.get("records"), list) and len(led["records"]) < 3:
        led["records"] = [led_record(record) for record in led["records"]]
    return led


def led_record(record):
    if not isinstance(record, dict) or not is_number(record.get("partition"), 1, 2**31 - 1):
        return record
    return {**record, "partition": 0}


@schemathesis.check
def refused_by_kafka_alone(ctx, response, case):
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if response.status_code == 400 and is_valid and case.operation.label in KAFKAS_OWN:
        code = response.json()["code"]
        assert code in KAFKAS_OWN[case.operation.label], f"{code} for a request that is as described"
