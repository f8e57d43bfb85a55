const memberOf = (error: Error, name: string): string =>
  String(Object.getOwnPropertyDescriptor(error, name)?.value ?? '')

/** What an operator can do about a start that the system or OpenSSL refused; undefined for all other errors. */
export const startFailure = (error: Error): string | undefined => {
  const code = memberOf(error, 'code')
  const port = memberOf(error, 'port')
  const address = memberOf(error, 'address') || memberOf(error, 'hostname')
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is in use. Stop what listens there, or set listen.port (KAFKA_REST_LISTEN_PORT).`
  if (code === 'EACCES' && /^(listen|bind)$/.test(memberOf(error, 'syscall')))
    return `Port ${port} needs rights that this user lacks. Set listen.port (KAFKA_REST_LISTEN_PORT) to one from 1024 up.`
  if (code === 'EADDRNOTAVAIL' || (code === 'ENOTFOUND' && memberOf(error, 'syscall') === 'getaddrinfo'))
    return `${address} is no address of this machine. Set listen.host (KAFKA_REST_LISTEN_HOST); 0.0.0.0 is all of them.`
  if (code.startsWith('ERR_OSSL_'))
    return `The certificate or its key cannot be used (${error.message}). listen.tls.certFile and listen.tls.keyFile must be PEM files that belong together.`
  return undefined
}
