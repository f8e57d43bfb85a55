import { Type } from '../core/json-schema.ts'
import { file, secret, secretFile, strict } from './fields.ts'

export const listen = Type.Object(
  {
    host: Type.String({ minLength: 1, default: '0.0.0.0', description: 'Address to listen on.' }),
    port: Type.Integer({
      minimum: 0,
      maximum: 65535,
      default: 9400,
      description: 'Port to listen on; 0 takes a free one.'
    }),
    tls: Type.Union(
      [
        Type.Literal('none'),
        Type.Object(
          {
            certFile: file('PEM certificate chain of the server.'),
            keyFile: file('PEM private key of the certificate.')
          },
          strict
        )
      ],
      { description: 'Certificate and key, or the word `none` for plain HTTP. There is no default.' }
    )
  },
  strict
)

export const management = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on; beyond this machine only with `management.token`.'
    }),
    port: Type.Integer({ minimum: 0, maximum: 65535, description: 'Port to listen on; 0 takes a free one.' }),
    token: Type.Optional(secret('Bearer token for all but health; without it whoever reaches the port is let in.')),
    tokenFile: secretFile('token'),
    tls: Type.Optional(
      Type.Object(
        {
          certFile: file('PEM certificate chain of the listener.'),
          keyFile: file('PEM private key of the certificate.')
        },
        { ...strict, description: 'Plain HTTP when left out.' }
      )
    )
  },
  {
    ...strict,
    description: 'A listener for operators: metrics, health in detail, log level, draining. None when left out.'
  }
)
