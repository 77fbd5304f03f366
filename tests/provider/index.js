// A real OpenID Connect provider, for a story: signs access tokens by each algorithm for who knows the
// client's secret. Started with a port and a file of private keys, which it makes if there is none.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [port, file] = process.argv.slice(2);

const key = (alg, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }),
  alg,
  kid: randomUUID(),
  use: "sig",
});
if (!existsSync(file)) {
  const keys = [
    key("RS256", "rsa", { modulusLength: 2048 }),
    key("PS256", "rsa", { modulusLength: 2048 }),
    key("ES256", "ec", { namedCurve: "P-256" }),
    key("EdDSA", "ed25519", {}),
  ];
  writeFileSync(file, JSON.stringify({ keys }));
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: JSON.parse(readFileSync(file, "utf8")),
  clients: [
    {
      client_id: "machine",
      client_secret: "the-machine-has-a-secret",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // The API says by which algorithm it wants its tokens: https://api.example/RS256.
      getResourceServerInfo: (_, resource) => ({
        scope: "orders:read",
        accessTokenFormat: "jwt",
        accessTokenTTL: 600,
        jwt: { sign: { alg: new URL(resource).pathname.slice(1) } },
      }),
    },
  },
});
createServer(provider.callback()).listen(Number(port), "127.0.0.1");
