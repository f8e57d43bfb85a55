import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'

/**
 * A step of the build: lays beside the compiled code what the documentation page is made of, so that the package serves it
 * without Swagger UI being a dependency of those who install it.
 */
const root = new URL('../', import.meta.url)
const source = new URL('src/api/site/docs/static/', root)
const swaggerUi = new URL('./', import.meta.resolve('swagger-ui-dist/swagger-ui.css'))
const target = new URL('dist/api/site/docs/static/', root)

mkdirSync(target, { recursive: true })
for (const name of readdirSync(source)) copyFileSync(new URL(name, source), new URL(name, target))
for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE'])
  copyFileSync(new URL(name, swaggerUi), new URL(name, target))
