import { UNKNOWN_TOPIC_OR_PARTITION } from '../kafka-errors.ts'
import { produceError } from './produce-errors.ts'

/** What has become known about a batch, mostly by an answer to its last attempt. */
export type BatchEvent =
  /** It is appended, by this attempt or an earlier one. */
  | 'stored'
  /** This attempt was not appended; the same batch may go again. */
  | 'notAppended'
  /** UNKNOWN_TOPIC_OR_PARTITION: decides nothing unless the topic proves to be gone or replaced. */
  | 'missing'
  /** No answer, or one that does not tell whether this attempt was appended. */
  | 'undecided'
  /** Rejected whole, before it was appended, for a fault of some record. */
  | 'rejected'
  /** Rejected whole, before it was appended, for a reason that no retry and no split mends. */
  | 'refused'
  /** OUT_OF_ORDER_SEQUENCE_NUMBER: what it means depends on what stands before the batch. */
  | 'outOfOrder'
  /** The broker does not take this producer id and epoch (any more); it did not append this attempt. */
  | 'sessionLost'
  /** The topic of that name is another one now. The batch is not in flight. */
  | 'topicReplaced'
  /** Two brokers no longer know the topic. The batch is not in flight. */
  | 'topicGone'
  /** Its delivery time-out has passed. The batch is not in flight. */
  | 'expired'

/**
 * What the attempts before the event leave open. `none`: certainly none was appended. `missing`: one was answered with
 * UNKNOWN_TOPIC_OR_PARTITION. `open`: one may have been appended, or may yet be. `abandoned`: the callers were told that
 * its fate is unknown; only the sequence is of interest.
 */
export type Known = 'none' | 'missing' | 'open' | 'abandoned'

/** What stands before a batch in its partition: a batch that may yet be appended, only rejected ones, or nothing. */
export type Before = 'nothing' | 'rejected' | 'open'

/** What is done with the batch. */
export type Action =
  /** Its callers are told the offsets. */
  | 'complete'
  /** The same bytes go again after a pause. */
  | 'sendAgain'
  /** Records at fault fail; the others are batched again, from the same sequence number on. */
  | 'split'
  /** Its callers are told that it is not stored; its sequence numbers become free. */
  | 'fail'
  /** No attempt was appended, nor can one be in another session: its records are batched again in the next one. */
  | 'renew'
  /** Its callers are told that its fate is unknown; its sequence numbers are spent, so the session ends. */
  | 'giveUp'
  | 'keep'

type Row = Readonly<Record<Known, Action>>

function row(none: Action, missing: Action, open: Action, abandoned: Action): Row {
  return { none, missing, open, abandoned }
}

const afterEvent: Readonly<Record<Exclude<BatchEvent, 'outOfOrder'>, Row>> = {
  // none, missing, open, abandoned
  stored: row('complete', 'complete', 'complete', 'complete'),
  notAppended: row('sendAgain', 'sendAgain', 'sendAgain', 'giveUp'),
  missing: row('sendAgain', 'sendAgain', 'sendAgain', 'giveUp'),
  undecided: row('sendAgain', 'sendAgain', 'sendAgain', 'giveUp'),
  rejected: row('split', 'giveUp', 'giveUp', 'giveUp'),
  refused: row('fail', 'giveUp', 'giveUp', 'giveUp'),
  sessionLost: row('renew', 'giveUp', 'giveUp', 'giveUp'),
  topicReplaced: row('renew', 'renew', 'giveUp', 'giveUp'),
  topicGone: row('fail', 'fail', 'giveUp', 'giveUp'),
  expired: row('keep', 'giveUp', 'giveUp', 'giveUp')
}

/**
 * In front of all, the broker's state and ours have parted. Behind a batch that may yet be appended it has to wait. Behind
 * rejected batches alone, whose numbers were never used, it cannot have been appended by any attempt.
 */
const outOfOrder: Readonly<Record<Before, Row>> = {
  nothing: row('renew', 'giveUp', 'giveUp', 'giveUp'),
  rejected: row('renew', 'renew', 'renew', 'giveUp'),
  open: row('sendAgain', 'sendAgain', 'sendAgain', 'giveUp')
}

export function decide(before: Before, known: Known, event: BatchEvent): Action {
  return (event === 'outOfOrder' ? outOfOrder[before] : afterEvent[event])[known]
}

/** What an error code says of the batch that it answers. */
export function eventOf(errorCode: number): BatchEvent {
  const { action, appended } = produceError(errorCode)
  switch (action) {
    case 'stored':
      return 'stored'
    case 'split':
      return 'rejected'
    case 'refuse':
      return 'refused'
    case 'order':
      return 'outOfOrder'
    case 'session':
      return 'sessionLost'
    default:
      if (appended === 'no') return 'notAppended'
      return errorCode === UNKNOWN_TOPIC_OR_PARTITION ? 'missing' : 'undecided'
  }
}
