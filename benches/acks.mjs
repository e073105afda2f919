// A receiver of acknowledgements as a Node program would have it: Fastify and better-sqlite3 (WAL, synchronous=FULL).
//
//     node acks.mjs prepare DATABASE IDS      makes a delivery, sent, for each line of IDS, and ends
//     node acks.mjs each|gathered DATABASE    prints its address, receives until its input ends, prints its counts
//
// It verifies the signature of the raw body, reads it, moves the delivery forward and answers after the commit, as the other side
// does: with `each` one commit for each event, with `gathered` one for all that came in one turn of the event loop.
// NODE_PEERS is the folder in which both modules are installed.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.env.NODE_PEERS, "node_modules", "peers.js"));
const fastify = require("fastify");
const Database = require("better-sqlite3");

const STATES = { SERVER: 4, DEVICE: 5, READ: 6, PLAYED: 7 };
const [way, path, ids] = process.argv.slice(2);

const database = new Database(path);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");

if (way === "prepare") {
  await prepare();
} else {
  await receive(way === "gathered");
}

async function prepare() {
  database.exec(
    "CREATE TABLE delivery (id INTEGER PRIMARY KEY, message_id TEXT NOT NULL, state INTEGER NOT NULL, changed_at INTEGER NOT NULL)",
  );
  const insert = database.prepare("INSERT INTO delivery (message_id, state, changed_at) VALUES (?, ?, ?)");
  database.exec("BEGIN");
  for await (const id of createInterface({ input: createReadStream(ids) })) {
    insert.run(id, STATES.SERVER, Date.now());
  }
  database.exec("COMMIT");
  database.exec("CREATE UNIQUE INDEX delivery_message_id ON delivery (message_id)");
  database.close();
}

async function receive(gathers) {
  const key = process.env.WEBHOOK_KEY;
  const advance = database.prepare("UPDATE delivery SET state = ?, changed_at = ? WHERE message_id = ? AND state < ?");
  const move = ({ id, state }) => advance.run(state, Date.now(), id, state);
  const moveAll = database.transaction((events) => events.forEach(move));

  let queue = [];
  const commit = () => {
    const waiting = queue;
    queue = [];
    try {
      moveAll(waiting.map(({ event }) => event));
      waiting.forEach(({ resolve }) => resolve());
    } catch (error) {
      waiting.forEach(({ reject }) => reject(error));
    }
  };
  const keep = (event) => {
    if (!gathers) return void move(event);
    return new Promise((resolve, reject) => {
      if (queue.push({ event, resolve, reject }) === 1) setImmediate(commit);
    });
  };

  const server = fastify();
  server.addContentTypeParser("application/json", { parseAs: "buffer" }, (_, body, done) => done(null, body));
  server.post("/webhook", async (request, reply) => {
    const signature = Buffer.from(request.headers["x-webhook-hmac"] ?? "", "hex");
    const ours = createHmac("sha512", key).update(request.body).digest();
    if (signature.length !== ours.length || !timingSafeEqual(signature, ours)) return reply.code(401).send();
    const { event, payload } = JSON.parse(request.body);
    const state = STATES[payload?.ackName];
    if (event === "message.ack" && payload.fromMe && state !== undefined) {
      await keep({ id: payload.id.split("_")[2], state });
    }
    return reply.code(200).send();
  });
  console.log(await server.listen({ host: "127.0.0.1", port: 0 }));

  process.stdin.resume();
  process.stdin.on("end", () => {
    const count = database.prepare("SELECT count(*) FROM delivery WHERE state = ?").pluck();
    console.log(JSON.stringify({ delivered: count.get(STATES.DEVICE), read: count.get(STATES.READ) }));
    process.exit(0);
  });
}
