import { Type } from '../core/json-schema.ts'

export const strict = { additionalProperties: false }
export const milliseconds = (defaultMs: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: defaultMs, description })
export const bytes = (defaultBytes: number, description: string) =>
  Type.Integer({ minimum: 1024, maximum: 2 ** 40, default: defaultBytes, description })
export const file = (description: string) => Type.String({ minLength: 1, description })
/** A value that is never printed; each is also accepted as `<name>File`. */
export const secret = (description: string) => Type.String({ minLength: 1, description, secret: true })
/** The path of a secret's file, for those secrets that are read again while the gateway runs. */
export const secretFile = (secretName: string) =>
  Type.Optional(Type.String({ minLength: 1, description: '', fileOf: secretName }))
