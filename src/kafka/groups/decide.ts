import {
  FENCED_INSTANCE_ID,
  ILLEGAL_GENERATION,
  MEMBER_ID_REQUIRED,
  REBALANCE_IN_PROGRESS,
  UNKNOWN_MEMBER_ID
} from '../kafka-errors.ts'
import { COORDINATOR_AWAY } from './coordinators.ts'

/**
 * Where a member of a group stands.
 * - `idle`: it has not joined yet
 * - `joining`: its JoinGroup is under way
 * - `looking`: it asks whether the group, whose leader it took over, is Stable (before JoinGroup 9 nothing else tells)
 * - `syncing`: its SyncGroup is under way
 * - `stable`: it has an assignment, and sends heartbeats
 * - `ended`: it is no longer a member, or no longer ours
 */
export type MemberState = 'idle' | 'joining' | 'looking' | 'syncing' | 'stable' | 'ended'

/** What a member learns. */
export type MemberEvent =
  /** Its owner wants it in the group. */
  | 'start'
  /** JoinGroup: it is in the new generation. */
  | 'joined'
  /** JoinGroup: it leads by the name of the member it took over, and the answer does not say what of. */
  | 'leadsByOldName'
  /** JoinGroup: the coordinator gave an id to a dynamic member, and wants it in the next attempt (KIP-394). */
  | 'idGiven'
  /** DescribeGroups: the assignments stand. */
  | 'groupStable'
  /** DescribeGroups: a rebalance is under way, or the leader's assignments are awaited. */
  | 'groupUnstable'
  /** SyncGroup: it has an assignment. */
  | 'assigned'
  /** SyncGroup: zero bytes (KAFKA-9801), or what no client can read. */
  | 'unassigned'
  /** REBALANCE_IN_PROGRESS, told to this member or to another one of the same generation in this process. */
  | 'rebalancing'
  /** ILLEGAL_GENERATION: it missed a rebalance. */
  | 'passed'
  /** Topics or userData have changed; or it leads, and partitions of the group's topics have. */
  | 'changed'
  /** Its owner wants another session time-out for it: it takes the place of itself. */
  | 'replaced'
  /**
   * JoinGroup: not answered for some seconds. A takeover of the member by itself changes its member id, the one sign by which
   * other gateways see in the middle of a rebalance that its holder lives. SyncGroup: the leader may be dead, which another
   * rebalance finds out; the same takeover begins one.
   */
  | 'parked'
  /** The coordinator moves, loads, or does not answer. */
  | 'away'
  /** UNKNOWN_MEMBER_ID: it expired, was removed, or left. */
  | 'unknown'
  /** The same, after the coordinator has moved during this rebalance: what was under way there is lost. */
  | 'unknownAfterMove'
  /** FENCED_INSTANCE_ID: another process took it over. */
  | 'fenced'
  /** Any other error. */
  | 'refused'

/** What the member does. */
export type MemberAction =
  /** Sends JoinGroup under its member id. */
  | 'join'
  /** Sends JoinGroup with an empty member id. */
  | 'joinAnew'
  /** Sends JoinGroup under its member id, with changed metadata: the same would not start a rebalance. */
  | 'joinChanged'
  /** Sends DescribeGroups. */
  | 'look'
  /** Sends SyncGroup. */
  | 'sync'
  /** Sends the same request again, after a pause. */
  | 'again'
  /** Tells its owner the assignment. */
  | 'serve'
  /** Joins once it is stable: see what it has sent. */
  | 'later'
  /** Tells its owner that it is over. */
  | 'end'
  /** Nothing. */
  | 'keep'

type Row = Readonly<Record<MemberState, MemberAction>>

function row(
  idle: MemberAction,
  joining: MemberAction,
  looking: MemberAction,
  syncing: MemberAction,
  stable: MemberAction
): Row {
  return { idle, joining, looking, syncing, stable, ended: 'keep' }
}

const table: Readonly<Record<MemberEvent, Row>> = {
  // idle, joining, looking, syncing, stable
  start: row('join', 'keep', 'keep', 'keep', 'keep'),
  joined: row('keep', 'sync', 'keep', 'keep', 'keep'),
  leadsByOldName: row('keep', 'look', 'keep', 'keep', 'keep'),
  idGiven: row('keep', 'join', 'keep', 'keep', 'keep'),
  groupStable: row('keep', 'keep', 'sync', 'keep', 'keep'),
  groupUnstable: row('keep', 'keep', 'join', 'keep', 'keep'),
  assigned: row('keep', 'keep', 'keep', 'serve', 'keep'),
  unassigned: row('keep', 'keep', 'keep', 'joinChanged', 'keep'),
  rebalancing: row('keep', 'again', 'join', 'join', 'join'),
  passed: row('keep', 'again', 'join', 'join', 'join'),
  changed: row('keep', 'later', 'later', 'later', 'join'),
  replaced: row('keep', 'keep', 'keep', 'keep', 'joinAnew'),
  parked: row('keep', 'joinAnew', 'keep', 'joinAnew', 'keep'),
  away: row('keep', 'again', 'again', 'again', 'keep'),
  unknown: row('keep', 'end', 'end', 'end', 'end'),
  unknownAfterMove: row('keep', 'joinAnew', 'joinAnew', 'joinAnew', 'end'),
  fenced: row('end', 'end', 'end', 'end', 'end'),
  refused: row('end', 'end', 'end', 'end', 'end')
}

export function decide(state: MemberState, event: MemberEvent): MemberAction {
  return table[event][state]
}

/** The state in which an action leaves a member; null if it stays where it is. */
export function stateAfter(action: MemberAction): MemberState | null {
  switch (action) {
    case 'join':
    case 'joinAnew':
    case 'joinChanged':
      return 'joining'
    case 'look':
      return 'looking'
    case 'sync':
      return 'syncing'
    case 'serve':
      return 'stable'
    case 'end':
      return 'ended'
    default:
      return null
  }
}

export function isJoining(state: MemberState): boolean {
  return state === 'joining' || state === 'looking' || state === 'syncing'
}

/** What an error code says to a member. `moved`: the coordinator has moved, or did not answer, during this rebalance. */
export function eventOf(errorCode: number, moved: boolean): MemberEvent {
  if (COORDINATOR_AWAY.has(errorCode)) return 'away'
  switch (errorCode) {
    // A group whose record is too large for the broker's log, say: it may shrink.
    case UNKNOWN_SERVER_ERROR:
      return 'away'
    case MEMBER_ID_REQUIRED:
      return 'idGiven'
    case FENCED_INSTANCE_ID:
      return 'fenced'
    case UNKNOWN_MEMBER_ID:
      return moved ? 'unknownAfterMove' : 'unknown'
    case REBALANCE_IN_PROGRESS:
      return 'rebalancing'
    case ILLEGAL_GENERATION:
      return 'passed'
    default:
      return 'refused'
  }
}

const UNKNOWN_SERVER_ERROR = -1
