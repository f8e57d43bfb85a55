import { v1Api, v1Routes } from '../api/v1/api.ts'
import { v1Texts } from '../api/v1/document.ts'
import type { V1UseCases } from '../api/v1/route.ts'
import { v1Error } from '../api/v1/errors.ts'
import { siteApi, type SiteOptions } from '../api/site/api.ts'
import { type DescribedApi, descriptionOf } from '../api/site/description.ts'
import type { Api } from '../http/api.ts'

export interface ApisOptions extends V1UseCases, Pick<SiteOptions, 'docs' | 'ready'> {}

const described: readonly DescribedApi[] = [{ name: 'v1', texts: v1Texts, routes: v1Routes }]

/** Returns all that the listener serves. A new API is one line more. */
export function apisOf({ docs, ready, ...useCases }: ApisOptions): Api[] {
  return [v1Api(useCases), siteApi({ described, error: v1Error, docs, ready })]
}

/** Returns a description for people: as it is printed, and kept in `docs/`. */
export function apiDescriptionText(): string {
  return `${JSON.stringify(descriptionOf(described[0]), null, 2)}\n`
}
