import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import { MetadataRefresher } from '../../../src/kafka/metadata/metadata-refresher.ts'
import { silent } from '../transport/scripted-broker.ts'
import { partition, startCluster } from './scripted-cluster.ts'

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !condition(); await sleep(10))
    if (Date.now() > end) throw new Error('The condition did not come true')
}

suite('MetadataRefresher', () => {
  test('starts without Kafka, complains once, and is ready by itself when Kafka is there', async t => {
    const { scripted, brokers } = await startCluster(t, 1)
    await scripted[0].close()
    const logged: string[] = []
    const log = {
      ...silent,
      error: (_: object, text: string) => logged.push(text),
      info: (_: object, text: string) => logged.push(text)
    }
    const refresher = new MetadataRefresher(new MetadataCache(brokers, silent), 30_000, log)
    t.after(() => refresher.close())
    await refresher.start()
    assert.deepEqual([refresher.ready, logged], [false, ['Kafka cannot be reached']])
    await scripted[0].listen()
    await until(() => refresher.ready)
    assert.deepEqual(logged, ['Kafka cannot be reached', 'Kafka answers again'])
  })

  test('keeps topics fresh without being asked, and stops when closed', async t => {
    const { views, brokers } = await startCluster(t, 1)
    const cache = new MetadataCache(brokers, silent)
    const refresher = new MetadataRefresher(cache, 50, silent)
    await refresher.start()
    assert.equal(refresher.ready, true)
    views[0].topics.set('a', { partitions: [partition(0, 1)] })
    await cache.topic('a', Deadline.after(2000))
    views[0].topics.set('a', { partitions: [partition(0, 2, 1)] })
    await until(() => cache.peek('a')?.partitions[0].leader === 2)
    refresher.close()
    await sleep(20)
    const asked = views[0].asked.length
    await sleep(200)
    assert.equal(views[0].asked.length, asked)
  })
})
