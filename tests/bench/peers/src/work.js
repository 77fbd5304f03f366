// What a gate does with the headers of a signed-in request and of its answer, and nothing else: the
// yardstick. In step with what the Worker itself does; a change there belongs here too.

const FORGEABLE = new RegExp(
  [
    "^x@(auth|portcullis|forwarded|original)@",
    "^(forwarded|proxy|x@rewrite@url|x@(http@)?method(@override)?)$",
    "^(x@real|(x@|true@)?client|x@cluster@client)@ip$",
  ]
    .join("|")
    .replaceAll("@", "[^a-z0-9]"),
);
const OURS = /^__Host-[ar]t=/;

/** The app's answer to this request, from a subject whose identity is these headers. */
export async function pass(request, env, identity) {
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) {
    if (FORGEABLE.test(name)) headers.delete(name);
  }
  if (/^bearer /i.test(headers.get("authorization") ?? "")) headers.delete("authorization");
  const cookies = headers.get("cookie");
  if (cookies !== null) {
    const rest = cookies.split("; ").filter((pair) => !OURS.test(pair));
    if (rest.length > 0) headers.set("cookie", rest.join("; "));
    else headers.delete("cookie");
  }
  for (const [name, value] of identity) headers.set(name, value);
  const [scheme, host] = request.url.split("/", 3).filter((part) => part !== "");
  headers.set("x-forwarded-proto", scheme.slice(0, -1));
  headers.set("x-forwarded-host", host);
  const client = headers.get("cf-connecting-ip");
  if (client !== null) headers.set("x-forwarded-for", client);
  const upstream = await fetch(target(request, env), {
    method: request.method,
    headers,
    body: request.body,
    redirect: "manual",
    cache: "no-store",
  });
  const response = new Response(upstream.body, upstream);
  response.headers.delete("portcullis-session");
  response.headers.delete("portcullis-access-token");
  response.headers.set("cache-control", "private, no-store");
  response.headers.append("vary", "Authorization, Cookie");
  for (const name of ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control"]) {
    response.headers.delete(name);
  }
  response.headers.delete("access-control-allow-origin");
  response.headers.set("portcullis-verdict", "forward");
  response.headers.set("portcullis-epoch", `${env.EPOCH};age=12`);
  return response;
}

/** Where the app has what is asked for. */
export function target(request, env) {
  return env.APP_URL + request.url.slice(request.url.indexOf("/", 8));
}

/** Who a verified token is about, as the app is told. */
export function identity(claims) {
  return [
    ["x-auth-subject", claims.sub],
    ["x-auth-session", claims.sid],
    ["x-auth-token-id", claims.jti],
    ["x-auth-roles", claims.roles.join(",")],
    ["x-auth-email-verified", String(claims.email_verified)],
    ["x-auth-expires", String(claims.exp)],
  ];
}

/** The bearer token of a request. */
export function bearer(request) {
  return request.headers.get("authorization")?.match(/^bearer (\S+)$/i)?.[1];
}
