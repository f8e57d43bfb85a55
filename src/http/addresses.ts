import type { IncomingHttpHeaders } from 'node:http'
import type { ClientAddresses } from './client-address.ts'
import { forwardedElements } from './forwarded.ts'
import type { HttpRequest } from './messages.ts'
import { targetOf } from './target.ts'

export interface AddressesOptions {
  /** Where requests come from, and which peers are believed. */
  readonly clients: Pick<ClientAddresses, 'of' | 'isProxy' | 'readsForwarded'>
  /** The listener speaks TLS. */
  readonly secure: boolean
  /** Where clients reach the gateway, whatever requests say. */
  readonly publicUrl?: string | undefined
  /** A path below which everything is served too: `/kafka`. */
  readonly pathPrefix?: string | undefined
}

/** How a client sees the gateway, as far as a request tells. */
interface Seen {
  readonly scheme?: string | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
  readonly path?: string | undefined
}

const SLASH = 0x2f
const QUESTION_MARK = 0x3f
const SCHEME = /^https?$/i
const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/
const HAS_PORT = /:[0-9]+$/
const PORT = /^[0-9]{1,5}$/
const PATH = /^\/[A-Za-z0-9._~/-]{1,255}$/
const USUAL_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' }

/** Tells where requests come from, and where their clients reach the gateway: directly, or through proxies that say so. */
export class Addresses {
  readonly #options: AddressesOptions
  readonly #prefix: string

  constructor(options: AddressesOptions) {
    this.#options = options
    this.#prefix = options.pathPrefix ?? ''
  }

  clientOf(peer: string | undefined, headers: IncomingHttpHeaders): string | undefined {
    return this.#options.clients.of(peer, headers)
  }

  /** Returns path and query of a request, without the configured prefix. */
  targetOf(request: HttpRequest): string {
    return this.withoutPrefix(targetOf(request))
  }

  withoutPrefix(target: string): string {
    const prefix = this.#prefix
    if (prefix === '' || !target.startsWith(prefix)) return target
    if (target.length === prefix.length) return '/'
    const next = target.charCodeAt(prefix.length)
    if (next === SLASH) return target.slice(prefix.length)
    return next === QUESTION_MARK ? `/${target.slice(prefix.length)}` : target
  }

  /** Returns the address that paths are below: scheme, authority and the path that proxies add, without a slash at its end. */
  baseOf(request: HttpRequest, peer: string | undefined): string {
    const { clients, secure, publicUrl } = this.#options
    if (publicUrl !== undefined) return publicUrl
    const { headers } = request
    const told = peer !== undefined && clients.isProxy(peer) ? seenByProxy(headers, clients.readsForwarded) : {}
    const scheme = told.scheme ?? (secure ? 'https' : 'http')
    const host = told.host ?? withPort(matching(headers.host, HOST) ?? 'localhost', told.port)
    const target = targetOf(request)
    const kept = this.withoutPrefix(target) === target ? '' : this.#prefix
    return `${scheme}://${withoutUsualPort(host, scheme)}${told.path ?? ''}${kept}`
  }
}

function seenByProxy(headers: IncomingHttpHeaders, readsForwarded: boolean | undefined): Seen {
  if (readsForwarded === true) return seenByForwarded(headers)
  const seen = seenByFields(headers)
  const isTold = Object.values(seen).some(value => value !== undefined)
  return isTold || readsForwarded === false ? seen : seenByForwarded(headers)
}

/** Of several values the first counts: that of the outermost proxy. Prefixes of several proxies add up. */
function seenByFields(headers: IncomingHttpHeaders): Seen {
  const port = matching(firstOf(headers['x-forwarded-port']), PORT)
  const host = matching(firstOf(headers['x-forwarded-host']), HOST)
  const prefixes = listOf(headers['x-forwarded-prefix']).map(withoutSlash).join('')
  return {
    scheme: matching(firstOf(headers['x-forwarded-proto']), SCHEME)?.toLowerCase(),
    host: host === undefined || HAS_PORT.test(host) ? host : withPort(host, port),
    port,
    path: matching(prefixes, PATH)
  }
}

function seenByForwarded({ forwarded }: IncomingHttpHeaders): Seen {
  const [first] = forwardedElements(textOf(forwarded))
  return { scheme: matching(first?.get('proto'), SCHEME)?.toLowerCase(), host: matching(first?.get('host'), HOST) }
}

/** Returns a host with another port than it has; unchanged without one. */
function withPort(host: string, port: string | undefined): string {
  return port === undefined ? host : `${host.replace(HAS_PORT, '')}:${port}`
}

function withoutUsualPort(host: string, scheme: string): string {
  const usual = `:${USUAL_PORTS[scheme]}`
  return host.endsWith(usual) ? host.slice(0, -usual.length) : host
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function matching(text: string | undefined, form: RegExp): string | undefined {
  return text !== undefined && form.test(text) ? text : undefined
}

function firstOf(field: string | string[] | undefined): string | undefined {
  return listOf(field).at(0)
}

function listOf(field: string | string[] | undefined): string[] {
  const text = textOf(field)
  return text === '' ? [] : text.split(',').map(each => each.trim())
}

function textOf(field: string | string[] | undefined): string {
  return Array.isArray(field) ? field.join(',') : (field ?? '')
}
