import type { Api } from '../../http/api.ts'
import { boundTo } from '../../http/route.ts'
import { staticRoutes } from '../../http/static-page.ts'
import { type DescribedApi, descriptionPages } from './description.ts'
import { docsPages, type DocsOptions } from './docs/pages.ts'
import { healthRoutes, type Readiness } from './health.ts'

export interface SiteOptions extends Readiness {
  /** The APIs that have a description. The first one's is also at `/openapi.json`. */
  readonly described: readonly DescribedApi[]
  /** Form of errors at every path that no other API has. */
  readonly error: Api['error']
  /** No documentation page when left out. */
  readonly docs?: DocsOptions | undefined
}

/** Serves what belongs to no dialect: health, descriptions, documentation. Answers for every path that no other API has. */
export function siteApi({ described, error, docs, ready }: SiteOptions): Api {
  const pages = [...descriptionPages(described), ...docsPages(docs)]
  return { version: '', prefixes: ['/'], routes: [...boundTo({ ready }, healthRoutes), ...staticRoutes(pages)], error }
}
