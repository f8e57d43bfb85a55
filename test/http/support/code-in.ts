/** The error code that a body tells of. */
export function codeIn(body: string): string | undefined {
  return /^\{"error_code":\d+,"code":"([A-Z_]+)"/.exec(body)?.[1]
}
