// Carries out a plan. Its lines (see plan.rs, which writes them):
//   what to do, and "+" when upkeep is due
//   forward, origin: by which binding ("" for the network), to which URL, under which number a WebSocket
//   is watched that comes of it ("" for none);  answer: with which status;  keep: with which status, and
//   under which number the answer is kept
//   operations, by their first letter, until the end or, in an answer, until an empty line; "*" names the number
//   under which the changes that follow are kept, or, where none follow, were kept before
//   in an answer: its body
import * as gate from "./instance.js";
import * as kept from "./kept.js";
import { watch } from "./socket.js";
import { LATE, inTime } from "./time.js";

/** How long an upstream may take to begin its answer, in milliseconds. */
const PATIENCE = 60_000;

/** And for each byte of the request's body, which many apps read to its end first: 16 KB a second are slow. */
const PER_BYTE = 1 / 16;

/** For a body of unknown length, which may be any. */
const LONG = 900_000;

/** The longest that the platform counts to. */
const EVER = 2 ** 31 - 1;

/** How soon an answer begins that brings new cookies, in milliseconds: what came of a refresh may be ten
 * seconds old by now, and for thirty the origin answers the old token by the same successor. Later there may
 * be others, or another session, in the browser; where not, it asks again by the token that it has. */
const SOON = 20_000;

/** @param {string} plan @param {Request} request */
export function carryOut(plan, request, env, context) {
  const what = plan.slice(0, plan.indexOf("\n"));
  if (what.endsWith("+")) context.waitUntil(gate.upkeep(env));
  const lines = plan.split("\n");
  if (what.startsWith("keep")) return keep(lines);
  if (what.startsWith("answer")) return answer(lines, 2);
  return pass(lines, what.startsWith("origin"), request, env, context);
}

async function pass(lines, toOrigin, request, env, context) {
  // Before anything is sent: a number that nothing is kept under ends it here.
  const changes = changesOf(lines);
  const began = Date.now();
  let upstream, response;
  try {
    upstream = await send(lines, request, env);
    // No Worker may answer with a status like 999.
    response = new Response(upstream.body, upstream);
  } catch (error) {
    // The URL's path is the client's, and may say what is nobody's business.
    const where = lines[1] === "" ? new URL(lines[2]).origin : `binding ${lines[1]}`;
    if (lines[3] !== "") gate.forget(Number(lines[3]));
    const refusal = answer(gate.unreachable(toOrigin, error === LATE, env).split("\n"), 2);
    const code = refusal.headers.get("portcullis-verdict");
    console.error(`${code}: no answer from ${where}. ${error}`);
    // Scripts of other sites may read this answer as well, and a rotation is not undone.
    const told = ({ what, name }) => /[,;]/.test(what) || /^(access-control|portcullis-access)/.test(name);
    return change(refusal, changes.filter(told), began);
  }
  if (toOrigin) await catchUp(upstream, request, env, context);
  if (!toOrigin && response.headers.has("set-cookie")) keepOurs(response.headers);
  change(response, changes, began);
  return lines[3] === "" ? response : watch(upstream.webSocket, response, Number(lines[3]), env, context);
}

/** Our cookies are not the app's to set: who could have it say some would choose another's session. All that
 * begin so are ours, `__Host-at-sign-in` of a login elsewhere too. */
const OURS = /^[\s=]*__Host-([ar]t|login-tries)/;

function keepOurs(headers) {
  const set = headers.getSetCookie();
  // A cookie without a name comes back as its value alone.
  const theirs = set.filter((cookie) => !OURS.test(cookie));
  // What is not UTF-8 would not survive being set anew.
  if (theirs.length === set.length) return;
  headers.delete("set-cookie");
  for (const cookie of theirs) headers.append("set-cookie", cookie);
}

