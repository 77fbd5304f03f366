// A real OpenID Connect provider, for a story: signs access tokens by each algorithm for who knows the
// client's secret, and signs in whoever comes for Portcullis. Started with a port and a file of private
// keys, which it makes if there is none; a file beside it says by how many seconds its clock is wrong.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [port, file] = process.argv.slice(2);

const skew = existsSync(`${file}.skew`) ? Number(readFileSync(`${file}.skew`, "utf8")) : 0;
const now = Date.now;
Date.now = () => now() + skew * 1000;

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
    {
      client_id: "portcullis",
      client_secret: "portcullis has a secret, too",
      redirect_uris: ["http://localhost:8787/auth/oauth/idp/callback"],
      id_token_signed_response_alg: "ES256",
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({
      sub: accountId,
      email: `${accountId}@example.com`,
      email_verified: true,
      name: "Ada",
    }),
  }),
  pkce: { required: () => true },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
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

// Everybody here is Ada, and agrees to everything.
const interact = async (request, response) => {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: "ada" } });
  }
  const { accountId } = session;
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope("openid email profile");
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent });
};
const callback = provider.callback();
const serve = (request, response) =>
  request.url.startsWith("/interaction/") ? interact(request, response) : callback(request, response);
createServer(serve).listen(Number(port), "127.0.0.1");
