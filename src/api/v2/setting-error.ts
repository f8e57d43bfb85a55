import { GatewayError } from '../../core/errors.ts'

/** A setting of a consumer instance whose refusal Confluent tells with a number of its own. */
export type OwnNumber = 'format' | 'constraint'

/** INVALID_INSTANCE, with the kind of the setting that is at fault. */
export class SettingError extends GatewayError {
  readonly setting: OwnNumber

  constructor(message: string, setting: OwnNumber) {
    super('INVALID_INSTANCE', message)
    this.setting = setting
  }
}
