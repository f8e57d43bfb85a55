import type { X509Certificate } from 'node:crypto'
import type { KafkaConfig } from '../../config/schema.ts'
import type { KafkaIdentity } from '../../core/kafka-identity.ts'
import { askVersions, type VersionRange } from '../../kafka/transport/api-versions.ts'
import { BrokerConnection } from '../../kafka/transport/broker-connection.ts'
import { connectionSecurity, type ConnectionSecurity } from '../../kafka/transport/connection-security.ts'
import type { Endpoint } from '../../kafka/transport/endpoint.ts'
import { refusalOf } from '../../kafka/transport/refused-credentials.ts'
import { AUTHENTICATE, authenticate } from '../../kafka/transport/sasl.ts'
import { kafkaVersion } from './kafka-version.ts'
import { BROKER, type Peer } from './reasons.ts'
import type { Report } from './report.ts'

type Tls = NonNullable<ConnectionSecurity['tls']>
type Versions = ReadonlyMap<number, VersionRange>

const TOKEN_ENDPOINT: Peer = { kind: 'service', caFile: 'kafka.sasl.caFile' }

/** `refused`: the broker does not take the password. */
export type Outcome = 'introduced' | 'refused' | 'failed'

/** Connects to a bootstrap address, with a line for each step: TCP, TLS, the broker's versions, SASL. */
export class Introduction {
  readonly #config: KafkaConfig
  readonly #identity: KafkaIdentity
  readonly #endpoint: Endpoint
  readonly #report: Report

  constructor(config: KafkaConfig, identity: KafkaIdentity, endpoint: Endpoint, report: Report) {
    this.#config = config
    this.#identity = identity
    this.#endpoint = endpoint
    this.#report = report
  }

  async run(): Promise<Outcome> {
    const { host, address, source } = this.#endpoint
    const connections: BrokerConnection[] = []
    let step = `${address}, of ${source}`
    let peer = BROKER
    try {
      const { tls, sasl } = connectionSecurity(this.#config.tls, this.#identity, host)
      connections.push(await this.#open())
      this.#report.ok(`${step}: it takes connections`)
      step = `${address}, TLS`
      if (tls !== undefined) connections.push(await this.#secured(tls))
      step = `${address}, Kafka`
      const connection = connections[connections.length - 1]
      const versions = await this.#versions(connection)
      if (sasl?.token !== undefined) {
        step = `${this.#config.sasl?.tokenUrl}, of kafka.sasl.tokenUrl`
        peer = TOKEN_ENDPOINT
        await sasl.token()
        this.#report.ok(`${step}: it gives a token`)
      }
      if (sasl !== undefined) {
        step = `${address}, SASL ${sasl.mechanism}`
        peer = BROKER
        await authenticate(connection, versions.get(AUTHENTICATE)?.max ?? 0, sasl)
        this.#report.ok(
          `${step}: the broker takes ${sasl.username === undefined ? 'the token' : `user ${sasl.username}`}`
        )
      }
      return 'introduced'
    } catch (error) {
      const isDoubtful = step.endsWith(', Kafka') && this.#config.tls === undefined
      const advice = isDoubtful ? '; if the listener wants TLS, set kafka.tls' : ''
      this.#report.fail(step, error, { peer, advice })
      return refusalOf(error) === 'password' ? 'refused' : 'failed'
    } finally {
      for (const connection of connections) void connection.close()
    }
  }

  #open(tls?: Tls): Promise<BrokerConnection> {
    const { host, port } = this.#endpoint
    const { clientId, connectTimeoutMs } = this.#config
    return BrokerConnection.open(
      { host, port },
      { clientId, connectTimeoutMs, requestTimeoutMs: connectTimeoutMs, tls }
    )
  }

  async #secured(tls: Tls): Promise<BrokerConnection> {
    try {
      const connection = await this.#open(tls)
      this.#report.ok(`${this.#endpoint.address}, TLS: ${certificateText(connection.certificate)}`)
      return connection
    } catch (error) {
      throw await this.#withCertificate(error, tls)
    }
  }

  /** Adds whose certificate was shown to the error. Nothing is sent on the connection that is not trusted. */
  async #withCertificate(error: unknown, tls: Tls): Promise<unknown> {
    if (refusalOf(error) !== 'certificate') return error
    try {
      const untrusted = await this.#open({ ...tls, rejectUnauthorized: false })
      const shown = certificateText(untrusted.certificate)
      void untrusted.close()
      return new Error(shown, { cause: error })
    } catch {
      return error
    }
  }

  async #versions(connection: BrokerConnection): Promise<Versions> {
    const versions = await askVersions(connection)
    const version = kafkaVersion(apiKey => versions.get(apiKey)?.max ?? -1)
    this.#report.ok(`${this.#endpoint.address}, Kafka: it speaks ${version}`)
    return versions
  }
}

const certificateText = (certificate: X509Certificate | undefined): string => {
  if (certificate === undefined) return 'no certificate was shown'
  const { subject, issuer, validTo, subjectAltName } = certificate
  const names = subjectAltName === undefined ? '' : ` for ${subjectAltName}`
  return `the certificate of ${inOneLine(subject)}${names}, issued by ${inOneLine(issuer)}, valid until ${validTo}`
}

/** X.509 names have a line for each part. */
const inOneLine = (name: string): string => name.replaceAll('\n', ', ')
