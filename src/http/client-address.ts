import type { IncomingHttpHeaders } from 'node:http'
import { isIP, SocketAddress } from 'node:net'
import type { Config } from '../config/schema.ts'
import { isWithin, networksOf } from '../core/lib/networks.ts'
import { forwardedElements } from './forwarded.ts'
import { remembered } from './remembered.ts'

export type AddressConfig = Pick<Config['listen'], 'trustedProxies' | 'clientAddressFrom'>

/** Hops that are looked at, from the gateway on. */
const MOST_HOPS = 20
/** Characters that are looked at; more than so many hops can need. */
const MOST_CHARACTERS = 4096

/** Finds out where requests come from if proxies stand in front. Only a trusted proxy may name another address than its own. */
export class ClientAddresses {
  readonly #from: AddressConfig['clientAddressFrom']
  readonly #isProxy: (address: string) => boolean

  constructor({ trustedProxies, clientAddressFrom }: AddressConfig) {
    const networks = networksOf(trustedProxies)
    this.#from = clientAddressFrom
    this.#isProxy = trustedProxies.length === 0 ? () => false : remembered(address => isWithin(networks, address))
  }

  /** Whether proxies write `Forwarded`, not `X-Forwarded-…`; undefined if that is not configured. */
  get readsForwarded(): boolean | undefined {
    return this.#from === 'socket' ? undefined : this.#from === 'forwarded'
  }

  /** Returns whether a peer is a proxy that may name its clients. */
  isProxy(peer: string): boolean {
    return this.#isProxy(peer)
  }

  /**
   * Returns the address of the client. Walks from the right, since each proxy appends whom it serves: the first address that
   * is not a trusted proxy counts. What is not an address ends the walk at the last good hop.
   */
  of(peer: string | undefined, headers: IncomingHttpHeaders): string | undefined {
    if (this.#from === 'socket' || peer === undefined || !this.#isProxy(peer)) return peer
    let last = addressIn(peer) ?? peer
    for (const hop of this.#hops(headers).toReversed().slice(0, MOST_HOPS)) {
      const address = hop === undefined ? undefined : addressIn(hop)
      if (address === undefined) return last
      last = address
      if (!this.#isProxy(address)) return address
    }
    return last
  }

  #hops(headers: IncomingHttpHeaders): readonly (string | undefined)[] {
    const field = headers[this.#from]
    const text = (Array.isArray(field) ? field.join(',') : (field ?? '')).slice(-MOST_CHARACTERS)
    if (text === '') return []
    if (this.#from === 'x-forwarded-for') return text.split(',')
    return forwardedElements(text).map(element => element?.get('for'))
  }
}

/** Without proxies. */
export const everyPeer = new ClientAddresses({ trustedProxies: [], clientAddressFrom: 'socket' })

/** An address in brackets, or an IPv4 address, and a port. */
const WITH_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?$/
const MAPPED = /^::ffff:([0-9.]+)$/

/** Returns an address in its shortest form, without port and brackets; undefined for anything else. */
export function addressIn(hop: string): string | undefined {
  const text = hop.trim()
  const parts = WITH_PORT.exec(text)
  const bare = parts?.[1] ?? parts?.[2] ?? text
  const version = isIP(bare)
  if (version === 0 || bare.includes('%')) return undefined
  if (version === 4) return bare
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' })
  return MAPPED.exec(address)?.[1] ?? address
}
