import type { Api } from '../../http/api.ts'
import { boundTo } from '../../http/route.ts'
import { staticRoutes } from '../../http/static-page.ts'
import { type DescribedApi, descriptionPages } from './description.ts'
import { docsPages, type DocsOptions } from './docs/pages.ts'
import { healthRoutes, type Readiness } from './health.ts'

export interface SiteOptions extends Readiness {
  /** The first one's errors are those of every path that is no API's. */
  readonly described: readonly DescribedApi[]
  readonly error: Api['error']
  /** No documentation page when left out. */
  readonly docs?: DocsOptions | undefined
}

/** What belongs to no API, and answers for every path that is nobody's: health, descriptions, documentation. */
export function siteApi({ described, error, docs, ready }: SiteOptions): Api {
  const pages = [...descriptionPages(described), ...docsPages(docs)]
  return { version: '', prefixes: ['/'], routes: [...boundTo({ ready }, healthRoutes), ...staticRoutes(pages)], error }
}
