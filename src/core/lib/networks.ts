import { BlockList, isIP } from 'node:net'

/** Returns the addresses that a list of networks holds. Throws an Error that names what is no network. */
export function networksOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const { address, family, prefix } = networkParts(network)
    list.addSubnet(address, prefix, family)
  }
  return list
}

/** Returns what is wrong with a network; undefined if nothing is. */
export function networkProblem(network: string): string | undefined {
  try {
    networkParts(network)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function networkParts(network: string): { address: string; family: 'ipv4' | 'ipv6'; prefix: number } {
  const [address, length, ...more] = network.split('/')
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  const prefix = length === undefined ? most : Number(/^\d{1,3}$/.exec(length)?.[0] ?? Number.NaN)
  if (version === 0 || more.length > 0 || !(prefix <= most))
    throw new Error(`${JSON.stringify(network.slice(0, 60))} is no network, such as 10.0.0.0/8`)
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix }
}

/** Returns whether an address is in one of the networks. An IPv4 address in IPv6 form counts as itself. */
export function isWithin(list: BlockList, address: string | undefined): boolean {
  if (address === undefined) return false
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
}
