import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Scram } from '../../../src/kafka/transport/scram.ts'

/** The example of RFC 7677, section 3. */
const RFC = {
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  final: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='
}
const scram = (password = 'pencil') => new Scram('sha256', 'user', password, RFC.nonce)

suite('SCRAM', () => {
  test('says what the RFC says, and is convinced by the server of the RFC', async () => {
    const client = scram()
    assert.equal(client.first().toString(), RFC.first)
    assert.equal((await client.next(Buffer.from(RFC.serverFirst)))?.toString(), RFC.final)
    assert.equal(await client.next(Buffer.from(RFC.serverFinal)), null)
  })

  test('is not convinced by a server that does not know the password', async () => {
    for (const signature of [RFC.serverFinal.replace('v=6', 'v=7'), 'v=', 'v=AAAA', '']) {
      const client = scram()
      await client.next(Buffer.from(RFC.serverFirst))
      await assert.rejects(client.next(Buffer.from(signature)), /does not know the password/, signature)
    }
  })

  test('tells what the server refuses', async () => {
    const client = scram('wrong')
    await client.next(Buffer.from(RFC.serverFirst))
    await assert.rejects(client.next(Buffer.from('e=invalid-proof')), /authentication failed: invalid-proof/)
  })

  for (const [what, serverFirst] of [
    ['a nonce that does not begin with its own', RFC.serverFirst.replace('r=r', 'r=x')],
    ['its own nonce and nothing more', `r=${RFC.nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['no salt', RFC.serverFirst.replace(/s=[^,]*/, 's=')],
    ['fewer iterations than the RFC allows', RFC.serverFirst.replace('4096', '4095')],
    ['iterations without end', RFC.serverFirst.replace('4096', '99999999999')],
    ['iterations that are no number', RFC.serverFirst.replace('4096', 'many')]
  ]) {
    test(`sends no proof to a server that names ${what}`, async () => {
      await assert.rejects(scram().next(Buffer.from(serverFirst)), /SASL authentication failed/)
    })
  }

  test('a name may hold what the protocol uses itself, and each conversation has a nonce of its own', () => {
    assert.equal(new Scram('sha512', 'a=b,c', 'x', 'n').first().toString(), 'n,,n=a=3Db=2Cc,r=n')
    assert.notDeepEqual(new Scram('sha512', 'u', 'x').first(), new Scram('sha512', 'u', 'x').first())
  })
})
