/** A parameter of `Forwarded` (RFC 7239 §4): a token, an equals sign, and a token or a quoted string. */
const PARAMETER = /^[\t ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"([^"\\]*)"|([^\t ",;]+))[\t ]*$/

/** Parameters of one hop, by name in lower case. A name that is given twice is missing. */
export type ForwardedElement = ReadonlyMap<string, string>

/** Returns the elements of a `Forwarded` field, from the client on; undefined for one that is malformed. */
export function forwardedElements(text: string): readonly (ForwardedElement | undefined)[] {
  return splitOutsideQuotes(text, ',').map(element => {
    const parameters = new Map<string, string>()
    const twice = new Set<string>()
    for (const part of splitOutsideQuotes(element, ';')) {
      const parameter = PARAMETER.exec(part)
      if (parameter === null) return undefined
      const name = parameter[1].toLowerCase()
      if (parameters.has(name)) twice.add(name)
      parameters.set(name, parameter[2] ?? parameter[3])
    }
    for (const name of twice) parameters.delete(name)
    return parameters
  })
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted
    if (isQuoted || text[at] !== separator) continue
    parts.push(text.slice(start, at))
    start = at + 1
  }
  parts.push(text.slice(start))
  return parts
}
