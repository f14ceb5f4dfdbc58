// A real Bluesky network on loopback: directory, server (PDS), view of the network (AppView), without moderation and chat.
//   DB_URL=… node network.mjs NAME…
// Makes an account for each NAME and prints one line of JSON: {"pds": address, "people": {NAME: {did, handle, password, app}}}.
// Then every line on standard input is a command, answered by a line: {"clock": seconds} moves this process's clock, so that tokens
// run out; {"settle": true} answers when the view has seen all that the server has. Ends with its standard input.
import { createServer, Server } from 'node:net'
import { createInterface } from 'node:readline'

let offset = 0
const RealDate = Date
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length) super(...args)
    else super(RealDate.now() + offset)
  }
  static now() {
    return RealDate.now() + offset
  }
}
// All servers on loopback, whatever they ask for.
const listen = Server.prototype.listen
Server.prototype.listen = function (...args) {
  if (typeof args[0] === 'object' && args[0] !== null && 'port' in args[0]) args[0] = { ...args[0], host: '127.0.0.1' }
  else if (Number.isInteger(Number(args[0]))) args = [Number(args[0]), '127.0.0.1', ...args.slice(1).filter((arg) => typeof arg === 'function')]
  return listen.apply(this, args)
}
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const { TestBsky, TestBsync, TestPds, TestPlc, mockNetworkUtilities } = await import('@atproto/dev-env')

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}

const dbUrl = process.env.DB_URL
const plc = await TestPlc.create({})
const pdsPort = await freePort()
const bsync = await TestBsync.create({ apiKeys: ['key'], dbUrl, dbSchema: 'bsync' })
const bsky = await TestBsky.create({
  plcUrl: plc.url, pdsPort, repoProvider: `ws://localhost:${pdsPort}`, dbPostgresUrl: dbUrl, dbPostgresSchema: 'appview',
  bsyncUrl: bsync.url, bsyncApiKey: 'key',
})
bsync.ctx.dataplaneClients = [bsky.ctx.dataplane]
const pds = await TestPds.create({ port: pdsPort, didPlcUrl: plc.url, bskyAppViewUrl: bsky.url, bskyAppViewDid: bsky.ctx.cfg.serverDid })
mockNetworkUtilities(pds, bsky)
// Nothing here may ask the internet: there is no chat service, and its name is not looked up.
const resolve = pds.ctx.idResolver.did.resolveNoCache
pds.ctx.idResolver.did.resolveNoCache = async (did) => (did.startsWith('did:web:') ? null : resolve.call(pds.ctx.idResolver.did, did))

const people = {}
for (const name of process.argv.slice(2)) {
  const handle = `${name}.test`
  const password = `${name}-password`
  const agent = pds.getAgent()
  await agent.createAccount({ email: `${name}@mail.test`, handle, password })
  const { data } = await agent.com.atproto.server.createAppPassword({ name: 'answerd', privileged: true })
  people[name] = { did: agent.assertDid, handle, password, app: data.password }
}

async function settle() {
  await pds.processAll()
  const last = await pds.ctx.sequencer.curr()
  for (let i = 0; i < 1000; i++) {
    await bsky.sub.processAll()
    if ((await bsky.sub.getCursor()) >= last) break
    await new Promise((done) => setTimeout(done, 20))
  }
  await bsky.sub.processAll()
}

say({ pds: `http://127.0.0.1:${pdsPort}`, people })
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  if ('clock' in command) offset = command.clock * 1000
  if (command.settle) await settle()
  say({ ok: true })
}
const end = setTimeout(() => process.exit(0), 5000)
await Promise.allSettled([bsky.close(), bsync.close(), pds.close(), plc.close()])
clearTimeout(end)
process.exit(0)
