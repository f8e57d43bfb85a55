import { after, before } from 'node:test'
import { GatewayProcess } from '../../support/gateway-process.ts'
import { FaultCluster, type FaultClusterOptions } from './cluster.ts'

/** A cluster to break, and a gateway before it. */
export interface Stand {
  readonly cluster: FaultCluster
  readonly gateway: GatewayProcess
}

/** For the tests of the suite that asks: there when they begin, gone when they have ended. */
export function useStand(options: FaultClusterOptions = {}, settings: Readonly<Record<string, object>> = {}): Stand {
  let cluster: FaultCluster
  let gateway: GatewayProcess
  before(async () => {
    cluster = await FaultCluster.start(options)
    gateway = await GatewayProcess.start({ bootstrapServers: cluster.bootstrapServers, settings })
  })
  after(async () => {
    await gateway.stop()
    await cluster.close()
  })
  return {
    get cluster() {
      return cluster
    },
    get gateway() {
      return gateway
    }
  }
}
