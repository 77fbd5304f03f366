// What pages of others can do with the browser of somebody who is signed in here: nothing.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fetchAll, Person, PATIENCE, refreshes } from "./browser.js";

/** A page that can do whatever a script can. */
async function listen() {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Win a prize</title>");
  });
  server.listen(0);
  await once(server, "listening");
  return server;
}

/** Sends a form as any page can. */
function post(page, action, fields) {
  const sent = page.evaluate(
    (action, fields) => {
      const form = Object.assign(document.createElement("form"), { method: "post", action });
      for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
      document.body.append(form);
      form.submit();
    },
    action,
    fields,
  );
  return Promise.all([page.waitForNavigation(), sent]).then(([response]) => response);
}

/** The status that a page's request meets. The page may not see it, and often the browser does not look. */
async function status(page, url, send) {
  const session = await page.createCDPSession();
  await session.send("Network.enable");
  const [sent, met] = [new Set(), new Map()];
  session.on("Network.requestWillBeSent", ({ requestId, request }) => request.url === url && sent.add(requestId));
  session.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode }) => met.set(requestId, statusCode));
  await page.evaluate(send, url);
  for (const since = Date.now(); Date.now() - since < PATIENCE; await setTimeout(20)) {
    const id = [...sent].find((id) => met.has(id));
    if (id) return met.get(id);
  }
  throw new Error(`${url}: no answer`);
}

/** @param here the edge @param issuer its log and its key @param victim somebody signed in, and a tab */
export async function strangers(browser, here, issuer, [victim, own], password) {
  const server = await listen();
  const { port } = server.address();
  try {
    // Another site; and another origin of the same site, to whom the browser sends our cookies along.
    for (const evil of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      await byForms(evil, here, issuer, victim);
      await byScripts(evil, here, issuer, victim, own);
      await againstAnybody(browser, evil, here, password);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Forms, which end on a page of ours. */
async function byForms(evil, here, { log }, victim) {
  const before = await victim.cookies();
  const asked = refreshes(log);
  const page = await victim.tab(evil);
  for (const path of ["/orders", "/auth/logout", "/auth/logout-all", "/auth/refresh"]) {
    const answer = await post(page, here + path, { amount: "1000" });
    // Where the browser sends no cookies along, a sign-out is of nobody, and leads to the front page.
    const nobody = ["/auth/login", "/"].includes(place(answer)) && !evil.includes("localhost");
    assert.ok(answer.status() >= 400 || nobody, `${evil}: ${path}: ${answer.status()}`);
    assert.deepEqual(await victim.cookies(), before, `${evil}: ${path}: the cookies are others now`);
    await page.goto(evil);
  }
  assert.equal(refreshes(log), asked, `${evil}: the session was refreshed`);
  await page.close();
}

/** Whatever a page can do without leaving. The access token is over: what is let through refreshes. */
async function byScripts(evil, here, { log, key }, victim, own) {
  await victim.expire(key);
  const before = await victim.cookies();
  const asked = refreshes(log);
  const page = await victim.tab(evil);
  for (const [what, send] of [
    ["a fetch", (url) => void fetch(url, { mode: "no-cors", credentials: "include" })],
    ["a POST", (url) => void fetch(url, { method: "POST", mode: "no-cors", credentials: "include", body: "x" })],
    ["a picture", (url) => void (new Image().src = url)],
    ["a frame", (url) => void document.body.append(Object.assign(document.createElement("iframe"), { src: url }))],
  ]) {
    const met = await status(page, `${here}/orders?${encodeURIComponent(what)}`, send);
    assert.ok([401, 403].includes(met), `${evil}: ${what}: ${met}`);
  }
  const read = await page.evaluate(
    (url) => fetch(url, { credentials: "include" }).then(() => "read", () => "refused"),
    `${here}/orders`,
  );
  assert.equal(read, "refused", `${evil}: a fetch with CORS`);
  const opened = await page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("refused");
      }),
    `${here.replace("http", "ws")}/ws`,
  );
  assert.equal(opened, "refused", `${evil}: a socket`);
  await page.close();

  assert.deepEqual(await victim.cookies(), before, `${evil}: the cookies are others now`);
  assert.equal(refreshes(log), asked, `${evil}: the session was refreshed`);
  const [answer] = await fetchAll(own, ["/orders"]);
  assert.equal(answer.status, 200, `${evil}: the session is over`);
  assert.equal(refreshes(log), asked + 1);
}

/** A form that signs somebody in as somebody else needs no cookie at all; a page in a frame, no form. */
async function againstAnybody(browser, evil, here, password) {
  const anybody = await Person.in(browser);
  const page = await anybody.tab(evil);
  const answer = await post(page, `${here}/auth/login`, { email: "augusta@example.com", password });
  assert.equal(answer.status(), 403);
  assert.deepEqual(await anybody.cookies(), {});
  await page.goto(evil);
  await page.evaluate((src) => document.body.append(Object.assign(document.createElement("iframe"), { src })), `${here}/auth/login`);
  // What a browser shows in place of a page that may not be framed.
  const blocked = () => page.frames().some((frame) => frame.url().startsWith("chrome-error:"));
  for (const since = Date.now(); !blocked(); await setTimeout(20)) {
    assert.ok(Date.now() - since < PATIENCE, `${evil}: our page is in a frame`);
  }
}

const place = (answer) => new URL(answer.url()).pathname;
