/**
 * Loads OpenTelemetry. It is larger than the gateway and most run without it, so its packages are optional peers, installed
 * by those who configure traces. Throws an Error that says how.
 */
export async function loadPackages() {
  try {
    const [api, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http')
    ])
    return { api, sdk, resources, OTLPTraceExporter }
  } catch (cause) {
    throw notInstalled(cause)
  }
}

/** Throws the same Error if a package is missing, without loading any. */
export function assertInstalled(): void {
  try {
    for (const name of Object.keys(OPTIONAL_PACKAGES)) import.meta.resolve(name)
  } catch (cause) {
    throw notInstalled(cause)
  }
}

function notInstalled(cause: unknown): Error {
  const packages = Object.entries(OPTIONAL_PACKAGES).map(([name, version]) => `${name}@${version}`)
  const command = `npm install ${packages.join(' ')}`
  return new Error(`traces.endpoint is set, but OpenTelemetry is not installed; run: ${command}`, { cause })
}

export type TracePackages = Awaited<ReturnType<typeof loadPackages>>

/** The versions of `peerDependencies`; a test compares the two. */
export const OPTIONAL_PACKAGES = {
  '@opentelemetry/api': '1.10.0',
  '@opentelemetry/exporter-trace-otlp-http': '0.301.0',
  '@opentelemetry/resources': '3.1.0',
  '@opentelemetry/sdk-trace': '3.1.1'
}
