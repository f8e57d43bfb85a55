import { file, NETWORK, secret, secretFile } from './fields.ts'

export const listen = {
  type: 'object',
  required: ['tls'],
  properties: {
    host: { type: 'string', minLength: 1, default: '0.0.0.0', description: 'Address to listen on.' },
    port: {
      type: 'integer',
      minimum: 0,
      maximum: 65535,
      default: 9400,
      description: 'Port to listen on; 0 takes a free one.'
    },
    tls: {
      anyOf: [
        { type: 'string', const: 'none' },
        {
          type: 'object',
          required: ['certFile', 'keyFile'],
          properties: {
            certFile: file('PEM certificate chain of the server.'),
            keyFile: file('PEM private key of the certificate.'),
            clientAuth: {
              enum: ['off', 'request', 'require'],
              default: 'off',
              description:
                'Whether clients are asked for a certificate. With `require` every request but health needs one; browsers ask their user for it.'
            },
            clientCaFile: file('PEM certificates of the authorities of clients. There is no default.'),
            clientCrlFile: file(
              'PEM revocation lists, one of each of those authorities and in date: without it nobody of that authority is let in.'
            )
          },
          additionalProperties: false
        }
      ],
      description: 'Certificate and key, or the word `none` for plain HTTP. There is no default.'
    },
    trustedProxies: {
      type: 'array',
      items: NETWORK,
      default: [],
      description:
        'Networks of proxies in front that may say where a request comes from; from others it is ignored. `quotas.connectionsPerAddress` does not count their connections.'
    },
    clientAddressFrom: {
      enum: ['socket', 'x-forwarded-for', 'forwarded'],
      default: 'socket',
      description: 'The one field in which those proxies name the address of the client; the other is ignored.'
    },
    proxyProtocol: {
      enum: ['off', 'required'],
      default: 'off',
      description:
        'Whether each connection begins with a PROXY header (version 1 or 2), in which a balancer names the client. One without it is closed.'
    },
    proxyProtocolFrom: {
      type: 'array',
      items: NETWORK,
      default: [],
      description: 'Networks of those balancers. Connections from elsewhere are closed.'
    }
  },
  additionalProperties: false
} as const

export const management = {
  type: 'object',
  required: ['port'],
  properties: {
    host: {
      type: 'string',
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on; beyond this machine only with `management.token`.'
    },
    port: { type: 'integer', minimum: 0, maximum: 65535, description: 'Port to listen on; 0 takes a free one.' },
    token: secret('Bearer token for all but health; without it whoever reaches the port is let in.'),
    tokenFile: secretFile('token'),
    tls: {
      type: 'object',
      required: ['certFile', 'keyFile'],
      properties: {
        certFile: file('PEM certificate chain of the listener.'),
        keyFile: file('PEM private key of the certificate.')
      },
      additionalProperties: false,
      description: 'Plain HTTP when left out.'
    }
  },
  additionalProperties: false,
  description: 'A listener for operators: metrics, health in detail, log level, draining. None when left out.'
} as const
