// Cryptography, by the platform's WebCrypto: nothing else signs, verifies or hashes at the edge.
const { subtle } = crypto;
const encoder = new TextEncoder();
const bytes = (text) => encoder.encode(text);

/** Web Cryptography API §§23-26. RFC 7518 §3.5: the salt of PS256 is as long as the hash. */
const ALGORITHMS = {
  EdDSA: { name: "Ed25519" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
};
const HMAC = { name: "HMAC", hash: "SHA-256" };

/** How many imported keys are kept. An issuer has a handful. */
const MAX_KEYS = 64;
/** Importing a key costs as much as verifying, so it is done once for each: by algorithm and whole key,
 * since a name may come to mean another key. @type {Map<string, CryptoKey>} */
const imported = new Map();

/** Whether the signature is that of the key, a JWK in JSON, on the text. */
export async function verify(algorithm, jwk, signature, text) {
  const parameters = ALGORITHMS[algorithm];
  const name = algorithm + jwk;
  let key = imported.get(name);
  if (!key) {
    key = await subtle.importKey("jwk", JSON.parse(jwk), parameters, false, ["verify"]);
    if (imported.size >= MAX_KEYS) imported.clear();
    imported.set(name, key);
  }
  return subtle.verify(parameters, key, signature, bytes(text));
}

/** The Ed25519 signature by a private JWK in JSON. */
export async function sign(jwk, text) {
  const key = await subtle.importKey("jwk", JSON.parse(jwk), ALGORITHMS.EdDSA, false, ["sign"]);
  return new Uint8Array(await subtle.sign(ALGORITHMS.EdDSA, key, bytes(text)));
}

/** HMAC with SHA-256. */
export async function mac(secret, text) {
  const key = await subtle.importKey("raw", bytes(secret), HMAC, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", key, bytes(text)));
}

/** Whether this is the code of the text, compared in constant time. */
export async function verifyMac(secret, text, code) {
  const key = await subtle.importKey("raw", bytes(secret), HMAC, false, ["verify"]);
  return subtle.verify("HMAC", key, code, bytes(text));
}

/** SHA-256. */
export async function digest(data) {
  return new Uint8Array(await subtle.digest("SHA-256", data));
}
