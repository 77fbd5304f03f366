// Every page, looked at by axe-core: WCAG 2.2 AA and what it calls best practice, in both languages, both
// schemes, on a phone and on a wide screen. With a folder for pictures it leaves one of each.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Person, submit } from "./browser.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const phone = { name: "phone", width: 390, height: 844 };
const wide = { name: "wide", width: 1280, height: 800 };
/** Each language, scheme and width; for pictures, each with each of the others. */
const LOOKS = [
  ["en", "light", phone],
  ["ko", "dark", wide],
];
const OTHER_LOOKS = [
  ["en", "dark", wide],
  ["ko", "light", wide],
  ["ko", "dark", phone],
];

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * @param admin the e-mail address and password of an administrator
 * @param pictures the folder that pictures go to, if any
 */
export async function everyPage(browser, here, { admin, pictures }) {
  for (const [language, scheme, size] of pictures ? [...LOOKS, ...OTHER_LOOKS] : LOOKS) {
    const look = async (page, name) => {
      await page.evaluate(axe);
      const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("; ")}`);
      assert.deepEqual(found, [], `${name}, ${language}, ${scheme}, ${size.name}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name}, ${language}, ${size.name}: ${overflow} px too wide`);
      const path = `${pictures}/${name}-${language}-${scheme}-${size.name}.png`;
      if (pictures) await page.screenshot({ path, fullPage: true });
    };
    const open = async () => {
      const page = await (await Person.in(browser)).tab();
      await page.setViewport(size);
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setExtraHTTPHeaders({ "accept-language": language });
      return page;
    };
    await ofAnybody(await open(), here, look);
    await ofAdministrators(await open(), here, admin, look);
  }
}

async function ofAnybody(page, here, look) {
  for (const [name, path] of [
    ["front", "/"],
    ["login", "/auth/login"],
    ["register", "/auth/register"],
    ["forgot", "/auth/forgot"],
    ["forgot-sent", "/auth/forgot?sent"],
    ["reset", "/auth/reset?token=x"],
    ["reset-done", "/auth/reset?done"],
    ["verify", "/auth/verify?token=x"],
    ["verify-ask", "/auth/verify"],
  ]) {
    await page.goto(here + path);
    await look(page, name);
  }
  await page.goto(`${here}/auth/login`);
  await submit(page, { email: "nobody@example.com", password: "wrong" });
  await look(page, "login-refused");
  await page.goto(`${here}/auth/register`);
  await submit(page, { email: "nobody@example.com", password: "short" });
  await look(page, "register-refused");
}

async function ofAdministrators(page, here, { email, password }, look) {
  await page.goto(`${here}/auth/login?return_to=/auth/account`);
  await submit(page, { email, password });
  await look(page, "account");
  for (const summary of await page.$$("summary")) await summary.click();
  await look(page, "account-open");
  for (const [name, path] of [
    ["users", "/auth/admin"],
    ["users-none", "/auth/admin?email=zzz"],
    ["events", "/auth/admin/events"],
    ["edges", "/auth/admin/edges"],
  ]) {
    await page.goto(here + path);
    await look(page, name);
  }
  await page.goto(`${here}/auth/admin`);
  await Promise.all([page.waitForNavigation(), page.click('.entries a[href^="/auth/admin/user/"]')]);
  await look(page, "user");
}
