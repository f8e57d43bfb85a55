import { siteApi, type SiteOptions } from '../api/site/api.ts'
import { type DescribedApi, descriptionOf } from '../api/site/description.ts'
import { v1Api, v1Routes } from '../api/v1/api.ts'
import { v1Texts } from '../api/v1/document.ts'
import { v1Error } from '../api/v1/errors.ts'
import { v2Api, v2Routes, type V2Options } from '../api/v2/api.ts'
import { v2Texts } from '../api/v2/document.ts'
import type { Dialect } from '../api/v2/record-form.ts'
import type { ApisConfig } from '../config/schema.ts'
import type { Api } from '../http/api.ts'

export interface ApisOptions
  extends
    Pick<V2Options, 'gateway' | 'consumers' | 'stickyCookie' | 'limits' | 'log' | 'meter' | 'ready'>,
    Pick<SiteOptions, 'docs'> {
  readonly apis: ApisConfig
}

const describedV1: DescribedApi = { name: 'v1', texts: v1Texts, routes: v1Routes }

function describedV2(dialect: Dialect): DescribedApi {
  // Strimzi's paths for its own.
  return { name: 'v2', texts: v2Texts(dialect), routes: v2Routes(dialect), alsoAt: ['/openapi', '/openapi/v3'] }
}

/** Returns all that the listener serves. */
export function apisOf({
  apis: { v1, v2, v2Status, autoCreateTopics, publicUrl, pathPrefix },
  docs,
  ...useCases
}: ApisOptions): Api[] {
  const apis: Api[] = []
  const described: DescribedApi[] = []
  if (v1 === 'on') {
    apis.push(v1Api(useCases))
    described.push(describedV1)
  }
  if (v2 !== 'off') {
    const root = docs?.frontPage !== true
    apis.push(v2Api({ ...useCases, dialect: v2, v2Status, autoCreateTopics, root }))
    described.push(describedV2(v2))
  }
  const address = publicUrl ?? pathPrefix
  return [
    ...apis,
    siteApi({ described: described.map(api => at(address, api)), error: v1Error, docs, ready: useCases.ready })
  ]
}

/** Returns an API whose description names the address that its paths are below, if one is configured. */
function at(address: string | undefined, api: DescribedApi): DescribedApi {
  if (address === undefined) return api
  const servers = [{ url: address, description: 'The gateway.' }]
  return { ...api, texts: { ...api.texts, servers } }
}

/** Returns a description for people: as it is printed, and kept in `docs/`. That of v1 unless a dialect of v2 is given. */
export function apiDescriptionText(v2?: Dialect): string {
  const described = v2 === undefined ? describedV1 : describedV2(v2)
  return `${JSON.stringify(descriptionOf(described), null, 2)}\n`
}
