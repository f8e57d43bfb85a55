import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { localCertificates, type LocalCertificates } from './certificates/local-certificates.ts'
import { DevError } from './dev-error.ts'
import { gatewayApp, GROUP_ID, HDINSIGHT_RESOURCE, RESOURCE } from './identity/directory.ts'
import { IdentityProvider } from './identity/identity-provider.ts'
import { SigningKey } from './identity/signing-key.ts'
import { isBusy } from './kafka/free-port.ts'
import { kafkaJars } from './kafka/jars.ts'
import { LocalCluster } from './kafka/local-cluster.ts'
import { tokenCommand } from './paste-lines.ts'

export interface LocalServicesOptions {
  readonly dataDir: string
  readonly ephemeral: boolean
  readonly identityPort: number
  /** The port that the gateway will take; 0 for any. */
  readonly gatewayPort: number
  /** An existing cluster; if undefined, one is started. */
  readonly bootstrapServers: readonly string[] | undefined
  /** Prints progress. */
  readonly say: (line: string) => void
}

/** Preferred port of the local broker. */
const BROKER_PORT = 9392
/**
 * A broker that was killed cannot register again before its last session has ended, 9 s by default. One that merely stalled
 * for longer than a session is fenced until its next heartbeat, milliseconds after it goes on.
 */
const SHORT_SESSION = { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '1000' }

/** The services that development mode runs beside the gateway: a broker, an identity provider, certificates. */
export class LocalServices {
  readonly certificates: LocalCertificates
  readonly identity: IdentityProvider
  readonly bootstrapServers: readonly string[]
  /** Whether the cluster was started here and stops with the rest. */
  readonly ownsCluster: boolean
  readonly #cluster: LocalCluster | null
  readonly #temporary: string | null

  private constructor(
    certificates: LocalCertificates,
    identity: IdentityProvider,
    cluster: LocalCluster | null,
    given: readonly string[],
    temporary: string | null
  ) {
    this.certificates = certificates
    this.identity = identity
    this.bootstrapServers = cluster?.bootstrapServers ?? given
    this.ownsCluster = cluster !== null
    this.#cluster = cluster
    this.#temporary = temporary
  }

  /** Starts all services. Throws a DevError if a program is missing or a port is in use. */
  static async start({
    dataDir,
    ephemeral,
    identityPort,
    gatewayPort,
    bootstrapServers,
    say
  }: LocalServicesOptions): Promise<LocalServices> {
    const folder = resolve(dataDir)
    if (identityPort !== 0 && (await isBusy(identityPort))) {
      throw new DevError(
        `Port ${identityPort} is busy, which the local identity provider needs. Is development mode running already?`
      )
    }
    const certificates = localCertificates(join(folder, 'certs'))
    const tls = { cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) }
    const identity = new IdentityProvider({
      port: identityPort,
      tls,
      key: SigningKey.keptIn(join(folder, 'identity', 'signing-key.json'))
    })
    const temporary = ephemeral ? mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-')) : null
    let cluster: LocalCluster | null = null
    try {
      if (bootstrapServers === undefined) {
        const libs = await kafkaJars(folder, say)
        say('Starting Apache Kafka')
        cluster = await LocalCluster.start({
          libs,
          dataDir: temporary ?? join(folder, 'kafka'),
          brokers: 1,
          properties: SHORT_SESSION,
          onDeath: logFile => say(`Kafka has ended by itself; ${logFile} says why. Stop with Ctrl-C and start again.`),
          port: [gatewayPort, identityPort].includes(BROKER_PORT) ? 0 : BROKER_PORT
        })
      }
      await identity.start()
    } catch (error) {
      await cluster?.kill()
      if (temporary !== null) rmSync(temporary, { recursive: true, force: true })
      throw error
    }
    return new LocalServices(certificates, identity, cluster, bootstrapServers ?? [], temporary)
  }

  /** Returns the configuration by which the gateway uses these services, with authentication on. */
  settings() {
    const { caFile, certFile, keyFile } = this.certificates
    const { issuer, jwksUri, tokenUrl, url } = this.identity
    const { clientId, clientSecret } = gatewayApp
    return {
      listen: { tls: { certFile, keyFile } },
      kafka: { bootstrapServers: [...this.bootstrapServers] },
      auth: {
        mode: 'oidc',
        oidc: [{ issuer, audience: [RESOURCE, HDINSIGHT_RESOURCE], jwksUri, caFile }],
        graph: { baseUrl: url, tokenUrl, clientId, clientSecret, caFile },
        permittedGroups: [GROUP_ID]
      },
      docs: { page: 'on', hint: tokenCommand({ tokenUrl, caFile }) }
    }
  }

  async close(): Promise<void> {
    await this.identity.close()
    await this.#cluster?.stop()
    if (this.#temporary !== null) rmSync(this.#temporary, { recursive: true, force: true })
  }
}
