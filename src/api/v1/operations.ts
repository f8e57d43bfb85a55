import type { Described } from '../../http/openapi/operation.ts'
import { consumeCall, produceCall } from './record-operations.ts'
import {
  createTopicCall,
  deleteTopicCall,
  getPartitionCall,
  listBrokersCall,
  listPartitionsCall,
  listTopicsCall
} from './topic-operations.ts'

/** What the description says of v1, in the order in which it is read. */
export const v1Operations: readonly Described[] = [
  produceCall,
  consumeCall,
  listTopicsCall,
  createTopicCall,
  deleteTopicCall,
  listPartitionsCall,
  getPartitionCall,
  listBrokersCall
]
