import { writeFileSync } from 'node:fs'
import { kafkaJars, kafkaVersion } from '../src/dev/kafka/jars.ts'
import { generate, generateNames } from './messages/generate.ts'

/** `npm run messages:generate`: writes `src/kafka/messages/` and `src/core/kafka-apis.ts` from the definitions in Kafka's own jar. */
const libs = await kafkaJars('.local', line => process.stderr.write(`${line}\n`))
const modules = await generate(libs, kafkaVersion)
for (const [file, text] of modules) writeFileSync(new URL(`../src/kafka/messages/${file}`, import.meta.url), text)
writeFileSync(new URL('../src/core/kafka-apis.ts', import.meta.url), await generateNames(libs, kafkaVersion))
process.stdout.write(`${modules.size} messages of Kafka ${kafkaVersion}\n`)
