import type { TestContext } from 'node:test'
import type { Dialect } from '../../../src/api/v2/record-form.ts'
import { type FrontSettings, startFront, TOKEN } from '../../http/support/front.ts'

export interface Answered {
  readonly status: number
  readonly type: string | null
  readonly headers: Headers
  readonly body: any // oxlint-disable-line typescript/no-explicit-any -- whatever was answered is compared whole
}

/** A front that speaks v2 in one dialect, and a way to ask it. */
export async function speaking(context: TestContext, dialect: Dialect, settings: FrontSettings = {}) {
  const front = await startFront(context, { ...settings, speaks: { v2: dialect, ...settings.speaks } })
  const ask = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Answered> => {
    const answer = await front.call(path, { ...init, headers: { authorization: TOKEN, ...headers } })
    const text = await answer.text()
    const body: unknown = text === '' ? '' : JSON.parse(text)
    return { status: answer.status, type: answer.headers.get('content-type'), headers: answer.headers, body }
  }
  return { ...front, ask }
}
