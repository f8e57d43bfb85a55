"""What Schemathesis sends, and what it may be answered, beyond what its configuration can say."""

import re

import schemathesis

# Of what is sent at random, some is led to what is there: a topic of one partition, on one broker, and a consumer instance
# that reads it, by itself in its group. run.ts makes them.
KEPT = "kept"
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
    # A pattern cannot know which days a month has. The place to stop may be a position of another topic or partition.
    "GET /v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}": {
        "OFFSET_OUT_OF_RANGE",
        "INVALID_OFFSET",
        "INVALID_PARTITION",
        "POSITION_OF_ANOTHER_TOPIC",
    },
    # A position may name other partitions than the request does, or another topic.
    "GET /v1/consumer/topics/{topic}/records": {
        "OFFSET_OUT_OF_RANGE",
        "INVALID_OFFSET",
        "INVALID_PARTITION",
        "POSITION_OF_ANOTHER_TOPIC",
    },
    # Of v2, by number: topics that Kafka does not create, metadata that is too long for it, and offsets that are not there.
    "POST /admin/topics": {40002},
    "POST /topics/{topic}": {400},
    "GET /topics/{topic}/partitions/{partition}/records": {400, 422},
    "POST /consumers/{group}/instances/{instance}/subscription": {42204},
    "POST /consumers/{group}/instances/{instance}/offsets": {42204},
    "POST /consumers/{group}/instances/{instance}/assignments": {42204},
    "GET /consumers/{group}/instances/{instance}/records": {422},
}
# Nothing more comes to the topic: to wait for long would only take long.
LONGEST_WAIT_MS = 50


def is_number(value, least, most):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def is_scalar(value):
    return value is None or isinstance(value, (str, int, float, bool))


def is_short(name):
    return isinstance(name, str) and len(name) <= 5 and re.fullmatch(r"[a-zA-Z0-9._-]+", name) is not None


def ends_instance(operation):
    return operation.method == "delete" and operation.path.endswith("{instance}")


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if isinstance(path_parameters, dict) and is_short(path_parameters.get("instance")):
        # It is to stay: what ends it is tried on others.
        return path_parameters if ends_instance(context.operation) else {"group": KEPT, "instance": KEPT}
    topic = path_parameters.get("topic") if isinstance(path_parameters, dict) else None
    changes_topics = context.operation.path == "/v1/topics/{topic}"
    if changes_topics or not is_short(topic):
        return path_parameters
    led = {**path_parameters, "topic": KEPT}
    if is_number(led.get("partition"), 1, 2**31 - 1):
        led["partition"] = 0
    if is_number(led.get("offset"), 1, 2**53 - 1):
        led["offset"] = "earliest"
    return led


@schemathesis.hook
def map_query(context, query):
    if not isinstance(query, dict):
        return query
    long = [name for name in ("wait", "timeout") if is_number(query.get(name), LONGEST_WAIT_MS, 2**63)]
    return {**query, **{name: LONGEST_WAIT_MS for name in long}}


@schemathesis.hook
def map_body(context, body):
    if not isinstance(body, dict):
        return body
    led = dict(body)
    # Thousands of partitions are a valid wish, and minutes of work for one broker.
    for count in ("partition_count", "partitions_count"):
        if is_number(led.get(count), MOST_PARTITIONS, 2**31 - 1) or is_digits(led.get(count)):
            led[count] = MOST_PARTITIONS
    if is_number(led.get("replication_factor"), 2, 32_767) or is_digits(led.get("replication_factor")):
        led["replication_factor"] = 1
    # Places of consumers, some of which are led to the partition that is there.
    for places in ("partitions", "offsets", "timestamps"):
        if isinstance(led.get(places), list) and len(led[places]) == 1:
            led[places] = [led_place(led[places][0])]
    if isinstance(led.get("topics"), list) and len(led["topics"]) == 1 and isinstance(led["topics"][0], str):
        led["topics"] = [KEPT]
    properties = led.get("topic_properties")
    # Not one that is wrong on purpose: it would be made right.
    if isinstance(properties, dict) and len(properties) == 1 and all(map(is_scalar, properties.values())):
        led["topic_properties"] = {"retention.ms": 604_800_000}
    if isinstance(led.get("records"), list) and len(led["records"]) < 3:
        led["records"] = [led_record(record) for record in led["records"]]
    return led


def is_digits(value):
    return isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,8}", value) is not None


def led_place(place):
    if not isinstance(place, dict) or not isinstance(place.get("topic"), str):
        return place
    partition = 0 if is_number(place.get("partition"), 0, 2**31 - 1) else place.get("partition")
    return {**place, "topic": KEPT, "partition": partition} if partition is not None else place


def led_record(record):
    if not isinstance(record, dict) or not is_number(record.get("partition"), 1, 2**31 - 1):
        return record
    return {**record, "partition": 0}


@schemathesis.check
def refused_by_kafka_alone(ctx, response, case):
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if response.status_code in (400, 422) and is_valid and case.operation.label in KAFKAS_OWN:
        error = response.json()
        code = error.get("code", error["error_code"])
        assert code in KAFKAS_OWN[case.operation.label], f"{code} for a request that is as described"
