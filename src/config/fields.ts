export const milliseconds = (defaultMs: number, description: string) =>
  ({ type: 'integer', minimum: 1, maximum: 86_400_000, default: defaultMs, description }) as const
export const bytes = (defaultBytes: number, description: string) =>
  ({ type: 'integer', minimum: 1024, maximum: 2 ** 40, default: defaultBytes, description }) as const
export const file = (description: string) => ({ type: 'string', minLength: 1, description }) as const
/** A value that is never printed; each is also accepted as `<name>File`. */
export const secret = (description: string) => ({ type: 'string', minLength: 1, description, secret: true }) as const
/** The path of a secret's file, for those secrets that are read again while the gateway runs. */
export const secretFile = (secretName: string) =>
  ({ type: 'string', minLength: 1, description: '', fileOf: secretName }) as const

export const NETWORK = {
  type: 'string',
  pattern: '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$',
  expects: 'a network such as 10.0.0.0/8'
} as const
