// What people do with the pages, from the first visit on: with scripts switched off, since no page needs
// one. Letters are read where the origin leaves them, logins elsewhere are at a real provider.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { PATIENCE, Person, place, secrets, submit, text } from "./browser.js";

/** How long a session that was ended may still be let in, in milliseconds: the bound of the design. */
const BOUND = 10_000;
const password = "correct horse battery";

/** Somebody's tab, in which no script runs. */
async function plainTab(browser, url) {
  const person = await Person.in(browser);
  const page = await person.tab();
  await page.setJavaScriptEnabled(false);
  await page.goto(url);
  return page;
}

export async function click(page, selector) {
  const [response] = await Promise.all([page.waitForNavigation(), page.click(selector)]);
  return response;
}

const path = (page) => place(page).split("?")[0];

/** Signs in where the tab is sent to, and is brought back. */
async function signIn(page, url, email, with_ = password) {
  await page.goto(url);
  assert.equal(path(page), "/auth/login");
  const response = await submit(page, { email, password: with_ });
  assert.equal(response.status(), 200);
  assert.equal(page.url(), url);
}

/** The tab is asked to sign in, soon. */
async function isOut(page, url) {
  const since = performance.now();
  while (await page.goto(url), path(page) !== "/auth/login") {
    assert.ok(performance.now() - since < BOUND, `${url} is still shown`);
    await setTimeout(100);
  }
}

/** From the front page of the demo app: an account, two browsers, and each way to be put out of them. */
export async function newcomer(browser, here, { admin }) {
  const email = "newcomer@example.com";
  const orders = `${here}/orders`;
  const first = await plainTab(browser, `${here}/`);
  await click(first, 'a[href="/auth/register"]');
  await submit(first, { email, password });
  assert.equal(place(first), "/");
  const served = await click(first, 'a[href="/orders"]');
  assert.deepEqual([served.status(), place(first)], [200, "/orders"]);

  // The second browser ends the first one's session.
  const second = await plainTab(browser, `${here}/`);
  await signIn(second, orders, email);
  await second.goto(`${here}/auth/account`);
  const entries = "#sessions ~ .entries li";
  assert.equal((await second.$$(entries)).length, 2);
  const response = await click(second, `${entries} form button`);
  assert.deepEqual([response.status(), place(second)], [200, "/auth/account"]);
  assert.equal((await second.$$(entries)).length, 1);
  await isOut(first, orders);
  assert.equal((await second.goto(orders)).status(), 200);

  // Both are in again, until an administrator disables the account.
  await signIn(first, orders, email);
  const office = await plainTab(browser, `${here}/`);
  secrets.add(admin.password);
  await signIn(office, `${here}/auth/admin`, admin.email, admin.password);
  await submit(office, { email: "newcomer" });
  await click(office, '.entries a[href^="/auth/admin/user/"]');
  assert.equal(await text(office, "h1"), email);
  await click(office, "button[value=disable]");
  assert.ok(await office.$("button[value=enable]"));
  for (const page of [first, second]) await isOut(page, orders);
  const refused = await submit(first, { email, password });
  assert.equal(refused.status(), 401);

  // Whoever signs out sees nothing by the way back.
  await click(office, "header nav form button");
  assert.equal(place(office), "/");
  await office.goBack();
  assert.equal(path(office), "/auth/login");
}

/** The way back after signing in stays on this site. */
export async function wayBack(browser, here) {
  const page = await plainTab(browser, `${here}/auth/register`);
  await submit(page, { email: "astray@example.com", password });
  for (const astray of ["//evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example", "javascript:alert(1)"]) {
    await page.goto(`${here}/auth/login?return_to=${encodeURIComponent(astray)}`);
    await submit(page, { email: "astray@example.com", password });
    assert.equal(page.url(), `${here}/`, astray);
  }
}

/** The link of the latest letter to somebody, once there are so many. */
async function link(folder, email, count) {
  for (const since = Date.now(); Date.now() - since < PATIENCE; await setTimeout(50)) {
    const files = readdirSync(folder).filter((name) => name.endsWith(".txt")).sort();
    const letters = files.map((name) => readFileSync(join(folder, name), "utf8"));
    const theirs = letters.filter((letter) => letter.includes(`To: ${email}\n`));
    if (theirs.length < count) continue;
    const found = new URL(theirs[count - 1].match(/https?:\S+/)[0]);
    secrets.add(found.searchParams.get("token"));
    return found.pathname + found.search;
  }
  throw new Error(`${email}: no letter`);
}

/** An address is confirmed, and a forgotten password replaced, by what letters say. */
export async function byLetters(browser, here, { letters }) {
  const email = "letters@example.com";
  const fresh = "another horse, another battery";
  secrets.add(fresh);
  const page = await plainTab(browser, `${here}/auth/register`);
  await submit(page, { email, password });
  await page.goto(here + (await link(letters, email, 1)));
  await click(page, "main form button");
  assert.equal(place(page), "/auth/verify?done");
  await page.goto(`${here}/auth/account`);
  assert.equal(await text(page, "#credentials ~ p .mark"), "confirmed");

  const other = await plainTab(browser, `${here}/auth/login`);
  await click(other, 'a[href="/auth/forgot"]');
  await submit(other, { email });
  assert.equal(place(other), "/auth/forgot?sent");
  const reset = here + (await link(letters, email, 2));
  await other.goto(reset);
  await submit(other, { password: fresh });
  assert.equal(place(other), "/auth/reset?done");
  await isOut(page, `${here}/orders`);
  await signIn(page, `${here}/orders`, email, fresh);
  await other.goto(reset);
  const again = await submit(other, { password: "a third horse and battery" });
  assert.equal(again.status(), 400);
}

/** By a login at a provider, there and back; then by a password beside it. */
export async function elsewhere(browser) {
  // The provider knows one address to send people back to: the browser finds the edge there.
  const site = "http://localhost:8787";
  const page = await plainTab(browser, `${site}/orders?page=2`);
  assert.equal(path(page), "/auth/login");
  await click(page, "a.way");
  assert.equal(page.url(), `${site}/orders?page=2`);
  await page.goto(`${site}/auth/account`);
  assert.equal((await page.$$('form[action="/auth/account/unlink"]')).length, 1);
  // It is the only way in, so it stays.
  const refused = await click(page, 'form[action="/auth/account/unlink"] button');
  assert.equal(refused.status(), 409);
  await page.goto(`${site}/auth/account`);
  await click(page, "header nav form button");
  await page.goto(`${site}/orders`);
  assert.equal(path(page), "/auth/login");
}
