import type { PageText } from '../records/page-writer.ts'

/** How a stream of records is written. Positions are text. */
export interface StreamForm {
  /** A burst to be filled with records. */
  text(): PageText
  /** What is sent first: where the stream begins. */
  begin(position: string): string
  /** What ends a burst. @param scanned records looked at so far, if some of them may not be brought */
  tail(position: string, scanned?: number): string
  /** What is sent from time to time, so that a connection that is dead is found out; `moved` where the position has changed. */
  beat(position: string, moved: boolean, scanned?: number): string
  /** The last words of a stream that has come to where it was to stop. */
  complete(position: string, scanned?: number): string
  /** The last words. @param error a JSON object of the dialect, on one line */
  failure(error: string, position: string): string
  /** The last words where the gateway is stopped. @param error as for a failure */
  stopping(error: string, position: string): string
}
