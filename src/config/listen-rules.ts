import { networkProblem } from '../core/lib/networks.ts'
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

const networks = (path: string, given: readonly string[]): Objection[] =>
  given.flatMap((network, index) => {
    const problem = networkProblem(network)
    return problem === undefined ? [] : [object(`${path}[${index}]`, `holds what is none: ${problem}`)]
  })

export const listenRules: readonly Rule[] = [
  { about: ['listen.trustedProxies', 'listen.clientAddressFrom'], judge: proxies },
  { about: ['listen.proxyProtocol', 'listen.proxyProtocolFrom'], judge: balancers }
]
