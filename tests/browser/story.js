// A story in a real browser, told in front of two edges of one host name. Its argument is JSON:
//   chromium   the browser's program
//   edges      the ports of the edges
//   log        the origin's, in which its answers are counted
//   key        the issuer's signing key, a JWK, to make tokens that are over
//   letters    the folder that the origin leaves letters in
//   admin      an administrator's e-mail address and password
//   pictures   the folder for pictures of the pages, if any
// At the end it prints, as JSON, every secret that it used.
import assert from "node:assert/strict";
import { expired, fetchAll, launch, Person, place, refreshes, secrets, served, submit, text } from "./browser.js";
import { everyPage } from "./pages.js";
import { byLetters, elsewhere, newcomer, wayBack } from "./people.js";
import { strangers } from "./strangers.js";

const { chromium, edges, log, key, letters, admin, pictures } = JSON.parse(process.argv[2]);
const [here, there] = edges.map((port) => `http://localhost:${port}`);
const password = "correct horse battery";
const twenty = Array.from({ length: 20 }, (_, at) => `/orders/${at}`);
secrets.add(password);

/** Somebody new, signed in by the page. */
async function somebody(browser, email) {
  const person = await Person.in(browser);
  const page = await person.tab(`${here}/auth/register`);
  const response = await submit(page, { email, password });
  assert.equal(response.status(), 200);
  assert.equal(place(page), "/");
  return [person, page];
}

/** Whoever opens a protected page is asked to sign in and brought back, with no script on the way. */
async function signingIn(browser) {
  const wanted = "/orders?a=1&b=%2Fc";
  const [person, page] = await somebody(browser, "augusta@example.com");
  const { "__Host-at": access, "__Host-rt": refresh } = await person.cookies();
  for (const cookie of [access, refresh]) {
    assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.session], [true, true, "Lax", true]);
  }
  await Promise.all([page.waitForNavigation(), page.click("form button")]);
  assert.equal(place(page), "/");
  assert.deepEqual(await person.cookies(), {});

  await page.setJavaScriptEnabled(false);
  await page.goto(here + wanted);
  assert.equal(place(page).split("?")[0], "/auth/login");
  assert.equal(await text(page, "h1"), "Sign in");
  const refused = await submit(page, { email: "augusta@example.com", password: "another password" });
  assert.equal(refused.status(), 401);
  assert.equal(await text(page, "[role=alert]"), "E-mail address or password is wrong.");
  assert.deepEqual(await page.$$eval("main input[required]", (all) => all.map(({ value }) => value)), ["augusta@example.com", ""]);
  const response = await submit(page, { password });
  assert.equal(response.status(), 200);
  assert.equal(place(page), wanted);
  const { headers, query } = await response.json();
  assert.equal(query, "a=1&b=%2Fc");
  assert.ok(headers.some(([name]) => name === "x-auth-subject"));
}

async function inKorean(browser) {
  const person = await Person.in(browser);
  const page = await person.tab();
  await page.setExtraHTTPHeaders({ "accept-language": "ko-KR,ko;q=0.9,en;q=0.8" });
  await page.goto(`${here}/orders`);
  assert.equal(await page.$eval("html", (html) => html.lang), "ko");
  assert.equal(await text(page, "h1"), "로그인");
  await Promise.all([page.waitForNavigation(), page.click('main a[href^="/auth/register"]')]);
  assert.equal(await text(page, "h1"), "계정 만들기");
  await submit(page, { email: "minji@example.com", password });
  assert.equal(place(page), "/orders");
}

/** However many requests meet an access token that is over: one rotation, and nobody notices. */
async function expiry(browser) {
  const [person, tab] = await somebody(browser, "grace@example.com");
  const rotatesOnce = async (what, tabs) => {
    const [before, asked] = [await person.generation(), refreshes(log)];
    await person.expire(key);
    const answers = await Promise.all(tabs.map((tab) => fetchAll(tab, twenty)));
    served(answers.flat());
    assert.equal(await person.generation(), before + 1, `${what}: rotations`);
    for (const tab of tabs) served(await fetchAll(tab, ["/orders"]));
    const isolates = new Set(tabs.map((tab) => new URL(tab.url()).port)).size;
    assert.ok(refreshes(log) - asked <= isolates, `${what}: ${refreshes(log) - asked} refreshes`);
  };
  await rotatesOnce("a tab", [tab]);
  const second = await person.tab(`${here}/`);
  await rotatesOnce("two tabs", [tab, second]);
  const elsewhere = await person.tab(`${there}/`);
  await rotatesOnce("two isolates", [tab, elsewhere]);
  await rotatesOnce("three tabs, two isolates", [tab, second, elsewhere]);

  const before = await person.generation();
  await person.expire(key);
  const sent = await tab.evaluate(async () => {
    const body = crypto.getRandomValues(new Uint8Array(1 << 16));
    const file = new Blob(Array.from({ length: 16 }, () => body));
    const response = await fetch("/orders", { method: "POST", body: file });
    return [response.status, (await response.json()).body_bytes];
  });
  assert.deepEqual(sent, [200, 1 << 20]);
  assert.equal(await person.generation(), before + 1);

  await person.expire(key);
  assert.equal((await second.goto(`${here}/orders`)).status(), 200);
  assert.equal(place(second), "/orders");
}

