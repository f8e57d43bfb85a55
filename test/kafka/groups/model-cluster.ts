import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openJar } from '../../../scripts/messages/jar.ts'
import { kafkaJars, kafkaVersion } from '../../../src/dev/kafka/jars.ts'
import { Groups } from '../../../src/kafka/groups/groups.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import { AnyBroker } from '../../../src/kafka/transport/any-broker.ts'
import { Brokers } from '../../../src/kafka/transport/brokers.ts'
import { type Definition, Interpreter } from '../messages/interpreter.ts'
import { partition, serveMetadata, type View } from '../metadata/scripted-cluster.ts'
import { kafkaConfig, ScriptedBroker, silent } from '../transport/scripted-broker.ts'
import { ModelCoordinator, type Quirks } from './model-coordinator.ts'
import { modelOf } from './support.ts'

/** Key, flexible since, oldest and newest version of each API that the model has, by Kafka's name. */
const APIS = {
  OffsetCommit: [8, 8, 7, 9],
  OffsetFetch: [9, 6, 5, 9],
  FindCoordinator: [10, 3, 1, 4],
  JoinGroup: [11, 6, 5, 9],
  Heartbeat: [12, 4, 3, 4],
  LeaveGroup: [13, 4, 3, 5],
  SyncGroup: [14, 4, 3, 5],
  DescribeGroups: [15, 5, 4, 6]
} as const

export type ApiName = keyof typeof APIS

export interface AskedOfModel {
  readonly api: ApiName
  readonly brokerId: number
  readonly version: number
  // oxlint-disable-next-line typescript/no-explicit-any -- a request as the interpreter of the definitions reads it
  readonly request: any
}

/** Brokers that share one model of a coordinator; one of them coordinates all groups. */
export interface ModelCluster {
  readonly coordinator: ModelCoordinator
  readonly scripted: readonly ScriptedBroker[]
  readonly views: readonly View[]
  readonly asked: AskedOfModel[]
  /** Which broker coordinates. */
  coordinatorId: number
  /** Error codes by API, each for one request, in place of what the model says. 'hangUp' ends the connection instead. */
  readonly next: Map<ApiName, (number | 'hangUp')[]>
  /** Milliseconds for which requests of an API are on their way. */
  readonly delays: Map<ApiName, number>
  /** Another gateway in front of the cluster. */
  gateway(): Groups
  /** The coordinator moves to the other broker. */
  move(): void
  /** The coordinator says nothing any more, and the other broker takes its place. */
  freeze(): void
}

export interface ModelOptions extends Partial<Quirks> {
  readonly joinVersion?: number
  readonly findVersion?: number
  readonly joinConnections?: number
}

export async function modelCluster(t: TestContext, options: ModelOptions = {}): Promise<ModelCluster> {
  const { joinVersion = 9, findVersion = 4, joinConnections = 256 } = options
  const { namesOldLeader = joinVersion < 9, forgetsTakers = false } = options
  const scripted = [await ScriptedBroker.start(), await ScriptedBroker.start()]
  const views = scripted.map(broker => serveMetadata(broker))
  const nodes = scripted.map(({ port }, index) => ({ id: index + 1, host: '127.0.0.1', port, rack: null }))
  for (const view of views) {
    view.brokers = nodes
    view.topics.set('t', { partitions: [0, 1, 2, 3].map(number => partition(number, 1)) })
  }
  const closers: (() => void | Promise<void>)[] = []
  const cluster: ModelCluster = {
    coordinator: new ModelCoordinator({ namesOldLeader, forgetsTakers }),
    scripted,
    views,
    asked: [],
    coordinatorId: 1,
    next: new Map(),
    delays: new Map(),
    gateway() {
      const brokers = new Brokers(kafkaConfig([scripted[0].address], { requestTimeoutMs: 5000 }), {}, silent)
      const metadata = new MetadataCache(brokers, silent)
      const groups = new Groups(brokers, new AnyBroker(brokers), metadata, silent, { joinConnections })
      modelOf.set(groups, cluster)
      closers.push(
        () => groups.close(),
        () => brokers.close()
      )
      return groups
    },
    freeze() {
      scripted[cluster.coordinatorId - 1].frozen = true
      cluster.coordinatorId = 3 - cluster.coordinatorId
      cluster.coordinator.move(true)
    },
    move() {
      cluster.coordinatorId = 3 - cluster.coordinatorId
      cluster.coordinator.move()
    }
  }
  const maxima = { JoinGroup: joinVersion, FindCoordinator: findVersion }
  const definitionOf = await definitions()
  scripted.forEach((broker, index) => serve(cluster, broker, index + 1, definitionOf, maxima))
  t.after(async () => {
    cluster.coordinator.close()
    for (const close of closers) await close()
    await Promise.all(scripted.map(broker => broker.close()))
  })
  return cluster
}

async function definitions(): Promise<(name: string) => Definition> {
  const libs = await kafkaJars('.local', () => undefined)
  const read = openJar(join(libs, `kafka-clients-${kafkaVersion}.jar`))
  return name =>
    JSON.parse(
      read(`common/message/${name}.json`)
        .toString()
        .replaceAll(/^ *\/\/.*$/gm, '')
    )
}

