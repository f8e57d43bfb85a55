/** Media types of JSON lines, the preferred one first. */
export const LINES: readonly string[] = ['application/x-ndjson', 'application/jsonl']
