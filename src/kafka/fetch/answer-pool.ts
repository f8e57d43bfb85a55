import { BufferPool } from '../../core/lib/buffer-pool.ts'

const POOL_BYTES = 32 * 1024 * 1024

/** Memory for the answers to Fetch requests. */
export const answerPool = new BufferPool(POOL_BYTES)
