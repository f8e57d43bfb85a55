import { readFile } from 'node:fs/promises'

/** Of the package, by its package.json, which lies equally far from `src/server/` and from `dist/server/`. */
export const packageVersion = async (): Promise<string> => {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  if (!isManifest || typeof manifest.version !== 'string') throw new Error('package.json states no version')
  return manifest.version
}
