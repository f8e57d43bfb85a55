import { runCommandLine } from './cli/run.ts'

const exitCode = await runCommandLine(process.argv.slice(2))
// What a failed start left open must not keep the process alive.
if (exitCode !== 0) process.exit(exitCode)
