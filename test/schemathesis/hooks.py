"""What Schemathesis sends, and what it may be answered, beyond what its configuration can say."""

import schemathesis

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
    "GET /v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}": {"OFFSET_OUT_OF_RANGE"},
}


@schemathesis.hook
def map_body(context, body):
    """A topic of thousands of partitions is a valid wish, and minutes of work for the one broker behind the gateway."""
    if isinstance(body, dict):
        count = body.get("partition_count")
        if isinstance(count, (int, float)) and MOST_PARTITIONS < count <= 10_000:
            return {**body, "partition_count": MOST_PARTITIONS}
    return body


@schemathesis.check
def refused_by_kafka_alone(ctx, response, case):
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if response.status_code == 400 and is_valid and case.operation.label in KAFKAS_OWN:
        code = response.json()["code"]
        assert code in KAFKAS_OWN[case.operation.label], f"{code} for a request that is as described"
