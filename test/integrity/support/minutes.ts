/** How long a test in its long form goes on; 0: the short form. */
export function minutes(): number {
  return Number(process.env.KAFKA_REST_TEST_MINUTES ?? 0)
}
