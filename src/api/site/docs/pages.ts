import { readFileSync } from 'node:fs'
import type { DocsConfig } from '../../../config/schema.ts'
import type { StaticPage } from '../../../http/static-page.ts'

/** Content Security Policy: the page may load files from this origin and call it. Nothing inline, nothing from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')
const HEADERS = { 'Content-Security-Policy': POLICY, 'Referrer-Policy': 'no-referrer' }

const HTML = 'text/html; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'
const STYLE = 'text/css; charset=utf-8'

/** The build copies Swagger UI beside the compiled code; from sources it is a development dependency. */
const STATIC = new URL('static/', import.meta.url)
const SWAGGER_UI = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const

export interface DocsOptions extends DocsConfig {
  /** Whether to serve a page at `/`, for people who open the bare address. */
  readonly frontPage?: boolean
}

/**
 * Returns the pages of the documentation: Swagger UI over `/openapi.json`, if the configuration turns it on.
 *
 * @throws Error if Swagger UI is not installed.
 */
export function docsPages({ page, hint, frontPage = false }: DocsOptions = { page: 'off' }): readonly StaticPage[] {
  if (page === 'off') return []
  const html = Buffer.from(documentation(hint))
  const swaggerUi = SWAGGER_UI.map(name => asset(name, readSwaggerUi(name)))
  const own = ['page.css', 'init.js'].map(name => asset(name, readFileSync(new URL(name, STATIC))))
  const front = frontPage ? [publicPage('/', HTML, Buffer.from(start(hint)))] : []
  return [...front, publicPage('/docs', HTML, html), ...swaggerUi, ...own]
}

function asset(name: string, body: Buffer): StaticPage {
  return publicPage(`/docs/${name}`, name.endsWith('.js') ? SCRIPT : STYLE, body)
}

function publicPage(path: string, contentType: string, body: Buffer): StaticPage {
  return { path, contentType, headers: HEADERS, body: () => body }
}

function readSwaggerUi(name: (typeof SWAGGER_UI)[number]): Buffer {
  try {
    return readFileSync(new URL(name, STATIC))
  } catch {
    return readInstalled(name)
  }
}

function readInstalled(name: string): Buffer {
  try {
    return readFileSync(new URL(import.meta.resolve(`swagger-ui-dist/${name}`)))
  } catch (cause) {
    throw new Error('docs.page is on, but swagger-ui-dist is not installed: run npm ci, or npm run build', { cause })
  }
}

function documentation(hint: string | undefined): string {
  return htmlOf(
    'Kafka REST proxy: the API',
    `${hintOf(hint, 'How to get a token for “Authorize”:')}
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script type="module" src="docs/init.js"></script>`
  )
}

function start(hint: string | undefined): string {
  return htmlOf(
    'Kafka REST proxy',
    `<h1>The gateway is running</h1>
<ul>
<li><a href="docs">The API</a>, to read and to try</li>
<li><a href="openapi.json">Its description</a> (OpenAPI)</li>
<li><a href="health/ready">Its health</a></li>
</ul>
${hintOf(hint, 'Every other path needs a token. How to get one:')}`
  )
}

/** Links are relative, so that the page works behind a proxy that adds a path prefix. */
function htmlOf(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
</head>
<body>
${body}
</body>
</html>
`
}

function hintOf(hint: string | undefined, text: string): string {
  return hint === undefined ? '' : `<p class="hint">${text}<code>${escaped(hint)}</code></p>`
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.codePointAt(0)};`)
}
