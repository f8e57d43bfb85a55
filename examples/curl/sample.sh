#!/usr/bin/env bash
# The same calls with curl: bash examples/curl/sample.sh. Needs TOKEN_URL, CLIENT_ID, CLIENT_SECRET and SCOPE, which npm start
# prints; KAFKA_REST_ENDPOINT and CA_FILE have defaults.
set -euo pipefail
endpoint=${KAFKA_REST_ENDPOINT:-https://localhost:9400}
ca=${CA_FILE:-.local/certs/ca.pem}
topic="sample_$RANDOM$RANDOM"

token=$(curl -fsS --cacert "$ca" -X POST -H 'Content-Type: application/x-www-form-urlencoded' \
  -d "client_id=$CLIENT_ID&client_secret=$CLIENT_SECRET&grant_type=client_credentials&scope=$SCOPE" "$TOKEN_URL" |
  sed 's/.*"access_token":"\([^"]*\)".*/\1/')

call() {
  curl -fsS --cacert "$ca" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"
  echo
}

call -X PUT "$endpoint/v1/topics/$topic" -d '{"partition_count":1}'
call "$endpoint/v1/producer/topics/$topic" -d '{"records":[{"key":"greeting","value":"a string"},{"value":42},{"value":{"a":[1.0]}}]}'
offset=0
while :; do
  page=$(call -D - "$endpoint/v1/consumer/topics/$topic/partitions/0/offsets/$offset?count=2")
  body=$(tail -n 1 <<<"$page")
  [ "$body" != '{"records":[]}' ] || break
  echo "$body"
  offset=$(sed -n 's/^[Nn]ext[Oo]ffset: *\([0-9]*\).*/\1/p' <<<"$page")
done
call "$endpoint/v1/metadata/topics/$topic/partitions"
call -X DELETE "$endpoint/v1/topics/$topic"
