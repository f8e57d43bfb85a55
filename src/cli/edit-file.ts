import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const LOCK_TRIES = 50
const LOCK_PAUSE_MS = 100
const OWNER_ONLY = 0o600

/**
 * Changes a file as a whole: locks it, reads it, writes the new text beside it, and renames. Readers see the old text or the
 * new one. Keeps mode and owner; a new file is readable by its owner only. A file that does not exist has the text `''`.
 * Returns false if the file or its folder is read-only.
 *
 * @throws what `change` throws
 */
export async function editFile(path: string, change: (text: string) => string): Promise<boolean> {
  // A link, as in Kubernetes, stays: the file that it names is replaced.
  const file = existsSync(path) ? realpathSync(path) : path
  const lock = `${file}.lock`
  if (!(await acquire(lock))) return false
  try {
    const before = existsSync(file) ? statSync(file) : undefined
    const text = change(before === undefined ? '' : readFileSync(file, 'utf8'))
    const fresh = `${file}.new`
    writeDurably(fresh, text)
    if (before !== undefined) {
      chmodSync(fresh, before.mode)
      keepOwner(fresh, before)
    }
    renameSync(fresh, file)
    syncFolder(dirname(file))
    return true
  } catch (error) {
    if (isReadOnly(error)) return false
    throw error
  } finally {
    rmSync(lock, { force: true })
  }
}

/** Returns false if the folder is read-only. */
async function acquire(lock: string): Promise<boolean> {
  for (let left = LOCK_TRIES; ; left--) {
    try {
      closeSync(openSync(lock, 'wx', OWNER_ONLY))
      return true
    } catch (error) {
      if (isReadOnly(error)) return false
      if (!hasCode(error, ['EEXIST'])) throw error
      if (left === 0) throw new Error(`Somebody else edits the file; if nobody does, remove ${lock}`, { cause: error })
      await sleep(LOCK_PAUSE_MS)
    }
  }
}

function writeDurably(file: string, text: string): void {
  const descriptor = openSync(file, 'w', OWNER_ONLY)
  try {
    writeFileSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function keepOwner(file: string, { uid, gid }: { uid: number; gid: number }): void {
  const now = statSync(file)
  if (now.uid !== uid || now.gid !== gid) chownSync(file, uid, gid)
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const isReadOnly = (error: unknown): boolean => hasCode(error, ['EACCES', 'EROFS', 'EPERM'])

const hasCode = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))
