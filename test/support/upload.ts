import { type ClientRequest, request as sendPlain } from 'node:http'
import { request as sendSecure } from 'node:https'
import { TestStream } from './stream.ts'

export interface UploadOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly ca?: Buffer
}

/** A request whose body is sent while its answer comes. */
export class TestUpload {
  readonly request: ClientRequest
  /** The answer, as soon as its head is there. */
  readonly answer: Promise<TestStream>

  constructor(url: string, { headers, ca }: UploadOptions) {
    const options = { method: 'POST', headers, agent: false, family: 4 }
    this.request = url.startsWith('https:') ? sendSecure(url, { ...options, ca }) : sendPlain(url, options)
    this.answer = new Promise((resolve, reject) => {
      this.request.on('response', response => resolve(new TestStream(response)))
      this.request.on('error', reject)
    })
    // A test that breaks the connection need not look at it.
    this.answer.catch(() => undefined)
    this.request.flushHeaders()
  }

  /** Sends records, a line each. Resolves once the kernel has them. */
  send(...records: readonly unknown[]): Promise<void> {
    return this.write(records.map(record => `${JSON.stringify(record)}\n`).join(''))
  }

  write(text: string | Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.request.write(text, error => (error ? reject(error) : resolve()))
    })
  }

  end(text = ''): void {
    this.request.end(text)
  }

  close(): void {
    this.request.destroy()
  }
}
