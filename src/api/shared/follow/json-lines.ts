import type { PageForm } from '../records/page-form.ts'
import type { PageText } from '../records/page-writer.ts'
import type { StreamForm } from './stream-form.ts'

/** The parts of a {@link PageForm} that make lines of records. */
export const LINE_FORM = { open: '', between: '\n', close: '\n', topic: false } as const satisfies Partial<PageForm>

/** Newline-delimited JSON: a record a line, and the position in a line of its own, first and after each burst. */
export function jsonLines(text: () => PageText): StreamForm {
  return {
    text,
    begin: next,
    tail: next,
    beat: (position, _moved, scanned) => next(position, scanned),
    complete: (position, scanned) => next(position, scanned, ',"complete":true'),
    failure,
    stopping: failure
  }
}

function next(position: string, scanned?: number, complete = ''): string {
  return `{"next":"${position}"${complete}${scanned === undefined ? '' : `,"scanned":${scanned}`}}\n`
}

function failure(error: string, position: string): string {
  return `{"error":${error},"next":"${position}"}\n`
}
