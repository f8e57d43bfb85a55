import { GatewayProcess } from '../../support/gateway-process.ts'
import { Balancer } from './balancer.ts'
import type { Timeline } from './timeline.ts'

export interface FleetOptions {
  readonly bootstrapServers: readonly string[]
  readonly gateways: number
  readonly settings?: Readonly<Record<string, object>>
  readonly timeline: Timeline
}

/** Processes of the gateway behind a balancer. */
export class Fleet {
  readonly balancer: Balancer
  readonly #options: FleetOptions
  readonly #gateways = new Map<string, GatewayProcess>()
  #started = 0

  private constructor(balancer: Balancer, options: FleetOptions) {
    this.balancer = balancer
    this.#options = options
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(await Balancer.start(), options)
    await Promise.all(Array.from({ length: options.gateways }, () => fleet.add()))
    return fleet
  }

  /** Oldest first. */
  get names(): readonly string[] {
    return [...this.#gateways.keys()]
  }

  async add(): Promise<string> {
    const { bootstrapServers, settings, timeline } = this.#options
    const name = `gateway-${++this.#started}`
    const gateway = await GatewayProcess.start({
      bootstrapServers,
      plain: true,
      settings: { ...settings, auth: { mode: 'none' } }
    })
    this.#gateways.set(name, gateway)
    this.balancer.add(name, gateway.port)
    timeline.note(`${name} serves`)
    return name
  }

  /** SIGKILL. The balancer finds out by itself. */
  async kill(name: string): Promise<void> {
    const gateway = this.#take(name)
    this.#options.timeline.note(`${name} is killed`)
    gateway.signal('SIGKILL')
    await gateway.stop()
    this.balancer.remove(name)
  }

  /** SIGTERM, unannounced. Resolves with the status of its end. */
  async stop(name: string): Promise<number | NodeJS.Signals | null> {
    const gateway = this.#take(name)
    this.#options.timeline.note(`${name} is told to stop`)
    const status = await gateway.stop()
    this.balancer.remove(name)
    this.#options.timeline.note(`${name} has ended with ${String(status)}`)
    return status
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#gateways.values(), gateway => gateway.stop()))
    await this.balancer.close()
  }

  #take(name: string): GatewayProcess {
    const gateway = this.#gateways.get(name)
    if (gateway === undefined) throw new RangeError(`There is no ${name}`)
    this.#gateways.delete(name)
    return gateway
  }
}
