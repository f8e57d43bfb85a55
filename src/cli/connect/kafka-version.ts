const FETCH = 1
/** The highest version of Fetch, and the releases of Apache Kafka that have it (their FetchRequest.json). */
const RELEASES: readonly (readonly [fetch: number, releases: string])[] = [
  [11, '2.4 to 2.6'],
  [12, '2.7 to 3.0'],
  [13, '3.1 to 3.4'],
  [15, '3.5 to 3.6'],
  [16, '3.7 to 3.8'],
  [17, '3.9 to 4.0'],
  [18, '4.1 or later']
]

/** Returns which Kafka's protocol a broker speaks. Brokers do not tell their release; `maxOf` returns an API's highest version. */
export const kafkaVersion = (maxOf: (apiKey: number) => number): string => {
  const fetch = maxOf(FETCH)
  const known = RELEASES.findLast(([version]) => version <= fetch)
  return known === undefined ? 'a protocol older than that of Kafka 2.4' : `the protocol of Kafka ${known[1]}`
}
