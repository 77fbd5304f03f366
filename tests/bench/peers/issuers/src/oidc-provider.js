// npm's oidc-provider with its sessions in Redis: the refresh token grant, rotated each time. Access tokens
// are signed with Ed25519, as ours are; no ID token is asked for.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Redis } from "ioredis";
import { Provider } from "oidc-provider";

const [port, redisUrl, file, sessions] = process.argv.slice(2);
const redis = new Redis(redisUrl);
const DAYS = 24 * 3600;

// As the package's own example has it, the parts that this grant needs.
const consumable = new Set(["AuthorizationCode", "RefreshToken"]);
const grantable = new Set(["AccessToken", "AuthorizationCode", "RefreshToken"]);
class Adapter {
  constructor(name) {
    this.name = name;
  }
  key(id) {
    return `oidc:${this.name}:${id}`;
  }
  async upsert(id, payload, expiresIn) {
    const key = this.key(id);
    const multi = redis.multi();
    if (consumable.has(this.name)) {
      multi.hset(key, { payload: JSON.stringify(payload) });
    } else {
      multi.set(key, JSON.stringify(payload));
    }
    if (expiresIn) multi.expire(key, expiresIn);
    if (grantable.has(this.name) && payload.grantId) {
      const grant = `oidc:grant:${payload.grantId}`;
      multi.rpush(grant, key);
      // The example keeps every token of the grant; this one the last few, or the list would grow with
      // each round.
      multi.ltrim(grant, -8, -1);
      multi.expire(grant, expiresIn);
    }
    await multi.exec();
  }
  async find(id) {
    if (!consumable.has(this.name)) {
      const data = await redis.get(this.key(id));
      return data ? JSON.parse(data) : undefined;
    }
    const { payload, ...rest } = await redis.hgetall(this.key(id));
    return payload ? { ...rest, ...JSON.parse(payload) } : undefined;
  }
  async consume(id) {
    await redis.hset(this.key(id), "consumed", Math.floor(Date.now() / 1000));
  }
  async destroy(id) {
    await redis.del(this.key(id));
  }
  async revokeByGrantId(grantId) {
    const tokens = await redis.lrange(`oidc:grant:${grantId}`, 0, -1);
    await redis.del(`oidc:grant:${grantId}`, ...tokens);
  }
}

const { privateKey } = generateKeyPairSync("ed25519");
const resource = "https://app.example.com";
const client = { client_id: "app", token_endpoint_auth_method: "none" };
const provider = new Provider("http://127.0.0.1", {
  adapter: Adapter,
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "EdDSA", use: "sig", kid: "one" }] },
  clients: [
    {
      ...client,
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["https://app.example.com/back"],
      response_types: ["code"],
      id_token_signed_response_alg: "EdDSA",
    },
  ],
  cookies: { keys: [randomBytes(32).toString("hex")] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "use",
        audience: resource,
        accessTokenFormat: "jwt",
        accessTokenTTL: 600,
        jwt: { sign: { alg: "EdDSA" } },
      }),
    },
  },
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, RefreshToken: 14 * DAYS, Grant: 14 * DAYS },
});

const begin = async (_, at) => {
  const accountId = `account-${at}`;
  const grant = new provider.Grant({ accountId, clientId: "app" });
  grant.addOIDCScope("offline_access");
  grant.addResourceScope(resource, "use");
  const grantId = await grant.save();
  const token = new provider.RefreshToken({
    accountId,
    client: await provider.Client.find("app"),
    grantId,
    gty: "authorization_code",
    authTime: Math.floor(Date.now() / 1000),
    iiat: Math.floor(Date.now() / 1000),
    rotations: 0,
    resource,
    scope: "offline_access use",
  });
  return token.save();
};

const tokens = await Promise.all(Array.from({ length: Number(sessions) }, begin));
writeFileSync(file, tokens.join("\n"));
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
