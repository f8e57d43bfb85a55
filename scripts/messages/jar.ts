import { readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'

const END_OF_DIRECTORY = 0x06054b50
const END_BYTES = 22
const STORED = 0

/** Returns a function that reads one file of a jar. It throws RangeError if there is no such file. */
export function openJar(path: string): (name: string) => Buffer {
  const jar = readFileSync(path)
  const end = jar.length - END_BYTES
  if (jar.readUInt32LE(end) !== END_OF_DIRECTORY) throw new RangeError(`${path} is no jar, or ends in a comment`)
  const entries = new Map<string, number>()
  let at = jar.readUInt32LE(end + 16)
  for (let count = jar.readUInt16LE(end + 10); count > 0; count--) {
    const nameBytes = jar.readUInt16LE(at + 28)
    entries.set(jar.toString('utf8', at + 46, at + 46 + nameBytes), at)
    at += 46 + nameBytes + jar.readUInt16LE(at + 30) + jar.readUInt16LE(at + 32)
  }
  return name => {
    const entry = entries.get(name)
    if (entry === undefined) throw new RangeError(`${path} has no ${name}`)
    const local = jar.readUInt32LE(entry + 42)
    const start = local + 30 + jar.readUInt16LE(local + 26) + jar.readUInt16LE(local + 28)
    const content = jar.subarray(start, start + jar.readUInt32LE(entry + 20))
    return jar.readUInt16LE(entry + 10) === STORED ? content : inflateRawSync(content)
  }
}
