import { networkProblem } from '../core/lib/networks.ts'
import type { CertificatesConfig } from './callers-schema.ts'
import { object, type Objection, type Rule } from './rule.ts'
import type { Config } from './schema.ts'

const proxies = ({ listen: { trustedProxies, clientAddressFrom } }: Config): Objection[] =>
  trustedProxies.length === 0 && clientAddressFrom !== 'socket'
    ? [object('listen.trustedProxies', 'is missing: listen.clientAddressFrom is believed of those proxies only')]
    : networks('listen.trustedProxies', trustedProxies)

const balancers = ({ listen: { proxyProtocol, proxyProtocolFrom } }: Config): Objection[] => {
  if (proxyProtocol === 'required' && proxyProtocolFrom.length === 0)
    return [object('listen.proxyProtocolFrom', 'is missing: without it every connection would be closed')]
  if (proxyProtocol === 'off' && proxyProtocolFrom.length > 0)
    return [object('listen.proxyProtocolFrom', 'has no meaning while listen.proxyProtocol is off')]
  return networks('listen.proxyProtocolFrom', proxyProtocolFrom)
}

/** Without authorities of its own TLS would trust every public one. */
const clientCertificates = ({ listen: { tls }, auth }: Config): Objection[] => {
  const settings = tls === 'none' ? { clientAuth: 'off' as const } : tls
  const asks = settings.clientAuth !== 'off'
  const { certificates } = auth
  if (certificates !== undefined && certificates.header !== 'off') return forwarded(certificates, settings)
  const named = (['clientCaFile', 'clientCrlFile'] as const).filter(name => Object.hasOwn(settings, name))
  if (!asks) {
    const idle = named.map(name => object(`listen.tls.${name}`, 'has no meaning while listen.tls.clientAuth is off'))
    const asked = 'needs listen.tls.clientAuth: request or require; nobody would be asked for a certificate'
    return auth.certificates === undefined ? idle : [...idle, object('auth.certificates', asked)]
  }
  if (!named.includes('clientCaFile'))
    return [object('listen.tls.clientCaFile', 'is missing: it says whose certificates listen.tls.clientAuth trusts')]
  if (auth.mode === 'none') return [object('listen.tls.clientAuth', 'has no meaning with auth.mode: none')]
  return settings.clientAuth === 'require' || auth.certificates !== undefined
    ? []
    : [object('auth.certificates', 'is missing: listen.tls.clientAuth is request, and no certificate would count')]
}

/** A proxy that ends TLS: its word is that of every caller, so that it is believed must be said with care. */
const forwarded = (certificates: CertificatesConfig, tls: ClientTls): Objection[] => {
  const path = 'auth.certificates'
  const { headerFrom, headerProxies } = certificates
  const isBeyond = headerFrom.some(network => !/^(127\.|::1(\/128)?$)/.test(network))
  return [
    ...(tls.clientCaFile === undefined
      ? [object('listen.tls.clientCaFile', `is missing: it says whose certificates ${path}.header may hold`)]
      : []),
    ...(headerFrom.length === 0 ? [object(`${path}.headerFrom`, 'is missing: the field would be ignored')] : []),
    ...(isBeyond && headerProxies.length === 0
      ? [
          object(
            `${path}.headerProxies`,
            'is missing: proxies on other machines prove by their certificate who they are'
          )
        ]
      : []),
    ...(isBeyond && tls.clientAuth === 'off'
      ? [object('listen.tls.clientAuth', 'is off: proxies on other machines could not show their certificate')]
      : []),
    ...networks(`${path}.headerFrom`, headerFrom)
  ]
}

interface ClientTls {
  readonly clientAuth: string
  readonly clientCaFile?: string
}

const headerOrProxyProtocol = ({ listen, auth }: Config): Objection[] =>
  listen.proxyProtocol === 'required' && (auth.certificates?.header ?? 'off') !== 'off'
    ? [
        object(
          'auth.certificates.header',
          'cannot be believed with listen.proxyProtocol: a header names who is connected'
        )
      ]
    : []

const networks = (path: string, given: readonly string[]): Objection[] =>
  given.flatMap((network, index) => {
    const problem = networkProblem(network)
    return problem === undefined ? [] : [object(`${path}[${index}]`, `holds what is none: ${problem}`)]
  })

export const listenRules: readonly Rule[] = [
  { about: ['listen.trustedProxies', 'listen.clientAddressFrom'], judge: proxies },
  { about: ['listen.proxyProtocol', 'listen.proxyProtocolFrom'], judge: balancers },
  { about: ['listen.tls', 'auth.mode', 'auth.certificates'], judge: clientCertificates },
  { about: ['listen.proxyProtocol', 'auth.certificates'], judge: headerOrProxyProtocol }
]