/** Sends the request on as the plan says; redirects are the client's to follow. */
function send(lines, request, env) {
  // Cheaper than a copy of the request to be changed.
  const headers = new Headers(request.headers);
  const { method } = request;
  // What a GET brings along has no meaning (RFC 9110 §9.3.1), and the platform sends none.
  const body = method === "GET" || method === "HEAD" ? null : request.body;
  const init = { method, headers, body, redirect: "manual" };
  for (let at = 4; at < lines.length; at++) {
    const line = lines[at];
    switch (line[0]) {
      case "-":
        headers.delete(line.slice(1));
        break;
      case "=": {
        const end = line.indexOf(" ");
        headers.set(line.slice(1, end), line.slice(end + 1));
        break;
      }
      case "~":
        // With the bearer token taken off, a cache would share one user's answer with the next.
        init.cache = "no-store";
    }
  }
  // After what the client says under this name was taken off.
  if (lines[0].startsWith("origin")) headers.set("x-portcullis-place", place(request));
  const sent = lines[1] === "" ? fetch(lines[2], init) : env[lines[1]].fetch(lines[2], init);
  return inTime(sent, body === null ? PATIENCE : patienceFor(request));
}

/** How long an app may take that is sent a body. */
function patienceFor({ headers }) {
  const length = headers.get("content-length");
  return length === null ? LONG : Math.min(PATIENCE + Number(length) * PER_BYTE, EVER);
}

/** Where the client is, by the platform's word: like `Seoul, KR`, percent-encoded; "" when it has none. */
export function place({ cf }) {
  return encodeURIComponent([cf?.city, cf?.country].filter(Boolean).join(", "));
}

/** The changes to a response that a plan names. */
function changesOf(lines) {
  const at = lines.findLastIndex((line) => line[0] === "*");
  if (at < 4) return changesFrom(lines, 4);
  const number = lines[at].slice(1);
  return at + 1 < lines.length ? kept.keep(number, changesFrom(lines, at + 1)) : kept.recall(number);
}

function changesFrom(lines, from) {
  const changes = [];
  for (let at = from; at < lines.length && lines[at] !== ""; at++) {
    const [what, text] = [lines[at][0], lines[at].slice(1)];
    const [name] = text.split(" ", 1);
    changes.push({ what, text, name, value: text.slice(name.length + 1) });
  }
  return changes;
}

/** Makes them, on an answer that was asked for at this time. */
function change(response, changes, asked = Date.now()) {
  const { headers } = response;
  for (const { what, text, name, value } of changes) {
    switch (what) {
      case "!":
        headers.delete(name);
        break;
      case ":":
        headers.set(name, value);
        break;
      case ",":
        headers.append(name, value);
        break;
      case ";":
        if (Date.now() - asked <= SOON) headers.append(name, value);
        break;
      case "#":
        console.log(text);
    }
  }
  return response;
}

/** An answer of the gate's own; its operations begin at this line. */
function answer(lines, from) {
  const body = lines.indexOf("") + 1;
  // 204 has no body, not even an empty one.
  const text = lines.slice(body).join("\n") || null;
  return change(new Response(text, { status: Number(lines[1]) }), changesFrom(lines, from));
}

/** Refusals come in numbers, and a response is made after another at half the price. */
function keep(lines) {
  const { status, headers } = answer(lines, 3);
  return repeat(kept.keep(lines[2], { text: lines.at(-1), like: new Response(null, { status, headers }) }));
}

const repeat = ({ text, like }) => new Response(text, like);

/** Gives a kept answer again. `told` is twice its number, and one when upkeep is due. */
export function again(told, env, context) {
  if (told & 1) context.waitUntil(gate.upkeep(env));
  return repeat(kept.recall(told >> 1));
}

/** Who was told of a logout here finds it done here: before that answer goes out, we know what it knows. */
async function catchUp(upstream, request, env, context) {
  const epoch = upstream.headers.get("portcullis-epoch");
  if (epoch === null || !gate.isBehind(epoch, env)) return;
  const caughtUp = gate.catchUp(epoch, env);
  if (["GET", "HEAD", "OPTIONS"].includes(request.method)) context.waitUntil(caughtUp);
  else await caughtUp;
}

/** The answer when nothing else can be said any more. */
export function failure() {
  const detail = "Something went wrong on our side. It was logged.";
  const problem = { type: "urn:portcullis:problem:internal", title: "Internal Server Error", status: 500 };
  return new Response(JSON.stringify({ ...problem, code: "internal", detail }), {
    status: 500,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "portcullis-verdict": "internal",
    },
  });
}
