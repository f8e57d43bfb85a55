import { chooseType } from '../../http/negotiate.ts'
import { type ManagementRoute, operator } from './route.ts'

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const EXPOSITIONS = [PROMETHEUS, OPEN_METRICS]

export const metrics: ManagementRoute = {
  ...operator,
  method: 'GET',
  path: '/metrics',
  offers: EXPOSITIONS,
  async handle({ headers }, useCases) {
    const type = chooseType(headers.accept, EXPOSITIONS) ?? PROMETHEUS
    return {
      status: 200,
      body: Buffer.from(await useCases.metrics(type === OPEN_METRICS ? 'openmetrics' : 'prometheus')),
      headers: { 'Content-Type': type, Vary: 'Accept' }
    }
  }
}
