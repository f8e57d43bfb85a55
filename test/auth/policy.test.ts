import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Policy, type Identity } from '../../src/auth/policy.ts'
import { TopicGrants } from '../../src/auth/topic-grants.ts'
import type { RuleConfig } from '../../src/config/auth-schema.ts'
import { accessWithoutRules, operations, type Access } from '../../src/core/principal.ts'

const ID = 'ABCDEF00-0000-4000-8000-000000000001'

function rule(changes: Partial<RuleConfig>): RuleConfig {
  return {
    groups: [],
    roles: [],
    principals: [],
    issuers: [],
    operations: ['read'],
    topics: ['*'],
    consumerGroups: [],
    ...changes
  }
}

/** The providers of the tests. */
const oidc = ['https://one.example', 'https://two.example'].map(issuer => ({ issuer, issuerAliases: [], tenants: [] }))

function who(changes: Partial<Identity> = {}): Identity {
  return { issuer: 'https://one.example', id: 'ann', member: false, groups: [], roles: [], ...changes }
}

function allowed(access: Access | null, topic: string): string {
  return operations.filter(operation => access?.allows(operation, 'topic', topic)).join(' ')
}

suite('Rules', () => {
  const access = (rules: RuleConfig[], identity = who()) =>
    new Policy({ oidc, permittedGroups: ['staff'], rules }).accessOf(identity)

  test('without rules a member may do everything and nobody else anything', () => {
    assert.equal(access([], who({ member: true })), accessWithoutRules)
    assert.equal(access([]), null)
  })

  test('with rules a member whom none names is let in and may do nothing', () => {
    const member = access([rule({ principals: ['bob'] })], who({ member: true }))
    assert.notEqual(member, null)
    assert.equal(allowed(member, 'orders'), '')
  })

  test('whoever is neither a member nor named is not let in', () => {
    assert.equal(access([rule({ principals: ['bob'], groups: ['g'], roles: ['r'] })]), null)
  })

  test('any rule that grants suffices, and what they grant adds up', () => {
    const rules = [
      rule({ principals: ['ann'], operations: ['read'], topics: ['orders'] }),
      rule({ groups: ['g'], operations: ['write'], topics: ['ord*'] }),
      rule({ principals: ['bob'], operations: ['delete'] })
    ]
    const both = access(rules, who({ groups: ['g'] }))
    assert.equal(allowed(both, 'orders'), 'read write describe')
    assert.equal(allowed(both, 'order'), 'write describe')
    assert.equal(allowed(both, 'other'), '')
    assert.equal(allowed(access(rules), 'order'), '')
  })

  test('read, write, delete and alter imply describe; create implies nothing', () => {
    for (const operation of ['read', 'write', 'delete', 'alter']) {
      const given = allowed(access([rule({ principals: ['ann'], operations: [operation] })]), 't').split(' ')
      assert.deepEqual(given.toSorted(), ['describe', operation].toSorted())
    }
    assert.equal(allowed(access([rule({ principals: ['ann'], operations: ['create'] })]), 't'), 'create')
    assert.equal(allowed(access([rule({ principals: ['ann'], operations: ['describe'] })]), 't'), 'describe')
  })

  test('a literal is the whole name, a prefix its start, both in their own case and alphabet', () => {
    const rules = [rule({ principals: ['ann'], topics: ['Orders', 'log.*', 'a.b'] })]
    const read = (topic: string) => access(rules)?.allows('read', 'topic', topic)
    for (const topic of ['Orders', 'log.', 'log.x', 'log.*', 'a.b']) assert.equal(read(topic), true, topic)
    const foreign = [
      'orders',
      'ORDERS',
      'Orders ',
      'Orders2',
      'Order',
      'log',
      'LOG.x',
      'xlog.x',
      'axb',
      'Оrders',
      'Ｏrders',
      ''
    ]
    for (const topic of foreign) assert.equal(read(topic), false, topic)
  })

  test('names of members that every object has are names like others', () => {
    const rules = [rule({ principals: ['ann'], topics: ['constructor'] })]
    assert.equal(access(rules)?.allows('read', 'topic', '__proto__'), false)
    assert.equal(access(rules)?.allows('read', 'topic', 'constructor'), true)
  })

  test('a group is no role, a role no group, and neither is a principal', () => {
    const rules = [rule({ groups: ['g'] }), rule({ roles: ['r'] }), rule({ principals: ['p'] })]
    for (const identity of [{ groups: ['r', 'p'] }, { roles: ['g', 'p'] }, { id: 'g' }, { id: 'r' }])
      assert.equal(access(rules, who(identity)), null, JSON.stringify(identity))
  })

  test('a rule for one issuer names nobody of another', () => {
    const rules = [rule({ principals: ['ann'], groups: ['g'], issuers: ['https://one.example'] })]
    assert.equal(allowed(access(rules), 't'), 'read describe')
    assert.equal(access(rules, who({ issuer: 'https://two.example', groups: ['g'] })), null)
  })

  test('a rule for the template of an issuer is one for each of its tenants', () => {
    const tenants = ['0000000a', '0000000b'].map(start => `${start}-0000-4000-8000-000000000000`)
    const templates = {
      issuer: 'https://v2.example/{tenantid}',
      issuerAliases: ['https://v1.example/{tenantid}'],
      tenants
    }
    const rules = [rule({ principals: ['ann'], issuers: [templates.issuer] })]
    const policy = new Policy({ oidc: [templates, ...oidc], permittedGroups: [], rules })
    for (const tenant of tenants) {
      assert.notEqual(policy.accessOf(who({ issuer: `https://v2.example/${tenant}` })), null)
      assert.equal(policy.accessOf(who({ issuer: `https://v1.example/${tenant}` })), null)
    }
    assert.equal(policy.accessOf(who({ issuer: 'https://v2.example/0000000c-0000-4000-8000-000000000000' })), null)
  })

  test('the groups of a provider let in its own callers only, and Graph is asked for those of the issuer only', () => {
    const [one, two] = oidc
    const policy = new Policy({
      oidc: [
        { ...one, permittedGroups: ['staff', ID] },
        { ...two, permittedGroups: ['guests'] }
      ],
      permittedGroups: [],
      rules: []
    })
    const judged = (group: string) => [one, two].map(({ issuer }) => policy.isPermitted(issuer, group))
    assert.deepEqual(judged('staff'), [true, false])
    assert.deepEqual(judged('guests'), [false, true])
    assert.deepEqual(judged(ID.toLowerCase()), [true, false])
    assert.deepEqual([policy.groupIdsFor(one.issuer), policy.groupIdsFor(two.issuer)], [[ID.toLowerCase()], []])
  })

  test('GUIDs are the same in any case, names are not', () => {
    const rules = [rule({ groups: [ID, 'Staff'] })]
    assert.notEqual(access(rules, who({ groups: [ID.toLowerCase()] })), null)
    assert.equal(access(rules, who({ groups: ['staff'] })), null)
  })

  test('callers whom the same rules name share what was compiled, others do not', () => {
    const policy = new Policy({ oidc, permittedGroups: [], rules: [rule({ groups: ['g'] }), rule({ groups: ['h'] })] })
    const one = policy.accessOf(who({ groups: ['g'] }))
    assert.equal(policy.accessOf(who({ id: 'bob', groups: ['g', 'x'] })), one)
    assert.notEqual(policy.accessOf(who({ groups: ['h'] })), one)
  })

  test('Graph is asked for the GUIDs of the configuration, each once', () => {
    const policy = new Policy({
      oidc,
      permittedGroups: [ID, 'staff'],
      rules: [rule({ groups: [ID.toLowerCase(), 'g', ID.replace('1', '2')] })]
    })
    assert.deepEqual(policy.groupIdsFor('https://one.example'), [ID.toLowerCase(), ID.replace('1', '2').toLowerCase()])
    assert.deepEqual(policy.groupIdsFor('https://elsewhere.example'), [])
  })

  test('any number of literals and prefixes grants what comparing them one by one would', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 4 })
    const grant = fc.record({
      operations: fc.uniqueArray(fc.constantFrom(...operations), { minLength: 1 }),
      topics: fc.array(
        fc.oneof(
          text,
          text.map(prefix => `${prefix}*`)
        ),
        { minLength: 1, maxLength: 5 }
      )
    })
    fc.assert(
      fc.property(
        fc.array(grant, { maxLength: 6 }),
        text,
        fc.constantFrom(...operations),
        (grants, topic, operation) => {
          const expected = grants.some(
            given =>
              given.topics.some(name => (name.endsWith('*') ? topic.startsWith(name.slice(0, -1)) : topic === name)) &&
              (given.operations.includes(operation) ||
                (operation === 'describe' && given.operations.some(each => each !== 'create')))
          )
          assert.equal(new TopicGrants(grants).allows(operation, 'topic', topic), expected)
        }
      )
    )
  })
})

suite('Consumer groups', () => {
  test('are granted by rules that name them, apart from topics', () => {
    const access = new TopicGrants([
      { operations: ['read'], topics: ['orders'], consumerGroups: ['billing*'] },
      { operations: ['delete'], topics: [], consumerGroups: ['old'] }
    ])
    assert.ok(access.allows('read', 'consumerGroup', 'billing-1'))
    assert.ok(access.allows('describe', 'consumerGroup', 'billing-1'))
    assert.ok(!access.allows('delete', 'consumerGroup', 'billing-1'))
    assert.ok(access.allows('delete', 'consumerGroup', 'old'))
    assert.ok(!access.allows('read', 'consumerGroup', 'orders'))
    assert.ok(!access.allows('read', 'topic', 'billing-1'))
    assert.ok(!access.allows('describe', 'cluster', 'kafka-cluster'))
  })

  test('may be read and described by everybody where there are no rules, and nothing more', () => {
    const allowed = operations.filter(operation => accessWithoutRules.allows(operation, 'consumerGroup', 'g'))
    assert.deepEqual(allowed, ['read', 'describe'])
  })
})
