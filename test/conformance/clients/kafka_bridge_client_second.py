"""Begins again under the same names after a crash, and goes on where its commit says."""

import asyncio
import base64

from crashing_consumer import crashing_consumer


async def read_rest(proxy):
    consumer = crashing_consumer(proxy)
    offsets = []
    async with consumer:
        async for record in consumer.get_records(max_bytes=1000000, timeout=20000):
            offsets.append(record["offset"])
            if record["offset"] == 4:
                assert base64.b64decode(record["value"]) == b'{"n": 1.5}', record
                break
        await consumer.commit()
    # The client commits the offset of its last record. Strimzi takes that for the next one.
    assert offsets == ([2, 3, 4] if proxy == "strimzi" else [3, 4]), (proxy, offsets)


for mode in ("strimzi", "confluent"):
    asyncio.run(read_rest(mode))
