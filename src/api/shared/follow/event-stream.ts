import type { PageForm } from '../records/page-form.ts'
import type { PageText } from '../records/page-writer.ts'
import type { StreamForm } from './stream-form.ts'

/** Clients come back after a second to three, so that not all of them do at the same time. */
const RETRY_MS = 1000
const SPREAD_MS = 2000

/** The parts of a {@link PageForm} that make events of records. JSON escapes line breaks, so that each is one `data` line. */
export const EVENT_FORM = {
  open: 'data: ',
  between: '\n\ndata: ',
  close: '',
  topic: true
} as const satisfies Partial<PageForm>

/**
 * Server-sent events (WHATWG HTML, section 9.2). A record is an event; the last one of a burst has the position as its id. An
 * event without data sets the id and fires nothing.
 */
export function eventStream(text: () => PageText): StreamForm {
  return {
    text,
    begin: position => `retry: ${RETRY_MS + Math.floor(Math.random() * SPREAD_MS)}\nid: ${position}\n\n`,
    tail: position => `\nid: ${position}\n\n`,
    beat: (position, moved, scanned) => `${comment(scanned)}${moved ? `id: ${position}\n` : ''}\n`,
    // Without data it would fire nothing.
    complete: (position, scanned) =>
      `${scanned === undefined ? '' : comment(scanned)}event: complete\ndata: {}\nid: ${position}\n\n`,
    failure: (error, position) => `event: failure\ndata: ${error}\nid: ${position}\n\n`,
    stopping: (_error, position) => `event: end\ndata: {}\nid: ${position}\n\n`
  }
}

function comment(scanned: number | undefined): string {
  return scanned === undefined ? ':\n' : `: {"scanned":${scanned}}\n`
}
