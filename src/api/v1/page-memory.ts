/** Bytes reserved in the budget for each record before the page is read. */
export const BYTES_PER_RECORD = 1024
/** The text of a page, and its encrypted copy while the client takes it. */
export const COPIES = 2
