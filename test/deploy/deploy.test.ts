import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseDocument } from 'yaml'
import { healthRoutes } from '../../src/api/site/health.ts'
import { commands } from '../../src/cli/commands.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { localCertificates } from '../../src/dev/certificates/local-certificates.ts'
import { freePort } from '../../src/dev/kafka/free-port.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DEPLOY = join(ROOT, 'deploy')
const BIN = join(ROOT, 'bin', 'kafka-rest-gateway.js')
/** What `serve` adds to the two settings before it gives up an orderly end. */
const CLOSING_MS = 5000
const FOLDERS = ['docker', 'compose', 'kubernetes', 'systemd', 'prometheus']
const text = (path: string): string => readFileSync(join(DEPLOY, path), 'utf8')
const files = FOLDERS.flatMap(folder => readdirSync(join(DEPLOY, folder)).map(name => `${folder}/${name}`))

/** Of a document whose form the tests judge member by member. */
// oxlint-disable-next-line typescript/no-explicit-any -- wrong members fail the test that reads them
const yamlOf = (path: string): any => {
  const document = parseDocument(text(path))
  assert.deepEqual([...document.errors, ...document.warnings], [], path)
  return document.toJS()
}

suite('What deploy/ offers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-deploy-'))
  const { certFile, keyFile } = localCertificates(folder)
  const secretFile = join(folder, 'secret')
  writeFileSync(secretFile, 'a secret\n')
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** The configuration, its mounted files replaced by such as are here. */
  const loadDeployed = (path: string): LoadedConfig => {
    const here = text(path)
      .replaceAll(/certFile: [^\s,}]+/g, `certFile: ${certFile}`)
      .replaceAll(/keyFile: [^\s,}]+/g, `keyFile: ${keyFile}`)
      .replaceAll(/(clientSecretFile|tokenFile): \S+/g, `$1: ${secretFile}`)
    const file = join(folder, 'gateway.yaml')
    writeFileSync(file, here)
    return loadConfig({ file, env: {} })
  }

  const configurations = files.filter(path => path.endsWith('/gateway.yaml'))
  const graceMsOf = (path: string): number => {
    const { limits, kafka } = loadDeployed(path).config
    return limits.shutdownDelayMs + limits.shutdownGraceMs + kafka.deliveryTimeoutMs + CLOSING_MS
  }

  test('is YAML throughout, without warnings', () => {
    const paths = files.filter(path => path.endsWith('.yaml'))
    assert.ok(paths.length >= 10)
    for (const path of paths) assert.equal(typeof yamlOf(path), 'object', path)
  })

  test('configures the gateway with keys that it knows, authentication and TLS on', () => {
    assert.equal(configurations.length, 3)
    for (const path of configurations) {
      const { auth, listen } = loadDeployed(path).config
      assert.equal(auth.mode, 'on')
      assert.equal(auth.graph?.clientSecret, 'a secret')
      assert.notEqual(listen.tls, 'none')
      assert.equal(listen.port, 9400)
    }
  })

  test('sets no variable that the gateway does not have', () => {
    const known = readFileSync(join(ROOT, 'docs', 'configuration.md'), 'utf8')
    let variables = 0
    for (const path of files) {
      for (const [name] of text(path).matchAll(/KAFKA_REST_[A-Z_]+/g)) {
        assert.ok(known.includes(`\`${name}\``), `${path}: ${name}`)
        variables++
      }
    }
    assert.ok(variables > 0)
  })

  test('mounts every file that the configuration beside it names', () => {
    const compose = yamlOf('compose/compose.yaml')
    const named = (path: string) => [
      ...text(path).matchAll(/(?:certFile|keyFile|clientSecretFile|tokenFile): ([^\s,}]+)/g)
    ]
    for (const [, path] of named('compose/gateway.yaml')) {
      const secret = path.replace('/run/secrets/', '')
      assert.ok(compose.services.gateway.secrets.includes(secret) && compose.secrets[secret].file !== undefined, path)
    }
    const { spec } = yamlOf('kubernetes/deployment.yaml').spec.template
    const mounts: { mountPath: string }[] = spec.containers[0].volumeMounts
    for (const [, path] of named('kubernetes/gateway.yaml'))
      assert.ok(
        mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)),
        path
      )
    for (const [, path] of named('systemd/gateway.yaml')) {
      const credential = path.replace('/run/credentials/kafka-rest-gateway.service/', '')
      assert.match(text('systemd/kafka-rest-gateway.service'), new RegExp(`^LoadCredential=${credential}:`, 'm'))
    }
  })

  test('starts a command that exists, with the configuration where it is mounted', () => {
    const { args, volumeMounts } = yamlOf('kubernetes/deployment.yaml').spec.template.spec.containers[0]
    const start = /^CMD (\[.+\])$/m.exec(text('docker/Dockerfile'))?.[1] ?? ''
    const unit = /^ExecStart=\S+ (.+)$/m.exec(text('systemd/kafka-rest-gateway.service'))?.[1] ?? ''
    for (const argv of [args, JSON.parse(start), unit.split(' ')]) {
      assert.ok(commands.has(argv[0]), argv[0])
      assert.equal(argv[1], '--config')
    }
    assert.equal(args[2], `${volumeMounts[0].mountPath}/gateway.yaml`)
    const compose = yamlOf('compose/compose.yaml')
    assert.equal(compose.services.gateway.volumes[0], `./gateway.yaml:${JSON.parse(start)[2]}:ro`)
  })

  test('probes paths that the gateway answers, at the port that it listens on', () => {
    const [container] = yamlOf('kubernetes/deployment.yaml').spec.template.spec.containers
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const { path, port, scheme } = container[probe].httpGet
      assert.ok(
        healthRoutes.some(route => route.path === path),
        path
      )
      assert.deepEqual([port, scheme], ['https', 'HTTPS'])
    }
    assert.equal(container.livenessProbe.httpGet.path, '/health/live')
    assert.equal(container.ports[0].containerPort, 9400)
    assert.equal(yamlOf('kubernetes/service.yaml').spec.ports[0].targetPort, container.ports[0].name)
    assert.equal(yamlOf('kubernetes/network-policy.yaml').spec.ingress[0].ports[0].port, 9400)
    assert.deepEqual(yamlOf('compose/compose.yaml').services.gateway.ports, ['9400:9400'])
  })

  test('has its metrics scraped: the listener on, the port open, the token mounted, the job the one of the alerts', () => {
    const { port } = loadDeployed('kubernetes/gateway.yaml').config.management ?? { port: 0 }
    const { spec } = yamlOf('kubernetes/deployment.yaml').spec.template
    const named = spec.containers[0].ports.find(
      ({ containerPort }: { containerPort: number }) => containerPort === port
    )
    const [monitored] = yamlOf('prometheus/pod-monitor.yaml').spec.podMetricsEndpoints
    assert.equal(monitored.port, named.name)
    assert.deepEqual(monitored.authorization.credentials, {
      name: spec.volumes.find(({ name }: { name: string }) => name === 'secrets').secret.secretName,
      key: 'management-token'
    })
    const [, scraping] = yamlOf('kubernetes/network-policy.yaml').spec.ingress
    assert.equal(scraping.ports[0].port, port)
    assert.deepEqual(yamlOf('compose/compose.yaml').services.gateway.expose, [String(port)])
    for (const path of configurations) {
      const { management } = loadDeployed(path).config
      assert.equal(management?.port, port, path)
      const isLocal = management?.host === '127.0.0.1'
      assert.deepEqual(
        [management?.token, management?.tls === undefined],
        isLocal ? [undefined, true] : ['a secret', false]
      )
    }
    const [job] = yamlOf('prometheus/prometheus.yaml').scrape_configs
    assert.equal(job.static_configs[0].targets[0], `gateway:${port}`)
    const { jobLabel, selector } = yamlOf('prometheus/pod-monitor.yaml').spec
    assert.deepEqual([job.job_name, selector.matchLabels[jobLabel]], ['kafka-rest-gateway', 'kafka-rest-gateway'])
    assert.ok(text('prometheus/alerts.yaml').includes(`up{job="${job.job_name}"}`))
  })

  test('reloads by the signal that reads groups and rules again', () => {
    assert.match(text('systemd/kafka-rest-gateway.service'), /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m)
  })

  test('lets the audit log be written under systemd, where the configuration proposes it', () => {
    const [, folder] = /^LogsDirectory=(\S+)$/m.exec(text('systemd/kafka-rest-gateway.service')) ?? []
    assert.match(text('systemd/gateway.yaml'), new RegExp(`^# audit: \\{ output: /var/log/${folder}/`, 'm'))
  })

  test('waits at least as long for the end as the gateway may take', () => {
    const pod = yamlOf('kubernetes/deployment.yaml').spec.template.spec
    const preStopMs = pod.containers[0].lifecycle.preStop.sleep.seconds * 1000
    assert.ok(pod.terminationGracePeriodSeconds * 1000 >= preStopMs + graceMsOf('kubernetes/gateway.yaml'))
    const compose = Number.parseInt(yamlOf('compose/compose.yaml').services.gateway.stop_grace_period, 10)
    assert.ok(compose * 1000 >= graceMsOf('compose/gateway.yaml'))
    const unit = Number(/^TimeoutStopSec=(\d+)s$/m.exec(text('systemd/kafka-rest-gateway.service'))?.[1])
    assert.ok(unit * 1000 >= graceMsOf('systemd/gateway.yaml'))
  })

  test('runs without root, without capabilities and on a file system that it cannot write', () => {
    const pod = yamlOf('kubernetes/deployment.yaml').spec.template.spec
    assert.deepEqual(pod.containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] }
    })
    assert.equal(pod.securityContext.runAsNonRoot, true)
    const { read_only: readOnly, cap_drop: dropped } = yamlOf('compose/compose.yaml').services.gateway
    assert.deepEqual([readOnly, dropped], [true, ['ALL']])
    assert.match(text('docker/Dockerfile'), /^USER [1-9]\d*:\d+$/m)
  })

  test('lists in the kustomization every manifest, whose selectors name the pods', () => {
    const { resources, configMapGenerator } = yamlOf('kubernetes/kustomization.yaml')
    const manifests = readdirSync(join(DEPLOY, 'kubernetes')).filter(
      name => !['kustomization.yaml', 'gateway.yaml'].includes(name)
    )
    assert.deepEqual(resources.toSorted(), manifests.toSorted())
    assert.deepEqual(configMapGenerator[0].files, ['gateway.yaml'])
    const { spec } = yamlOf('kubernetes/deployment.yaml')
    assert.equal(spec.template.spec.volumes[0].configMap.name, configMapGenerator[0].name)
    const labels = { app: spec.template.metadata.labels.app }
    assert.deepEqual(spec.selector.matchLabels, labels)
    assert.deepEqual(yamlOf('kubernetes/service.yaml').spec.selector, labels)
    assert.deepEqual(yamlOf('kubernetes/disruption-budget.yaml').spec.selector.matchLabels, labels)
    assert.deepEqual(yamlOf('kubernetes/network-policy.yaml').spec.podSelector.matchLabels, labels)
    assert.equal(yamlOf('kubernetes/autoscaler.yaml').spec.scaleTargetRef.name, 'kafka-rest-gateway')
  })

  test('copies into the image only what is there and what the ignore file lets through', () => {
    const allowed = text('docker/Dockerfile.dockerignore')
      .split('\n')
      .filter(line => line.startsWith('!'))
      .map(line => line.slice(1))
    const copied = [...text('docker/Dockerfile').matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, names]) =>
      names.split(' ')
    )
    assert.ok(copied.length > 8)
    for (const name of copied) assert.ok(existsSync(join(ROOT, name)), name)
    assert.deepEqual([...new Set(copied)].toSorted(), allowed.toSorted())
  })

  for (const tls of [true, false]) {
    suite(
      `A gateway with ${tls ? 'TLS' : 'plain HTTP'} as the first process of a PID namespace, as in a container`,
      () => {
        let port: number
        let child: ReturnType<typeof spawn>
        /** The first process of the namespace; NaN while there is none. */
        const firstPid = () =>
          Number.parseInt(spawnSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' }).stdout, 10)
        /** As Docker runs it, inside the container, which knows nothing but its own first process. */
        const check = (env: NodeJS.ProcessEnv = {}) => {
          const pid = firstPid()
          if (Number.isNaN(pid)) return 1
          const inside = ['--target', String(pid), '--pid', '--mount', process.execPath]
          return spawnSync('nsenter', [...inside, join(DEPLOY, 'docker', 'healthcheck.js')], { env }).status
        }

        before(async () => {
          port = await freePort()
          const file = join(folder, `first-${port}.json`)
          const config = {
            listen: { host: '127.0.0.1', port, tls: tls ? { certFile, keyFile } : 'none' },
            kafka: { bootstrapServers: ['127.0.0.1:1'] },
            auth: { mode: 'none' }
          }
          writeFileSync(file, JSON.stringify(config))
          const argv = ['--fork', '--pid', '--mount-proc', process.execPath, BIN, 'serve', '--config', file]
          child = spawn('unshare', argv, { stdio: 'ignore' })
        })
        after(() => child.kill('SIGKILL'))

        test('is found healthy while it runs, Kafka or not, and ends with status 0 on SIGTERM', async t => {
          for (const end = performance.now() + 20_000; check() !== 0; await sleep(100)) {
            if (child.exitCode !== null) return t.skip('this machine grants no PID namespace')
            assert.ok(performance.now() < end, 'healthy within 20 s')
          }
          assert.equal(
            check({ KAFKA_REST_LISTEN_PORT: '1' }),
            1,
            'a port of the environment counts, and nothing is there'
          )
          const first = firstPid()
          assert.match(readFileSync(`/proc/${first}/status`, 'utf8'), /^NSpid:\t\d+(\t\d+)*\t1$/m)
          const ended = new Promise(resolve => child.once('exit', resolve))
          process.kill(first, 'SIGTERM')
          assert.equal(await ended, 0)
          assert.equal(check(), 1, 'unhealthy after its end')
        })
      }
    )
  }
})
