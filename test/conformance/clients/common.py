"""What the runner tells each client."""

import os

URL = os.environ["KAFKA_REST_TEST_URL"]
KEY = os.environ["KAFKA_REST_TEST_KEY"]
TOPIC = os.environ["KAFKA_REST_TEST_TOPIC"]
GROUP = TOPIC
# For clients that take a URL and no header fields: an API key may be the password of Basic.
URL_WITH_KEY = URL.replace("://", "://key:" + KEY + "@")