function serve(
  cluster: ModelCluster,
  broker: ScriptedBroker,
  brokerId: number,
  definitionOf: (name: string) => Definition,
  maxima: Partial<Record<ApiName, number>>
): void {
  for (const [api, [key, flexibleSince, min, max]] of Object.entries(APIS) as [ApiName, (typeof APIS)[ApiName]][])
    broker.apis.set(key, {
      min,
      max: maxima[api] ?? max,
      flexibleSince,
      serve: ({ version, body, answer, hangUp }) => {
        const request = new Interpreter(definitionOf(`${api}Request`), version).decode(body)
        cluster.asked.push({ api, brokerId, version, request })
        const reply = (value: object): void =>
          answer(new Interpreter(definitionOf(`${api}Response`), version).encode({ ...BLANKS[api], ...value }))
        const delayMs = cluster.delays.get(api) ?? 0
        const scriptedCode = cluster.next.get(api)?.shift()
        if (scriptedCode === 'hangUp') hangUp()
        else if (scriptedCode !== undefined) reply(failed(api, request, scriptedCode))
        else if (api !== 'FindCoordinator' && cluster.coordinatorId !== brokerId) reply(failed(api, request, 16))
        else if (delayMs > 0) setTimeout(() => act(cluster, api, request, reply), delayMs)
        else act(cluster, api, request, reply)
      }
    })
}

const BLANKS: Readonly<Record<ApiName, object>> = {
  OffsetCommit: { throttleTimeMs: 0 },
  OffsetFetch: { throttleTimeMs: 0, errorCode: 0 },
  FindCoordinator: { throttleTimeMs: 0, errorCode: 0, errorMessage: null, nodeId: -1, host: '', port: -1 },
  JoinGroup: {
    throttleTimeMs: 0,
    generationId: -1,
    protocolType: null,
    protocolName: '',
    leader: '',
    skipAssignment: false,
    memberId: '',
    members: []
  },
  Heartbeat: { throttleTimeMs: 0 },
  LeaveGroup: { throttleTimeMs: 0, members: [] },
  SyncGroup: { throttleTimeMs: 0, protocolType: 'consumer', protocolName: 'range', assignment: Buffer.alloc(0) },
  DescribeGroups: { throttleTimeMs: 0 }
}

// oxlint-disable-next-line typescript/no-explicit-any -- a request as the interpreter of the definitions reads it
type Request = any

/** The error code where each API has it. */
function failed(api: ApiName, request: Request, errorCode: number): object {
  switch (api) {
    case 'OffsetCommit':
      return { topics: committedTopics(request, () => errorCode) }
    case 'OffsetFetch':
      return { groups: [{ groupId: request.groups[0].groupId, topics: [], errorCode }] }
    case 'DescribeGroups':
      return { groups: [{ ...blankGroup, groupId: request.groups[0], errorCode }] }
    case 'FindCoordinator':
      return coordinatorAnswer(request, errorCode, -1)
    default:
      return { errorCode }
  }
}

const blankGroup = {
  errorMessage: null,
  groupState: '',
  protocolType: '',
  protocolData: '',
  members: [],
  authorizedOperations: 0
}

function act(cluster: ModelCluster, api: ApiName, request: Request, reply: (value: object) => void): void {
  const { coordinator } = cluster
  switch (api) {
    case 'FindCoordinator':
      return reply(coordinatorAnswer(request, 0, cluster.coordinatorId))
    case 'JoinGroup':
      return coordinator.join(request, reply)
    case 'SyncGroup':
      return coordinator.sync(request, reply)
    case 'Heartbeat':
      return reply(coordinator.heartbeat(request))
    case 'LeaveGroup':
      return reply(coordinator.leave(request))
    case 'DescribeGroups':
      return reply({ groups: request.groups.map((name: string) => coordinator.describe(name)) })
    case 'OffsetCommit': {
      const member = { ...request, generationId: request.generationIdOrMemberEpoch }
      const { errorCode } = coordinator.heartbeat(member) as { errorCode: number }
      return reply({ topics: committedTopics(request, () => (errorCode === 27 ? 0 : errorCode)) })
    }
    case 'OffsetFetch':
      return reply({ groups: [{ groupId: request.groups[0].groupId, topics: [], errorCode: 0 }] })
  }
}

function coordinatorAnswer(request: Request, errorCode: number, nodeId: number): object {
  const at = { host: 'model', port: 1, errorMessage: null }
  const keys: readonly string[] = request.coordinatorKeys ?? ['']
  const coordinators = keys.map(key => Object.assign({ key, errorCode, nodeId }, at))
  return { ...coordinators[0], coordinators }
}

function committedTopics(request: Request, codeOf: (partition: number) => number): object[] {
  return request.topics.map(({ name, partitions }: Request) => ({
    name,
    partitions: partitions.map(({ partitionIndex }: Request) => ({
      partitionIndex,
      errorCode: codeOf(partitionIndex)
    }))
  }))
}
