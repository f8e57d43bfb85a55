import { parse } from 'content-type'
import Negotiator from 'negotiator'
import { remembered } from './remembered.ts'

/** A type in lower case, without its parameters: `application/json`. */
export interface MediaType {
  /** Empty if there was none. */
  readonly type: string
  /** In lower case; undefined if none was named. */
  readonly charset: string | undefined
}

/** One of the types in an Accept field, `*` included. */
interface MediaRange {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

/** No client has so much to say: a longer Accept field counts as none. */
const LIMIT_CHARACTERS = 1024
/** RFC 6838 §4.2, and the star of a range. */
const TYPE = /^[a-z0-9!#$&^_.+*-]+\/[a-z0-9!#$&^_.+*-]+$/
const UNTYPED: MediaType = { type: '', charset: undefined }
/** They say nothing about which offer is meant. */
const NOT_COMPARED = new Set(['q', 'charset'])

const choices = new WeakMap<readonly string[], (accept: string) => string | undefined>()

/**
 * Returns the offer that a client prefers (RFC 9110 §12.5.1), undefined if it takes none of them. The first offer is the
 * answer to a client that does not care: no Accept, `*` for all, equal weights by the same range. An offer with a star, such as
 * `application/*+json`, stands for every type like it that the client names, which is then returned in lower case. A parameter
 * in Accept that an offer lacks is ignored; one that it has must be the same. `offers` is a constant: choices are remembered for it.
 */
export function chooseType(accept: string | undefined, offers: readonly string[]): string | undefined {
  let choose = choices.get(offers)
  if (choose === undefined) choices.set(offers, (choose = remembered(text => preferred(text, offers))))
  return choose(accept === undefined || accept.length > LIMIT_CHARACTERS ? '' : accept)
}

/** Returns what a Content-Type field says. Whatever its parameters are, it does not throw. */
export function parseType(contentType: string | undefined): MediaType {
  return contentType === undefined ? UNTYPED : readType(contentType)
}

/** Returns whether a type in lower case is like one of `patterns`, in which a star stands for at least one character but `/`. */
export function isOneOf(type: string, patterns: readonly string[]): boolean {
  return patterns.some(pattern => isLike(type, pattern))
}

const readType = remembered((text: string): MediaType => {
  const { type, parameters } = parse(text)
  return { type, charset: parameters.charset?.toLowerCase() }
})

function preferred(accept: string, offers: readonly string[]): string | undefined {
  const parsed = offers.map(offer => ({ offer, ...parse(offer) }))
  if (accept.trim() === '') return offers.find(offer => !offer.includes('*'))
  const ranges = rangesIn(accept).filter(range => !parsed.some(offer => contradicts(range, offer)))
  const named = ranges.map(({ type }) => type).filter(type => !type.includes('*'))
  const candidates = parsed.flatMap(({ offer, type }) =>
    type.includes('*')
      ? named.filter(each => isLike(each, type)).map(each => ({ offer: each, type: each }))
      : [{ offer, type }]
  )
  const weighed = ranges
    .map(({ type, parameters: { q } }) => (q === undefined ? type : `${type};q=${Number(q)}`))
    .join()
  const best = new Negotiator({ headers: { accept: weighed } }).mediaType(candidates.map(({ type }) => type))
  return candidates.find(({ type }) => type === best)?.offer
}

function rangesIn(accept: string): MediaRange[] {
  const ranges: MediaRange[] = []
  for (let at = 0; at < accept.length;) {
    const { type, parameters, index } = parse(accept, { comma: true, start: at })
    if (TYPE.test(type)) ranges.push({ type, parameters })
    at = index + 1
  }
  return ranges
}

/** True for another version of the same type. */
function contradicts(range: MediaRange, offer: MediaRange): boolean {
  return (
    range.type === offer.type &&
    Object.entries(range.parameters).some(
      ([name, value]) =>
        !NOT_COMPARED.has(name) &&
        offer.parameters[name] !== undefined &&
        offer.parameters[name].toLowerCase() !== value.toLowerCase()
    )
  )
}

function isLike(type: string, pattern: string): boolean {
  const [kind, name, ...more] = type.split('/')
  const [kindPattern, namePattern] = pattern.split('/')
  return name !== undefined && more.length === 0 && fits(kind, kindPattern) && fits(name, namePattern)
}

/** A pattern has one star at most. */
function fits(text: string, pattern: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return text === pattern
  return (
    text.length >= pattern.length && text.startsWith(pattern.slice(0, star)) && text.endsWith(pattern.slice(star + 1))
  )
}
