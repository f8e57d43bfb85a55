import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { Authority, FOR_SERVERS, type Issued } from '../support/authority.ts'
import { TestGateway } from '../support/gateway.ts'
import { type Haproxy, startHaproxy, withoutHaproxy } from '../support/haproxy.ts'
import { javaClasses } from '../support/java-classes.ts'

const run = promisify(execFile)
const SOURCE = fileURLToPath(new URL('../features/interop/KeystoreClient.java', import.meta.url))
/** Answered without Kafka: 400 for who may read the topic. */
const READ = '/v1/consumer/topics/orders/partitions/0/offsets/x'
const PASSWORD = 'changeit'

suite('A Java client with a keystore, behind HAProxy that ends TLS', { skip: withoutHaproxy, timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-java-'))
  const [trusted, stranger] = [new Authority(folder, 'trusted'), new Authority(folder, 'stranger')]
  const server = trusted.issue({ subject: '/CN=localhost', extensions: FOR_SERVERS })
  const truststore = join(folder, 'trust.p12')
  let gateway: TestGateway
  let proxy: Haproxy

  const openssl = (...words: readonly string[]) => execFileSync('openssl', words, { stdio: 'pipe' })
  const keystoreOf = ({ certFile, keyFile }: Issued): string => {
    const file = `${certFile}.p12`
    openssl('pkcs12', '-export', '-in', certFile, '-inkey', keyFile, '-out', file, '-passout', `pass:${PASSWORD}`)
    return file
  }
  const ask = async (keystore: string): Promise<string> => {
    const classes = await javaClasses(await kafkaJars('.local', () => undefined), SOURCE)
    const words = ['-cp', classes, 'KeystoreClient', `https://localhost:${proxy.port}${READ}`, keystore, truststore]
    const { stdout } = await run('java', words)
    return stdout.replace(/^(\d+) .*"code":"([A-Z_]+)".*\n$/s, '$1 $2')
  }

  before(async () => {
    const { certFile } = trusted
    const words = ['-importcert', '-noprompt', '-alias', 'ca', '-file', certFile, '-keystore', truststore]
    execFileSync('keytool', [...words, '-storetype', 'PKCS12', '-storepass', PASSWORD], { stdio: 'pipe' })
    gateway = await TestGateway.start({
      bootstrapServers: ['127.0.0.1:1'],
      awaitReady: false,
      settings: {
        listen: { tls: { certFile: server.certFile, keyFile: server.keyFile, clientCaFile: certFile } },
        auth: {
          certificates: { header: 'rfc9440', headerFrom: ['127.0.0.1'], mappingRules: ['RULE:^CN=([^,]+).*$/$1/L'] },
          rules: [{ issuers: ['certificate'], principals: ['billing'], operations: ['read'], topics: ['orders'] }]
        }
      }
    })
    const pem = join(folder, 'proxy.pem')
    writeFileSync(pem, server.cert + server.key)
    proxy = await startHaproxy(
      port => `defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend tls
  bind 127.0.0.1:${port} ssl crt ${pem} ca-file ${certFile} verify optional crt-ignore-err all ca-ignore-err all
  http-request del-header Client-Cert
  http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used }
  default_backend gateway
backend gateway
  server one 127.0.0.1:${gateway.port} ssl verify none
`
    )
  })
  after(async () => {
    await proxy.close()
    await gateway.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('is named by its certificate, which the gateway judges itself', async () => {
    assert.equal(await ask(keystoreOf(trusted.issue({ subject: '/O=Shop/CN=Billing' }))), '400 INVALID_OFFSET')
    assert.equal(await ask(keystoreOf(trusted.issue({ subject: '/O=Shop/CN=Other' }))), '403 NOT_PERMITTED')
    assert.equal(await ask('-'), '401 UNAUTHENTICATED')
  })

  test('sends none of another authority; curl does, and is refused though the proxy lets it pass', async () => {
    const { certFile, keyFile } = stranger.issue({ subject: '/O=Shop/CN=Billing' })
    assert.equal(await ask(keystoreOf({ certFile, keyFile, cert: '', key: '' })), '401 UNAUTHENTICATED')
    const words = ['-sS', '--cacert', trusted.certFile, '--cert', certFile, '--key', keyFile]
    const { stdout } = await run('curl', [...words, `https://localhost:${proxy.port}${READ}`])
    assert.match(stdout, /"code":"INVALID_CREDENTIALS"/)
  })
})
