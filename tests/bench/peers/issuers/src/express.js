// What people write by hand: express, jsonwebtoken with HS256 for both tokens, ioredis. A careful one: the
// `jti` that counts is swapped in one command, and a token used twice ends its session.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import express from "express";
import { Redis } from "ioredis";
import jwt from "jsonwebtoken";

const [port, redisUrl, file, sessions] = process.argv.slice(2);
const redis = new Redis(redisUrl);
const keys = { access: randomUUID().repeat(2), refresh: randomUUID().repeat(2) };
const DAYS = 24 * 3600;
const issuer = "https://id.example.com";
const audience = "https://app.example.com";

const pair = (sub, sid, jti, roles) => ({
  access_token: jwt.sign({ sub, sid, jti: randomUUID(), roles }, keys.access, {
    algorithm: "HS256",
    expiresIn: 600,
    issuer,
    audience,
  }),
  token_type: "Bearer",
  expires_in: 600,
  refresh_token: jwt.sign({ sub, sid, jti, roles }, keys.refresh, {
    algorithm: "HS256",
    expiresIn: 14 * DAYS,
    issuer,
    audience: issuer,
  }),
});

const begin = async () => {
  const [sid, jti] = [randomUUID(), randomUUID()];
  await redis.set(`session:${sid}`, jti, "EX", 14 * DAYS);
  return pair(randomUUID(), sid, jti, ["user"]).refresh_token;
};

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.post("/auth/refresh", express.json({ limit: "16kb" }), async (request, response) => {
  let claims;
  try {
    claims = jwt.verify(request.body?.refresh_token, keys.refresh, {
      algorithms: ["HS256"],
      issuer,
      audience: issuer,
    });
  } catch {
    return response.status(401).json({ code: "refresh_invalid" });
  }
  const { sub, sid, jti, roles } = claims;
  const next = randomUUID();
  const current = await redis.set(`session:${sid}`, next, "EX", 14 * DAYS, "XX", "GET");
  if (current !== jti) {
    await redis.del(`session:${sid}`);
    return response.status(401).json({ code: "refresh_reused" });
  }
  response.set("cache-control", "no-store").json(pair(sub, sid, next, roles));
});

const tokens = await Promise.all(Array.from({ length: Number(sessions) }, begin));
writeFileSync(file, tokens.join("\n"));
app.listen(Number(port), "127.0.0.1", () => console.log("ready"));
