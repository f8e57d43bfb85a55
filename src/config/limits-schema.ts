import { bytes, milliseconds } from './fields.ts'

export const limits = {
  type: 'object',
  properties: {
    bodyBytes: bytes(16 * 1024 * 1024, 'Request body, or a line of one that streams.'),
    recordsPerRequest: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 100_000,
      description: 'Records in one produce request.'
    },
    jsonDepth: { type: 'integer', minimum: 1, maximum: 10_000, default: 512, description: 'Nesting of a JSON body.' },
    inFlightBytes: bytes(
      256 * 1024 * 1024,
      'Bodies being read, batches on their way and answers not yet taken, in the whole process.'
    ),
    connections: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 20_000,
      description: 'Open client connections.'
    },
    headerBytes: {
      type: 'integer',
      minimum: 1024,
      maximum: 1_048_576,
      default: 32_768,
      description: 'Request line and header fields.'
    },
    requestTimeoutMs: milliseconds(8_000, 'From the complete request to its answer.'),
    waitMs: milliseconds(60_000, 'The longest wait of a read or of a poll; a longer one is cut to it.'),
    scanBytes: bytes(
      64 * 1024 * 1024,
      'Records, decompressed, that one read looks at for those with a certain key or text.'
    ),
    streams: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Streams of records that are open at a time, read and written.'
    },
    streamStallMs: milliseconds(
      30_000,
      'A stream of records that are written ends where its client takes no answer for so long though some wait.'
    ),
    receiptBytes: bytes(
      1024 * 1024,
      'Answers to records of a stream that its client has not taken: beyond it, it is held back.'
    ),
    headersTimeoutMs: milliseconds(10_000, 'For request line and header fields to arrive.'),
    bodyTimeoutMs: milliseconds(30_000, 'For the whole request to arrive, or a line of one that streams.'),
    writeTimeoutMs: milliseconds(
      30_000,
      'A client that takes its answer at less than `leastWriteBytesPerSecond` for so long is cut off.'
    ),
    leastWriteBytesPerSecond: {
      type: 'integer',
      minimum: 1,
      maximum: 1_048_576,
      default: 4096,
      description: 'Rate at which a client must take its answer, as the mean over `writeTimeoutMs`.'
    },
    keepAliveTimeoutMs: milliseconds(75_000, 'An idle connection is kept so long.'),
    shutdownDelayMs: {
      type: 'integer',
      minimum: 0,
      maximum: 3_600_000,
      default: 0,
      description:
        'After SIGTERM requests are served so long while `/health/ready` says 503: balancers take the process out.'
    },
    shutdownGraceMs: milliseconds(30_000, 'For accepted requests to end after that.')
  },
  additionalProperties: false
} as const

const rate = (description: string) =>
  ({ type: 'integer', minimum: 1, maximum: 2 ** 40, description: `${description} No limit when left out.` }) as const
const quotaMembers = {
  requestsPerSecond: rate('Requests.'),
  recordsPerSecond: rate('Records, written and read.'),
  bytesPerSecond: rate('Bytes of bodies of produce requests, uncompressed, and of keys and values that are read.'),
  concurrentRequests: rate('Requests under way at a time, those that wait for records left out.'),
  concurrentStreams: rate('Streams that are open at a time; they are no requests under way.'),
  concurrentWaits: rate('Requests that wait for records at a time.'),
  burstSeconds: {
    type: 'integer',
    minimum: 1,
    maximum: 3600,
    default: 1,
    description: 'Who was quiet may use as much at once as these seconds would have given.'
  }
} as const

export const quotas = {
  type: 'object',
  properties: {
    principal: {
      type: 'object',
      properties: quotaMembers,
      additionalProperties: false,
      description: 'For each caller.'
    },
    overrides: {
      type: 'array',
      items: {
        type: 'object',
        required: ['principal'],
        properties: {
          principal: { type: 'string', minLength: 1, description: 'Id of the caller, as in the log.' },
          issuer: { type: 'string', description: 'Of the token; any when left out.' },
          ...quotaMembers
        },
        additionalProperties: false
      },
      default: [],
      description: 'In place of `quotas.principal`, for single callers; the first that fits.'
    },
    listener: {
      type: 'object',
      properties: quotaMembers,
      additionalProperties: false,
      description: 'For all callers together.'
    },
    connectionsPerAddress: rate('Open connections from one address; a proxy in front is one address.'),
    principalsRemembered: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000_000,
      default: 100_000,
      description: 'Beyond it, who has not called for longest starts afresh.'
    }
  },
  additionalProperties: false
} as const
