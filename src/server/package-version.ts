import { readFile } from 'node:fs/promises'

/** Reads the version from package.json, which is two folders above both `src/server/` and `dist/server/`. */
export const packageVersion = async (): Promise<string> => {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  if (!isManifest || typeof manifest.version !== 'string') throw new Error('package.json states no version')
  return manifest.version
}
