// What the Wasm part asks of the platform. It says what it wants to the last detail and judges what comes;
// here is only how it is asked for.
import { inTime } from "./time.js";

/** How long an answer over the network or from KV may take, its body included, in milliseconds. */
const PATIENCE = 2_000;

/**
 * Asks over the network: its status, the body of a good answer, its `Set-Cookie` lines, and what it says of
 * the session.
 * @param {string} headers `name:value`, a line each @param {string} body "" for none
 * @param {boolean} past whether caches are passed by @param {number} most how many bytes are read
 */
export async function ask(method, url, headers, body, past, most) {
  const response = await fetch(url, {
    method,
    headers: headers.split("\n").filter(Boolean).map(halves),
    body: body || undefined,
    cache: past ? "no-store" : undefined,
    // Nobody may answer in another's place.
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE),
  });
  const bytes = response.ok ? await read(response, most) : new Uint8Array();
  const cookies = response.headers.getSetCookie().join("\n");
  return [response.status, bytes, cookies, response.headers.get("portcullis-session") ?? ""];
}

function halves(line) {
  const at = line.indexOf(":");
  return [line.slice(0, at), line.slice(at + 1)];
}

/** The body, if it has no more bytes than `most`: whoever answers may be broken, or somebody else. */
async function read(response, most) {
  const chunks = [];
  let length = 0;
  // Leaving the loop cancels what is left of the body.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > most) throw new Error(`the answer is longer than ${most} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** What lies in KV; nothing when there is nothing. @param {number} ttl seconds that a cache may keep it */
export async function kvGet(env, key, ttl) {
  const bytes = await inTime(kv(env).get(key, { type: "arrayBuffer", cacheTtl: ttl }), PATIENCE);
  return bytes === null ? undefined : new Uint8Array(bytes);
}

/** @param {number} ttl seconds after which KV forgets it */
export function kvPut(env, key, value, ttl) {
  return inTime(kv(env).put(key, value, { expirationTtl: ttl }), PATIENCE);
}

function kv(env) {
  if (!env.PORTCULLIS_KV) throw new Error("there is no binding PORTCULLIS_KV; see wrangler.toml");
  return env.PORTCULLIS_KV;
}

export function sleep(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
