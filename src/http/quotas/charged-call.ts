import type { Allowance } from './allowance.ts'

/** The part of a call that counts its records and charges the quotas of its caller. */
export abstract class ChargedCall {
  /** The caller's part of the quotas; undefined if none applies. */
  allowance: Allowance | undefined
  /** Number of records to store, or returned. */
  records: number | undefined

  charge(records: number, bytes: number): void {
    this.records = records
    this.allowance?.charge({ records, bytes })
  }

  reserve(): void {
    this.allowance?.reserve()
  }

  settle(records: number, bytes: number): void {
    this.records = records
    this.allowance?.settle({ records, bytes })
  }

  chargeAfter(records: number, bytes: number): number {
    this.records = (this.records ?? 0) + records
    return this.allowance?.chargeAfter({ records, bytes }) ?? 0
  }
}
