import { readFileSync } from 'node:fs'
import type { DocsConfig } from '../../config/schema.ts'
import type { PublicPage } from '../public-pages.ts'

/** What the browser may do with the page: run our files and call this origin. Nothing inline, nothing from elsewhere. */
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

const SCRIPT = 'text/javascript; charset=utf-8'
const STYLE = 'text/css; charset=utf-8'

/** The build copies Swagger UI beside the compiled code; from sources it is a development dependency. */
const STATIC = new URL('static/', import.meta.url)
const SWAGGER_UI = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const

/**
 * The documentation page: Swagger UI over `/openapi.json`. None unless the configuration has it.
 *
 * @throws Error where Swagger UI is not installed.
 */
export function docsPages({ page, hint }: DocsConfig = { page: 'off' }): readonly PublicPage[] {
  if (page === 'off') return []
  const html = Buffer.from(documentation(hint))
  const swaggerUi = SWAGGER_UI.map(name => asset(name, readSwaggerUi(name)))
  const own = ['page.css', 'init.js'].map(name => asset(name, readFileSync(new URL(name, STATIC))))
  return [publicPage('/docs', 'text/html; charset=utf-8', html), ...swaggerUi, ...own]
}

function asset(name: string, body: Buffer): PublicPage {
  return publicPage(`/docs/${name}`, name.endsWith('.js') ? SCRIPT : STYLE, body)
}

function publicPage(path: string, contentType: string, body: Buffer): PublicPage {
  return { method: 'GET', path, contentType, headers: HEADERS, body: () => body }
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

/** Addresses are relative: the page also works behind a proxy that puts a path before it. */
function documentation(hint: string | undefined): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kafka REST proxy: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
</head>
<body>
${hint === undefined ? '' : `<p class="hint">How to get a token for “Authorize”:<code>${escaped(hint)}</code></p>`}
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script type="module" src="docs/init.js"></script>
</body>
</html>
`
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.codePointAt(0)};`)
}