/** A page that keeps its access token in memory gets the next one in a header. */
async function inMemory(browser) {
  const [person, page] = await somebody(browser, "joan@example.com");
  const login = { method: "POST", headers: { "content-type": "application/json" } };
  login.body = JSON.stringify({ email: "joan@example.com", password });
  const [{ body }] = await fetchAll(page, ["/auth/login"], login);
  const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });
  const before = await person.generation();
  const [first] = await fetchAll(page, ["/orders"], bearer(body.access_token));
  assert.deepEqual([first.status, first.token], [200, null]);
  const [renewed] = await fetchAll(page, ["/orders"], bearer(expired(body.access_token, key)));
  assert.equal(renewed.status, 200);
  secrets.add(renewed.token);
  assert.equal(await person.generation(), before + 1);
  const [next] = await fetchAll(page, ["/orders"], bearer(renewed.token));
  assert.deepEqual([next.status, next.token], [200, null]);
}

/** What one tab ends is over in the others, in a copy of the browser, and for open sockets. */
async function signingOut(browser) {
  const [person, page] = await somebody(browser, "mary@example.com");
  const other = await person.tab(`${here}/`);
  const copy = await Person.in(browser);
  await copy.becomes(person);
  const copied = await copy.tab(`${here}/`);
  served(await fetchAll(copied, ["/orders"]));
  // Somebody who was asleep while the session was refreshed: the edge has the fruit in memory.
  const late = await Person.in(browser);
  await late.becomes(person);
  await late.expire(key);
  const belated = await late.tab(`${here}/`);
  await person.expire(key);
  served(await fetchAll(other, ["/orders"]));
  const socket = await other.evaluateHandle(
    () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://${location.host}/ws`);
        const closed = new Promise((closed) => (socket.onclose = ({ code }) => closed(code)));
        socket.onmessage = ({ data }) => resolve({ data, closed });
        socket.onopen = () => socket.send("echo");
        socket.onerror = () => reject(new Error("the socket did not open"));
      }),
  );
  assert.equal(await socket.evaluate(({ data }) => data), "echo");

  const secret = (await (await page.goto(`${here}/orders`)).json()).headers.find(([name]) => name === "x-auth-subject")[1];
  await page.goto(`${here}/`);
  await page.bringToFront();
  await Promise.all([page.waitForNavigation(), page.click("form button")]);
  const since = performance.now();
  assert.equal((await fetchAll(other, ["/orders"]))[0].status, 401);
  const [felt] = await fetchAll(copied, ["/orders"]);
  assert.deepEqual([felt.status, felt.session], [401, "ended"]);
  assert.deepEqual(await copy.cookies(), {});
  const [asleep] = await fetchAll(belated, ["/orders"]);
  assert.deepEqual([asleep.status, asleep.session], [401, "ended"]);
  assert.deepEqual(await late.cookies(), {});
  assert.equal(await socket.evaluate(({ closed }) => closed), 4401);
  assert.ok(performance.now() - since < 10_000, "the socket outlived its session");

  while (place(page) === "/") await page.goBack();
  assert.equal(place(page).split("?")[0], "/auth/login");
  assert.ok(!(await page.content()).includes(secret), "the way back shows who was here");
}

const browser = await launch(chromium, edges[0]);
try {
  for (const chapter of [signingIn, inKorean, expiry, inMemory, signingOut, newcomer, wayBack, byLetters, elsewhere, everyPage]) {
    const since = performance.now();
    await chapter(browser, here, { letters, admin, pictures });
    console.error(`${chapter.name}: ${Math.round(performance.now() - since)} ms`);
  }
  await strangers(browser, here, { log, key }, await somebody(browser, "hedy@example.com"), password);
} finally {
  await browser.close();
}
console.log(JSON.stringify([...secrets]));
