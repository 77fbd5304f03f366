// What the story is told with: a browser of its own, its people, and the cookies that they have.
import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

/** How long anything may take on a busy machine, in milliseconds. */
export const PATIENCE = 20_000;

/** Every token that was seen, for the search through the logs. */
export const secrets = new Set();

/**
 * A browser with a profile of its own. It speaks through a pipe, so it ends when this process does.
 * The edge is at the issuer's own address too, for those who send people back there.
 */
export function launch(executablePath, edge) {
  // Nothing but our own pages is shown, and in containers there is no sandbox to be had.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  if (edge) args.push(`--host-resolver-rules=MAP localhost:8787 127.0.0.1:${edge}`);
  return puppeteer.launch({ executablePath, pipe: true, timeout: PATIENCE, args });
}

/** A person: cookies of their own, and as many tabs as they like. */
export class Person {
  static async in(browser) {
    return new Person(await browser.createBrowserContext());
  }

  constructor(context) {
    this.context = context;
  }

  async tab(url) {
    const page = await this.context.newPage();
    page.setDefaultTimeout(PATIENCE);
    if (url) await page.goto(url);
    return page;
  }

  /** Our cookies, by name. */
  async cookies() {
    const all = await this.context.cookies();
    const ours = all.filter(({ name }) => ["__Host-at", "__Host-rt"].includes(name));
    for (const { value } of ours) secrets.add(value);
    return Object.fromEntries(ours.map((cookie) => [cookie.name, cookie]));
  }

  /** How often the session was rotated, as the newest refresh token says. */
  async generation() {
    return claims((await this.cookies())["__Host-rt"].value).gen;
  }

  /** Puts an access token in the jar that was good two hours ago. */
  async expire(key) {
    const { "__Host-at": access } = await this.cookies();
    await this.context.setCookie({ ...access, value: expired(access.value, key) });
  }

  /** Has the cookies of somebody else. */
  async becomes(other) {
    await this.context.setCookie(...Object.values(await other.cookies()));
  }
}

export function claims(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}

/** The same token, issued two hours earlier: signed by the issuer's own key. */
export function expired(token, key) {
  const { iat, exp, ...rest } = claims(token);
  const earlier = { ...rest, iat: iat - 7200, exp: exp - 7200 };
  const body = `${token.split(".")[0]}.${Buffer.from(JSON.stringify(earlier)).toString("base64url")}`;
  const signature = sign(null, Buffer.from(body), createPrivateKey({ key, format: "jwk" }));
  const whole = `${body}.${signature.toString("base64url")}`;
  secrets.add(whole);
  return whole;
}

/** How often the origin has refreshed a session. */
export function refreshes(log) {
  const lines = readFileSync(log, "utf8").split("\n");
  return lines.filter((line) => line.includes('"/auth/refresh"') && line.includes('"status":200')).length;
}

/** Fills in the form of the page and sends it; what came of it. */
export async function submit(page, fields) {
  for (const [name, value] of Object.entries(fields)) {
    await page.$eval(`[name=${name}]`, (input) => (input.value = ""));
    await page.type(`[name=${name}]`, value);
  }
  const [response] = await Promise.all([page.waitForNavigation(), page.click("main button")]);
  return response;
}

/** Fetches from within a page; the status, some headers, and the JSON of each. */
export function fetchAll(page, paths, init = {}) {
  return page.evaluate(
    (paths, init) =>
      Promise.all(
        paths.map(async (path) => {
          const response = await fetch(path, init);
          return {
            status: response.status,
            redirected: response.redirected,
            session: response.headers.get("portcullis-session"),
            token: response.headers.get("portcullis-access-token"),
            body: await response.json().catch(() => null),
          };
        }),
      ),
    paths,
    init,
  );
}

/** The path and query that a tab shows. */
export function place(page) {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
}

export const text = (page, selector) => page.$eval(selector, (element) => element.textContent);

/** All of them were served, by themselves and not by the page to sign in at. */
export function served(answers) {
  for (const { status, redirected } of answers) assert.deepEqual([status, redirected], [200, false]);
}
