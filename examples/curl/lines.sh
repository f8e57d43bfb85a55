#!/usr/bin/env bash
# Stores what comes from a pipe, a record a line, and prints where each stands: seq 3 | sed 's/.*/{"value":&}/' |
# bash examples/curl/lines.sh TOPIC. Needs the same variables as sample.sh; the topic must exist.
set -euo pipefail
endpoint=${KAFKA_REST_ENDPOINT:-https://localhost:9400}
ca=${CA_FILE:-.local/certs/ca.pem}

token=$(curl -fsS --cacert "$ca" -X POST -H 'Content-Type: application/x-www-form-urlencoded' \
  -d "client_id=$CLIENT_ID&client_secret=$CLIENT_SECRET&grant_type=client_credentials&scope=$SCOPE" "$TOKEN_URL" </dev/null |
  sed 's/.*"access_token":"\([^"]*\)".*/\1/')

curl -fsSN --cacert "$ca" -H "Authorization: Bearer $token" -H 'Content-Type: application/x-ndjson' \
  -X POST -T - "$endpoint/v1/producer/topics/$1"
