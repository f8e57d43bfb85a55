import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Issued {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

export interface IssueOptions {
  /** As in a configuration file of OpenSSL: `CN=a, OU=b` is `/OU=b/CN=a`. */
  readonly subject: string
  /** Lines of the extensions' section. */
  readonly extensions?: readonly string[]
  /** Whether it has ended already. */
  readonly expired?: boolean
}

const DAY_MS = 86_400_000
export const FOR_CLIENTS = ['extendedKeyUsage=clientAuth']
export const FOR_SERVERS = ['extendedKeyUsage=serverAuth', 'subjectAltName=DNS:localhost,IP:127.0.0.1']

/** A certificate authority of OpenSSL's making, so that what issues and what judges certificates share nothing. */
export class Authority {
  readonly certFile: string
  readonly crlFile: string
  readonly #folder: string
  readonly #config: string
  #issued = 0

  constructor(folder: string, name: string) {
    this.#folder = join(folder, name)
    mkdirSync(this.#folder, { recursive: true })
    this.certFile = join(this.#folder, 'ca.pem')
    this.crlFile = join(this.#folder, 'crl.pem')
    this.#config = join(this.#folder, 'ca.cnf')
    writeFileSync(join(this.#folder, 'index.txt'), '')
    writeFileSync(join(this.#folder, 'serial'), '1000\n')
    writeFileSync(join(this.#folder, 'crlnumber'), '1000\n')
    this.#configure([])
    const ca = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
    this.#openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      join(this.#folder, 'ca.key'),
      '-out',
      this.certFile,
      ...ca.flatMap(each => ['-addext', each])
    )
    this.renewList()
  }

  get cert(): string {
    return readFileSync(this.certFile, 'utf8')
  }

  issue({ subject, extensions = FOR_CLIENTS, expired = false }: IssueOptions): Issued {
    const at = join(this.#folder, `${this.#issued++}`)
    const [request, certFile, keyFile] = [`${at}.csr`, `${at}.pem`, `${at}.key`]
    this.#configure(extensions)
    this.#openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-utf8',
      '-subj',
      subject,
      '-keyout',
      keyFile,
      '-out',
      request
    )
    const now = Date.now()
    const [from, to] = expired ? [now - 2 * DAY_MS, now - DAY_MS] : [now - DAY_MS, now + DAY_MS]
    this.#openssl(
      'ca',
      '-batch',
      '-notext',
      '-config',
      this.#config,
      '-in',
      request,
      '-out',
      certFile,
      '-extensions',
      'leaf',
      '-startdate',
      asn1Time(from),
      '-enddate',
      asn1Time(to)
    )
    return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  }

  revoke({ certFile }: Issued): void {
    this.#openssl('ca', '-config', this.#config, '-revoke', certFile)
    this.renewList()
  }

  /** @param days until the list ends, from now */
  renewList(days = 2): void {
    const [from, to] = [Date.now() - 3 * DAY_MS, Date.now() + days * DAY_MS].map(asn1Time)
    this.#openssl(
      'ca',
      '-config',
      this.#config,
      '-gencrl',
      '-crl_lastupdate',
      from,
      '-crl_nextupdate',
      to,
      '-out',
      this.crlFile
    )
  }

  #configure(extensions: readonly string[]): void {
    const lines = [
      '[ca]',
      'default_ca=here',
      '[here]',
      `dir=${this.#folder}`,
      'database=$dir/index.txt',
      'serial=$dir/serial',
      'crlnumber=$dir/crlnumber',
      'new_certs_dir=$dir',
      'certificate=$dir/ca.pem',
      'private_key=$dir/ca.key',
      'default_md=sha256',
      'default_crl_days=2',
      'policy=any',
      'unique_subject=no',
      'email_in_dn=yes',
      'preserve=yes',
      '[any]',
      ...['C', 'O', 'OU', 'CN', 'DC', 'emailAddress'].map(name => `${name}=optional`),
      '[leaf]',
      'basicConstraints=CA:FALSE',
      ...extensions,
      ''
    ]
    writeFileSync(this.#config, lines.join('\n'))
  }

  #openssl(...parameters: readonly string[]): void {
    execFileSync('openssl', parameters, { stdio: 'pipe' })
  }
}

const asn1Time = (ms: number): string => `${new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`
