// An app that is a Worker, reached by a service binding alone: tells what reached it, as the demo app does,
// echoes over a WebSocket, and fails where it is asked to.
export default {
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    if (pathname.endsWith("/fails")) throw new Error("as you wish");
    if (request.headers.get("upgrade") === "websocket") return echo(request.headers.get("x-auth-session"));
    const { method, url } = request;
    const body = await request.arrayBuffer();
    const headers = [...request.headers];
    const told = { method, url, path: pathname, query: search, headers, body_bytes: body.byteLength };
    return Response.json(told, { headers: { "set-cookie": "__Host-at=planted; Path=/; Secure" } });
  },
};

function echo(session) {
  const { 0: theirs, 1: ours } = new WebSocketPair();
  ours.accept();
  ours.addEventListener("message", ({ data }) => ours.send(`${session} says ${data}`));
  return new Response(null, { status: 101, webSocket: theirs });
}
