// better-auth with its sessions in Redis (secondary storage). It does not rotate tokens: nearest to a refresh
// is `get-session`, here set to move the session's end each time, with the plugin that signs a JWT for it
// (Ed25519, ten minutes). Users and keys are in memory, so that no other database is measured.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";
import { Redis } from "ioredis";

const [port, redisUrl, file, sessions] = process.argv.slice(2);
const redis = new Redis(redisUrl);
const DAYS = 24 * 3600;

const auth = betterAuth({
  baseURL: "http://127.0.0.1",
  secret: randomBytes(32).toString("hex"),
  database: memoryAdapter({ user: [], account: [], session: [], verification: [], jwks: [] }),
  secondaryStorage: {
    get: (key) => redis.get(key),
    set: (key, value, ttl) => (ttl ? redis.set(key, value, "EX", ttl) : redis.set(key, value)),
    delete: (key) => redis.del(key),
  },
  session: { expiresIn: 14 * DAYS, updateAge: 0 },
  // Of users, only their passwords are made cheaper: signing in is not what is measured.
  emailAndPassword: {
    enabled: true,
    password: { hash: async (password) => password, verify: async () => true },
  },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: "error" },
  plugins: [jwt({ jwks: { keyPairConfig: { alg: "EdDSA", crv: "Ed25519" } }, jwt: { expirationTime: "10m" } })],
});

const begin = async (_, at) => {
  const { headers } = await auth.api.signUpEmail({
    body: { email: `user-${at}@example.com`, name: "User", password: "correct horse battery" },
    returnHeaders: true,
  });
  const cookies = headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  return cookies.join("; ");
};

const tokens = await Promise.all(Array.from({ length: Number(sessions) }, begin));
writeFileSync(file, tokens.join("\n"));
createServer(toNodeHandler(auth)).listen(Number(port), "127.0.0.1", () => console.log("ready"));
