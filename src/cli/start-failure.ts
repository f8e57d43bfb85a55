import { ListenError } from '../server/listen-error.ts'

const memberOf = (error: Error, name: string): string =>
  String(Object.getOwnPropertyDescriptor(error, name)?.value ?? '')

/** Returns a setting and its variable: `listen.port (KAFKA_REST_LISTEN_PORT)`. */
const setting = (section: string, name: string): string =>
  `${section}.${name} (KAFKA_REST_${section.toUpperCase()}_${name.toUpperCase()})`

/** Returns why a listener could not be opened and what to do; undefined for other errors. */
export const startFailure = (error: Error): string | undefined =>
  error instanceof ListenError && error.cause instanceof Error ? listenFailure(error.section, error.cause) : undefined

const listenFailure = (section: string, cause: Error): string | undefined => {
  const code = memberOf(cause, 'code')
  const port = memberOf(cause, 'port')
  const address = memberOf(cause, 'address') || memberOf(cause, 'hostname')
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is in use. Stop what listens there, or set ${setting(section, 'port')}.`
  if (code === 'EACCES')
    return `Port ${port} needs rights that this user lacks. Set ${setting(section, 'port')} to one from 1024 up.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${address} is no address of this machine. Set ${setting(section, 'host')}; 0.0.0.0 is all of them.`
  return undefined
}
